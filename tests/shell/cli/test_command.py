"""The command itself: quick, and short about trouble."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tinhso.shell.cli import COMMANDS, main
from tinhso.shell.database.errors import OperatorError


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_list_is_there(name: str) -> None:
    module, attribute = COMMANDS[name].place.split(":")
    assert isinstance(getattr(importlib.import_module(f"tinhso.shell.cli.{module}"), attribute), click.Command)


def test_help_lists_the_commands_and_neither_loads_django_nor_writes(tmp_path: Path) -> None:
    program = "import sys; from tinhso.shell.cli import main; main(['--help'], standalone_mode=False); " + (
        "print('django' in sys.modules)"
    )
    environment = {**os.environ, "TINHSO_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment
    )
    assert done.stdout.endswith("False\n")
    assert "backup" in done.stdout
    assert "  run" not in done.stdout
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (OperatorError("the disk is full: make room"), "Error: the disk is full: make room\n"),
        (PermissionError(13, "Permission denied", "/srv/lock"), "Error: /srv/lock: Permission denied\n"),
    ],
)
def test_trouble_is_one_line_and_exit_code_1(trouble: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise trouble

    monkeypatch.setattr("tinhso.shell.cli.copies.require_disk", fail)
    result = CliRunner().invoke(main, ["backup", "file.tar.gz"])
    assert (result.exit_code, result.output) == (1, said)


def test_a_setting_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "TINHSO_HOME": str(tmp_path), "TINHSO_DEBUG": "perhaps"}
    done = subprocess.run(
        [sys.executable, "-m", "tinhso.shell.cli", "up"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (1, "Error: TINHSO_DEBUG must be 1 or 0, not 'perhaps'\n")
