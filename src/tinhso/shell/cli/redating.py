"""`tinhso redate`: new due dates after a calendar changed."""

import click

from tinhso.shell.cli.framework import ready
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import database_running


@click.command()
@click.argument("calendar")
@click.argument("reason")
def redate(calendar: str, reason: str) -> None:
    """Work out the due dates of open cases again because CALENDAR changed; REASON (the decree) goes into the journal.

    Edit the calendar's file first; the running installation reads it at its next start.
    """
    ready()
    from tinhso.kernel.cases.actions import redate_open  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.cases.queries import calendars  # noqa: PLC0415

    if calendar not in calendars():
        raise OperatorError(f"there is no calendar {calendar}: one of {', '.join(calendars())}")
    with database_running("redate"):
        click.echo(f"{redate_open(calendar, reason)} due dates moved")
