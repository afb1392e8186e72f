"""`tinhso run`: the single processes of an installation, as the supervisor or an init system starts them."""

import importlib
import os
import signal
import threading
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

import click

from tinhso.shell.cli.framework import ready
from tinhso.shell.cli.lifetime import end_with_parent, end_with_supervisor
from tinhso.shell.cli.progress import step
from tinhso.shell.database.installation import connect
from tinhso.shell.settings.environment import home_folder

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

WEB_APPLICATION = "tinhso.shell.web.wsgi:application"
DEMO_MARK = "demo"  # a file of this name in TINHSO_HOME says that its data is invented, and lists the accounts
JOBS_AT_ONCE = 4
_PREPARING = 7_341_205  # key of the advisory lock: one preparation at a time on a database
_STOP_LIMIT = 3  # seconds a process gives what it has begun


@click.group()
def run() -> None:
    """One process of an installation."""
    end_with_supervisor()


@run.command()
@click.option("--demo", is_flag=True, help="Load the demo data as well.")
def prepare(demo: bool) -> None:
    """Bring the database up to this version: migrations, catalogue, demo data."""
    ready()
    from django.core.management import call_command  # noqa: PLC0415 - needs the settings

    from tinhso.shell.cli import catalogue  # noqa: PLC0415 - needs the apps

    with connect() as guard:
        guard.autocommit = True
        guard.execute("SELECT pg_advisory_lock(%s)", [_PREPARING])
        with step("Migrations"):
            call_command("migrate", interactive=False, verbosity=0)
        with step("Catalogue"):
            catalogue.publish()
        if demo:
            from tinhso.shell.cli import demo as demo_data  # noqa: PLC0415 - only in a demo

            with step("Demo data"):
                accounts = demo_data.load()
            (home_folder() / DEMO_MARK).write_text("\n".join(_columns(accounts)))


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows as lines of aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["   ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


@run.command()
def after_restore() -> None:
    """Set a restored database right: its transaction numbers are another server's."""
    ready()
    from tinhso.kernel.journal import actions  # noqa: PLC0415 - needs the apps

    actions.after_restore()


@run.command()
def web() -> None:
    """The web server."""
    from granian import Granian  # noqa: PLC0415 - for this process only
    from granian.constants import Interfaces  # noqa: PLC0415

    from tinhso.shell import settings  # noqa: PLC0415

    server = Granian(
        WEB_APPLICATION,
        address=os.environ.get("TINHSO_BIND", "127.0.0.1"),
        port=settings.TINHSO_PORT,
        interface=Interfaces.WSGI,
        workers=web_workers(),
        blocking_threads=settings.WEB_THREADS,
        websockets=False,
        log_access=False,  # addresses of people are personal data
        respawn_failed_workers=True,
        respawn_interval=0.2,
        workers_kill_timeout=_STOP_LIMIT,
    )
    server.serve(target_loader=partial(_load_application, os.getpid()))


def web_workers() -> int:
    """Processes that answer requests: `TINHSO_WEB_WORKERS`, else one a processor core and at least two."""
    return int(os.environ.get("TINHSO_WEB_WORKERS") or max(2, os.cpu_count() or 1))


def _load_application(parent: int, target: str) -> "WSGIApplication":
    """Runs in each web process, before it answers."""
    end_with_parent(parent)
    module, _, name = target.partition(":")
    application: WSGIApplication = getattr(importlib.import_module(module), name)
    return application


@run.command()
def worker() -> None:
    """The process that runs background jobs."""
    ready()
    from procrastinate.contrib.django import app  # noqa: PLC0415 - needs the apps
    from procrastinate.contrib.django.django_connector import DjangoConnector  # noqa: PLC0415

    with app.replace_connector(DjangoConnector().get_worker_connector()) as with_pool:
        with_pool.run_worker(
            concurrency=JOBS_AT_ONCE,
            delete_jobs="successful",
            shutdown_graceful_timeout=_STOP_LIMIT,
        )


@run.command()
def follower() -> None:
    """The process that keeps everything derived from the journal up to date."""
    ready()
    from tinhso.kernel.journal.followers import run_forever  # noqa: PLC0415 - needs the apps

    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    run_forever(stop)
