"""The command `tinhso`: one module for each family of commands, imported only when it is called.

A module of a family may import Django at its top, but its models only inside a command, after
`tinhso.shell.cli.framework.ready()`.
"""

import importlib
from dataclasses import dataclass

import click

from tinhso.shell.database.errors import OperatorError


@dataclass(frozen=True)
class Command:
    """Where a command of `tinhso` is, and its line in `tinhso --help`."""

    place: str  # "module:name" below tinhso.shell.cli
    summary: str
    hidden: bool = False


COMMANDS = {
    "up": Command("up:up", "Start everything: database, migrations, web, worker, follower."),
    "demo": Command("up:demo", "The same with demo data."),
    "check": Command("check:check", "Check the catalogue and this machine."),
    "backup": Command("copies:backup", "Write database, files and keys into one archive."),
    "restore": Command("copies:restore", "Bring an archive back into an empty installation."),
    "staff": Command("staff:staff", "Accounts of staff: add, appoint, dismiss, password, …"),
    "journal": Command("journal:journal", "The record: verify, seal."),
    "measures": Command("figures:measures", "The figures: show, verify, rebuild."),
    "redate": Command("redating:redate", "New due dates after a calendar changed."),
    "import-log": Command("histories:import_log", "Turn an event log (XES, CSV) into cases."),
    "export-log": Command("histories:export_log", "Write cases as an event log (XES)."),
    "run": Command("processes:run", "One process of an installation (`up` runs them all).", hidden=True),
}


class Tinhso(click.Group):
    """Imports a command when it is called, and says an operator's trouble in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, hidden ones included."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None where there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].place.split(":")
        try:
            found = getattr(importlib.import_module(f"tinhso.shell.cli.{module}"), name)
        except ValueError as error:  # a setting that cannot be read
            raise click.ClickException(str(error)) from error
        assert isinstance(found, click.Command)  # noqa: S101 - a slip in the table above
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table alone."""
        rows = [(name, command.summary) for name, command in COMMANDS.items() if not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an `OperatorError` or a fault of the system becomes one line and exit code 1."""
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error


@click.group(cls=Tinhso)
@click.version_option(package_name="tinhso")
def main() -> None:
    """Tinhso, the digital government of a province on one platform."""
