"""`tinhso up` and `tinhso demo`: the whole installation under one supervisor."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.markup import escape

from tinhso.shell import settings
from tinhso.shell.cli.preflight import require_disk, require_port
from tinhso.shell.cli.processes import DEMO_MARK
from tinhso.shell.cli.progress import say, step
from tinhso.shell.cli.supervisor import Stopped, Supervisor
from tinhso.shell.database.embedded import EmbeddedPostgres
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import SERVER, database_is_empty, ensure_database, sole_use

_DEMO_DATA = ("postgres", "postgres.unfinished", "files", "keys", "logs", "run", DEMO_MARK)


@click.command()
@click.option("--demo", is_flag=True, help="With demo data and demo accounts.")
def up(demo: bool) -> None:
    """Start everything and keep it running, until Ctrl-C or SIGTERM ends it."""
    _run(settings.TINHSO_HOME, demo=demo, reset=False)


@click.command()
@click.option("--reset", is_flag=True, help="Throw the demo's data away first.")
def demo(reset: bool) -> None:
    """Start everything with demo data and one demo account for each role."""
    _run(settings.TINHSO_HOME, demo=True, reset=reset)


def _run(home: Path, *, demo: bool, reset: bool) -> None:
    """The life of a supervisor; raises OperatorError when it cannot begin."""
    bind = os.environ.get("TINHSO_BIND", "127.0.0.1")
    address = f"{_reachable(bind)}:{settings.TINHSO_PORT}"
    with sole_use(home, SERVER):
        if reset:
            _throw_away(home)
        require_disk(home)
        require_port(bind, settings.TINHSO_PORT)
        if demo or (home / DEMO_MARK).exists():  # a demo stays one, however it is started
            os.environ["TINHSO_DEMO"] = "1"
        supervisor = Supervisor(home, None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(home))
        supervisor.take_signals()
        try:
            with step("PostgreSQL"):
                supervisor.start_database()
                ensure_database()
            if demo:
                _mark_demo(home)
            supervisor.run_once("prepare", *(["--demo"] if demo else []))
            say("Starting web, worker and follower …")
            supervisor.watch(address, settings.TINHSO_PUBLIC_URL, lambda: _announce(address, home, demo=demo))
        except Stopped:
            pass
        finally:
            say("Stopping …")
            supervisor.stop()
        say("Stopped.")


def _reachable(bind: str) -> str:
    """An address of this machine at which a server bound to *bind* answers."""
    if bind in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{bind}]" if ":" in bind else bind


def _mark_demo(home: Path) -> None:
    """Make *home* a demo; raises OperatorError where its database holds anything else."""
    mark = home / DEMO_MARK
    if not mark.exists():
        if not database_is_empty():
            raise OperatorError("this installation is not a demo: set TINHSO_HOME to another folder for one")
        mark.touch(mode=0o600)


def _throw_away(home: Path) -> None:
    """Remove a demo's data; raises OperatorError for anything that is not a demo of our own database."""
    if os.environ.get("DATABASE_URL"):
        raise OperatorError("a demo on DATABASE_URL is not thrown away from here: drop that database yourself")
    if (home / "postgres").exists() and not (home / DEMO_MARK).exists():
        raise OperatorError(f"{home} holds an installation that is not a demo: it is not thrown away")
    for name in _DEMO_DATA:
        path = home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _announce(address: str, home: Path, *, demo: bool) -> None:
    """What is printed once everything answers."""
    say(f"\n[bold]Tinhso is ready: {escape(settings.TINHSO_PUBLIC_URL)}[/]")
    if urlsplit(settings.TINHSO_PUBLIC_URL).netloc != address:
        say(f"listening at {escape(address)}")
    if demo:
        for line in (home / DEMO_MARK).read_text().splitlines():
            say(f"  {escape(line)}")
    say("Ctrl-C ends it.\n")
