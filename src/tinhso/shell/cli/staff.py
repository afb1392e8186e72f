"""`tinhso staff`: accounts of those who work for an office."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from tinhso.shell.cli.framework import ready
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import database_running

if TYPE_CHECKING:
    from tinhso.kernel.people.models import Person
    from tinhso.kernel.people.rules import Role
    from tinhso.kernel.units.models import Unit

ROLES = (
    "officer leader operator clerk helper focal analyst auditor integrator administrator".split()  # noqa: SIM905
)
_post = click.option("--role", type=click.Choice(ROLES), required=True)
_unit = click.option("--unit", metavar="CODE", required=True, help="An office in force, e.g. H19.09.")


@click.group()
def staff() -> None:
    """Accounts of those who work for an office."""


@contextmanager
def _installation() -> Iterator[None]:
    ready()
    with database_running("staff"):
        yield


def _person(username: str) -> "Person":
    from tinhso.kernel.people.models import Person  # noqa: PLC0415 - needs the apps

    found = Person.objects.filter(username=username).first()
    if found is None:
        raise OperatorError(f"nobody has the user name {username}")
    return found


def _post_of(unit: str, role: str) -> tuple["Unit", "Role"]:
    from django.utils import timezone  # noqa: PLC0415 - needs the settings

    from tinhso.kernel.people.rules import Role  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.units.queries import UnknownUnitError  # noqa: PLC0415
    from tinhso.kernel.units.queries import unit as unit_of  # noqa: PLC0415

    try:
        return unit_of(unit, timezone.localdate()), Role(role)
    except UnknownUnitError as error:
        raise OperatorError(str(error)) from error


@staff.command()
@click.argument("username")
@click.option("--name", required=True, help="As colleagues see it.")
@_post
@_unit
def add(username: str, name: str, role: str, unit: str) -> None:
    """A new account with a first role; prints the password once. The second factor is set up at the first sign-in."""
    with _installation():
        from tinhso.kernel.people.actions import appoint, hire  # noqa: PLC0415 - needs the apps

        office, post = _post_of(unit, role)
        try:
            person, password = hire(username, name)
        except ValueError as error:
            raise OperatorError(str(error)) from error
        appoint(person, office, post)
        click.echo(f"{username}: {post} of {office.name}\npassword: {password}")


@staff.command()
@click.argument("username")
@_post
@_unit
def appoint(username: str, role: str, unit: str) -> None:
    """Give a role in an office from today on."""
    with _installation():
        from tinhso.kernel.people import actions  # noqa: PLC0415 - needs the apps

        office, post = _post_of(unit, role)
        actions.appoint(_person(username), office, post)
        click.echo(f"{username}: {post} of {office.name}")


@staff.command()
@click.argument("username")
@_post
@_unit
def dismiss(username: str, role: str, unit: str) -> None:
    """End a role; today is its last day."""
    with _installation():
        from tinhso.kernel.people import actions  # noqa: PLC0415 - needs the apps

        office, post = _post_of(unit, role)
        if not actions.dismiss(_person(username), office, post):
            raise OperatorError(f"{username} is not {post} of {office.name}")
        click.echo(f"{username}: no longer {post} of {office.name} from tomorrow on")


@staff.command()
@click.argument("username")
def password(username: str) -> None:
    """A new password, printed once."""
    with _installation():
        from tinhso.kernel.people.actions import renew_password  # noqa: PLC0415 - needs the apps

        click.echo(f"password: {renew_password(_person(username))}")


@staff.command("reset-second-factor")
@click.argument("username")
def reset_second_factor(username: str) -> None:
    """Forget the authenticator of somebody who lost it; a new one is set up at the next sign-in."""
    with _installation():
        from tinhso.kernel.people.actions import forget_second_factor  # noqa: PLC0415 - needs the apps

        if not forget_second_factor(_person(username)):
            raise OperatorError(f"{username} has no second factor")
        click.echo(f"{username} sets up a new one at the next sign-in")


@staff.command()
@click.argument("username")
@click.option("--reopen", is_flag=True, help="Open a closed account again.")
def close(username: str, reopen: bool) -> None:
    """Close an account: it signs in nowhere, and its machine clients' keys do nothing."""
    with _installation():
        from tinhso.kernel.people.actions import set_active  # noqa: PLC0415 - needs the apps

        set_active(_person(username), active=reopen)
        click.echo(f"{username} is {'open' if reopen else 'closed'}")


@staff.command("list")
def list_staff() -> None:
    """Everybody with a role today."""
    with _installation():
        from django.utils import timezone  # noqa: PLC0415 - needs the settings

        from tinhso.kernel.people.models import Membership  # noqa: PLC0415 - needs the apps

        held = Membership.objects.as_of(timezone.localdate()).select_related("person", "unit")
        for it in held.order_by("person__username", "role"):
            closed = "" if it.person.is_active else "  (closed)"
            click.echo(f"{it.person.username:<24} {it.role:<14} {it.unit.code:<12} {it.unit.name}{closed}")
