"""`tinhso journal`: the record, its seals, and what differs from them."""

import click

from tinhso.shell.cli.framework import ready
from tinhso.shell.database.installation import database_running


@click.group()
def journal() -> None:
    """The append-only record of everything that happened."""


@journal.command()
def verify() -> None:
    """Compare every event with its seal; exit code 1 names what was changed, is missing or was added."""
    ready()
    from tinhso.kernel.journal import actions, queries  # noqa: PLC0415 - needs the apps
    from tinhso.kernel.journal.models import Event, Seal  # noqa: PLC0415

    with database_running("journal verify"):
        found = 0
        for damage in queries.damages(actions.signing_key().public_key()):
            click.echo(str(damage))
            found += 1
        unsealed = queries.unsealed_count()
        click.echo(f"{Event.objects.count()} events, {Seal.objects.count()} seals, {unsealed} not sealed yet")
    if found:
        click.echo(f"The journal is not what was sealed: {found} differences")
        raise click.exceptions.Exit(1)
    click.echo("The journal is what was sealed.")


@journal.command()
def seal() -> None:
    """Seal what is not sealed yet (the running installation does so every few seconds)."""
    ready()
    from tinhso.kernel.journal.actions import seal_all  # noqa: PLC0415 - needs the apps

    with database_running("journal seal"):
        click.echo(f"{seal_all()} seals made")
