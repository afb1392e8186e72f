"""`tinhso measures`: the live figures, their recount, and their rebuilding."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tinhso.shell.cli.framework import ready
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import database_running

if TYPE_CHECKING:
    from tinhso.kernel.measures.queries import Row

BREAKDOWNS = ("unit", "category", "channel", "type", "day", "week", "month", "year")
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def measures() -> None:
    """The live figures, each with numerator and denominator."""


@measures.command()
@click.argument("name")
@click.option("--unit", metavar="CODE", help="A unit with all under it, e.g. H19; everything where none is named.")
@click.option("--type", "case_type", metavar="TYPE", help="A case type, e.g. report.")
@click.option("--category", metavar="CODE")
@click.option("--channel", metavar="CODE")
@click.option("--from", "start", type=DAY, help="First day, as 2020-10-05.")
@click.option("--to", "end", type=DAY, help="Last day.")
@click.option("--by", type=click.Choice(BREAKDOWNS), help="One row for each.")
@click.option(
    "--lineage/--no-lineage",
    default=None,
    help="With the unit's predecessors, or without; else with them when the period reaches back before the unit.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array of rows.")
def show(
    name: str,
    unit: str | None,
    case_type: str | None,
    category: str | None,
    channel: str | None,
    start: datetime | None,
    end: datetime | None,
    by: str | None,
    lineage: bool | None,
    as_json: bool,
) -> None:
    """The measure NAME: resolved, closed, on_time, satisfied, electronic, reopened, overdue_open, first_answer or
    closing."""
    ready()
    from tinhso.kernel.journal.followers import catch_up_all  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.measures.definitions import MEASURES, By  # noqa: PLC0415
    from tinhso.kernel.measures.queries import Selection, rows  # noqa: PLC0415
    from tinhso.kernel.units.queries import UnknownUnitError  # noqa: PLC0415
    from tinhso.kernel.units.queries import unit as unit_of  # noqa: PLC0415

    if name not in MEASURES:
        raise OperatorError(f"there is no measure {name}: one of {', '.join(MEASURES)}")
    with database_running("measures show"):
        catch_up_all()
        try:
            selection = Selection(
                unit=unit_of(unit) if unit else None,
                type=case_type,
                category=category,
                channel=channel,
                start=start.date() if start else None,
                end=end.date() if end else None,
                lineage=lineage,
            )
            found = rows(name, selection, By(by) if by else None)
        except (UnknownUnitError, ValueError) as error:
            raise OperatorError(str(error)) from error
    if as_json:
        click.echo(json.dumps([row.stated() for row in found], ensure_ascii=False))
    else:
        _print(found)


def _print(found: list["Row"]) -> None:
    for row in found:
        share = "" if row.share is None else f"{row.share:7.2%}"
        times = "" if row.median is None else f"   median {row.median:.0f} min, 90th percentile {row.p90:.0f} min"
        label = f"{row.key} {row.label}" if row.label != row.key else row.key
        click.echo(f"{row.numerator:>9} / {row.denominator:<9} {share:>8}   {label}{times}".rstrip())
    if not found:
        click.echo("Nothing was counted for this selection.")


@measures.command()
def verify() -> None:
    """Count everything again from the journal; exit code 1 where a figure has drifted."""
    ready()
    from tinhso.kernel.measures.recounting import differences  # noqa: PLC0415 - needs the apps

    with database_running("measures verify"), _progress() as bar:
        found = differences(_advance(bar, "Recounting"))
    for line in found:
        click.echo(line)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("The figures are what the journal says.")


@measures.command()
def rebuild() -> None:
    """Empty the figures and count them anew from the journal."""
    ready()
    from tinhso.kernel.journal.followers import rebuild as rebuild_follower  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.measures.followers import follower  # noqa: PLC0415

    with database_running("measures rebuild"), _progress() as bar:
        count = rebuild_follower(follower, _advance(bar, "Rebuilding"))
    click.echo(f"{count} events applied")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _advance(bar: Progress, title: str) -> Callable[[int], None]:
    """A counter of events that moves the bar."""
    from tinhso.kernel.journal.models import Event  # noqa: PLC0415 - needs the apps

    task = bar.add_task(title, total=Event.objects.count())

    def advance(count: int) -> None:
        bar.advance(task, count)

    return advance
