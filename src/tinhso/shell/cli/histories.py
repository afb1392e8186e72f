"""`tinhso import-log` and `tinhso export-log`: histories of other systems in, logs for process mining out."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from tinhso.shell.cli.framework import ready
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import database_running

if TYPE_CHECKING:
    from tinhso.kernel.cases.histories.importing import Report
    from tinhso.kernel.cases.histories.mapping import LogMapping
    from tinhso.kernel.cases.histories.reading import LogReader

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import-log")
@click.argument("file", type=FILE)
@click.option("--map", "map_file", type=FILE, help="What the log means here; else the catalogue's mapping for FILE.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object.")
def import_log(file: Path, map_file: Path | None, dry_run: bool, as_json: bool) -> None:
    """Turn the log FILE (XES or CSV, plain or gzip) into cases; exit code 1 when something in it was refused.

    Importing a file again adds what is new in it and changes nothing else.
    """
    ready()
    from tinhso.kernel.cases.histories import importing  # noqa: PLC0415 - needs the apps

    with database_running("import-log"):
        mapping = _mapping(file, map_file)
        began = time.monotonic()
        with _shown(file.name) as progress:
            report = importing.import_log(file, mapping, dry_run=dry_run, progress=progress)
        seconds = time.monotonic() - began
    if as_json:
        click.echo(json.dumps(asdict(report) | {"seconds": round(seconds, 2)}, ensure_ascii=False))
    else:
        _say(report, seconds)
    if not report.complete:
        raise click.exceptions.Exit(1)


def _mapping(file: Path, map_file: Path | None) -> "LogMapping":
    """The mapping that was named or that the catalogue has; an OperatorError says what is wrong with it."""
    from django.conf import settings  # noqa: PLC0415 - needs the settings

    from tinhso.kernel.cases.histories.mapping import mapping_for, read_mapping  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.cases.queries import published_types  # noqa: PLC0415
    from tinhso.kernel.catalogue import CatalogueError  # noqa: PLC0415

    try:
        return read_mapping(map_file or mapping_for(file, settings.TINHSO_CATALOG), published_types())
    except CatalogueError as error:
        raise OperatorError(str(error)) from error


@contextmanager
def _shown(title: str) -> Iterator[Callable[["LogReader", "Report"], None]]:
    """A bar over the bytes of the file, with events a second."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]} events, {task.fields[rate]}/s"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task(title, total=None, events=0, rate=0)
        began = time.monotonic()

        def show(reader: "LogReader", report: "Report") -> None:
            rate = report.events / max(0.001, time.monotonic() - began)
            bar.update(task, total=reader.size, completed=reader.position, events=report.events, rate=round(rate))

        yield show


def _say(report: "Report", seconds: float) -> None:
    for it in report.refused:
        case = f" ({it.case})" if it.case else ""
        click.echo(f"line {it.line}{case}: {it.reason}", err=True)
    if report.refused_count > len(report.refused):
        click.echo(f"… and {report.refused_count - len(report.refused)} more", err=True)
    if report.broken:
        click.echo(f"{report.broken}; what stands before it was read, the rest was not", err=True)
    rate = report.events / max(0.001, seconds)
    click.echo(f"{report.cases} cases, {report.events} events read in {seconds:.1f} s ({rate:.0f} events/s)")
    added = "would be added" if report.dry_run else "added"
    click.echo(
        f"{report.added} cases, {report.added_events} events {added} as {report.type} under {report.unit};"
        f" {report.unchanged} cases were there already; {report.refused_count} refused"
    )
    if report.backwards:
        click.echo(f"In {report.backwards} cases time goes backwards; they are kept as the log has them.")
    if report.after_closing:
        click.echo(f"{report.after_closing} cases have events later than their closing; they are kept too.")


@click.command("export-log")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--type", "case_type", required=True, metavar="TYPE", help="A case type, or the root of several.")
@click.option("--log", metavar="NAME", help="Only the cases that came from the log of this name.")
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
def export_log(file: Path, case_type: str, log: str | None, as_json: bool) -> None:
    """Write cases as the event log FILE in XES (IEEE 1849); gzip where the name ends in .gz.

    A log that came in goes out with the same cases, activities, order and times.
    """
    ready()
    from tinhso.kernel.cases.histories.exporting import export_log as write  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.cases.queries import UnknownTypeError  # noqa: PLC0415

    with database_running("export-log"), Console(stderr=True).status("") as status:
        try:
            cases, events = write(
                case_type,
                file,
                log=log,
                progress=lambda cases, events: status.update(f"{cases} cases, {events} events"),
            )
        except UnknownTypeError as error:
            raise OperatorError(f"there is no case type {case_type}") from error
    if as_json:
        click.echo(json.dumps({"file": str(file), "cases": cases, "events": events}))
    else:
        click.echo(f"{file}: {cases} cases, {events} events")
