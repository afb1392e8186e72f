"""`tinhso check`: the catalogue that the province edits, and the machine that the installation stands on."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from tinhso.shell import settings
from tinhso.shell.cli.framework import ready
from tinhso.shell.cli.preflight import require_disk
from tinhso.shell.database.account import account_for
from tinhso.shell.database.binaries import server_binaries
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import ensure_database


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def check(folder: Path | None) -> None:
    """Check the catalogue (FOLDER, else that of TINHSO_CATALOG), this machine and the settings; exit code 1 on a
    fault.
    """
    folder = folder or settings.TINHSO_CATALOG
    faults = [*_faults_of_machine(settings.TINHSO_HOME), *_faults_of_catalogue(folder), *_faults_of_settings(folder)]
    for fault in faults:
        click.echo(fault)
    if faults:
        raise click.exceptions.Exit(1)
    click.echo("The catalogue and this machine are in order.")


def _faults_of_machine(home: Path) -> list[str]:
    """One line for each thing that `tinhso up` would stumble over."""
    questions: list[Callable[[], object]] = [lambda: require_disk(home), _require_assets]
    if os.environ.get("DATABASE_URL"):
        questions.append(ensure_database)
    else:
        questions += [server_binaries, lambda: account_for(home / "postgres").prefix([])]
    faults = []
    for question in questions:
        try:
            question()
        except OperatorError as error:
            faults.append(str(error))
    return faults


def _require_assets() -> None:
    """Raises OperatorError when the pages' style sheets and scripts have not been built."""
    if not (settings.STATIC_ROOT / "staticfiles.json").exists():
        raise OperatorError(f"{settings.STATIC_ROOT} holds no assets: build them with `make setup`")


def _faults_of_catalogue(folder: Path) -> list[str]:
    """`file:line: reason` for each fault of the catalogue in *folder*."""
    ready()
    from tinhso.kernel.cases import catalogue  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.cases.histories.mapping import check_mappings  # noqa: PLC0415

    types = catalogue.CaseCatalogue(folder).types
    return [str(finding) for finding in [*catalogue.check(folder), *check_mappings(folder, types)]]


def _faults_of_settings(folder: Path) -> list[str]:
    """One line for each setting that can be read but not used with the catalogue in *folder*."""
    ready()
    from tinhso.kernel.people.limits import parse_rate  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.units.catalogue import check_offices  # noqa: PLC0415

    faults = []
    for name in ("TINHSO_REPORT_RATE", "TINHSO_API_RATE"):
        try:
            parse_rate(getattr(settings, name))
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if settings.TINHSO_ROOT_UNIT not in check_offices(folder)[0]:
        faults.append(f"TINHSO_ROOT_UNIT: the catalogue has no office {settings.TINHSO_ROOT_UNIT}")
    return faults
