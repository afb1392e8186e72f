"""Accounts made from the command line."""

import pytest
from click.testing import CliRunner

from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role
from tinhso.shell.cli import main

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _database_is_the_tests(monkeypatch: pytest.MonkeyPatch, catalogue: None) -> None:
    from contextlib import nullcontext

    monkeypatch.setattr("tinhso.shell.cli.staff.database_running", lambda purpose: nullcontext())
    monkeypatch.setattr("tinhso.shell.cli.staff.ready", lambda: None)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["staff", *arguments])
    return result.exit_code, result.output


def test_an_account_is_added_with_a_role_and_a_password_that_works() -> None:
    code, said = run("add", "hoa", "--name", "Hoa", "--role", "officer", "--unit", "H19.09")
    assert code == 0
    person = Person.objects.get(username="hoa")
    assert person.check_password(said.rpartition("password: ")[2].strip())
    assert person.scope.has(Role.OFFICER)
    assert run("add", "hoa", "--name", "Hoa", "--role", "officer", "--unit", "H19.09")[0] == 1


def test_roles_are_given_and_ended() -> None:
    run("add", "hoa", "--name", "Hoa", "--role", "officer", "--unit", "H19.09")
    assert run("appoint", "hoa", "--role", "leader", "--unit", "H19.09")[0] == 0
    assert "leader" in run("list")[1]
    assert run("dismiss", "hoa", "--role", "leader", "--unit", "H19.09")[0] == 0
    assert run("dismiss", "hoa", "--role", "auditor", "--unit", "H19.09") == (
        1,
        "Error: hoa is not auditor of Sở Xây dựng Đồng Nai\n",
    )


def test_a_closed_account_does_nothing_until_it_is_opened_again() -> None:
    run("add", "hoa", "--name", "Hoa", "--role", "officer", "--unit", "H19.09")
    run("close", "hoa")
    assert not Person.objects.get(username="hoa").is_active
    assert "(closed)" in run("list")[1]
    run("close", "hoa", "--reopen")
    assert Person.objects.get(username="hoa").is_active


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("password", "nobody"), "nobody has the user name nobody"),
        (("appoint", "nobody", "--role", "leader", "--unit", "XX"), "no unit has the code XX"),
        (("reset-second-factor", "nobody"), "nobody has the user name nobody"),
    ],
)
def test_mistakes_are_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    code, output = run(*arguments)
    assert code == 1
    assert said in output
    assert output.count("\n") == 1
