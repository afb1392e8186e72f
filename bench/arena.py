"""Where everything is measured: a PostgreSQL of its own in a temporary home, and the processes of an installation."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from bench.filling import Filled
    from tinhso.shell.database.embedded import EmbeddedPostgres

READY_LIMIT = 60.0
"""Seconds that a process may take until it answers."""
NO_LIMIT = "999999/s"
"""As a rate: what is measured is the work, not the refusal."""


@dataclass
class Arena:
    """A home with its server, and the address at which its web process answers."""

    home: Path
    database: "EmbeddedPostgres"
    port: int

    @property
    def server(self) -> psutil.Process:
        """The process that leads PostgreSQL."""
        assert self.database.process
        return psutil.Process(self.database.process.pid)

    @contextmanager
    def process(self, name: str) -> Iterator[psutil.Process]:
        """`tinhso run NAME`, as the supervisor starts it; ended after the block."""
        log = self.home / "logs" / f"{name}.log"
        with log.open("ab") as output:
            started = subprocess.Popen(
                [sys.executable, "-m", "tinhso.shell.cli", "run", name],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield psutil.Process(started.pid)
        finally:
            started.terminate()
            try:
                started.wait(15)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()

    @contextmanager
    def web(self) -> Iterator[psutil.Process]:
        """The web server, answering."""
        with self.process("web") as process:
            deadline = time.monotonic() + READY_LIMIT
            while not self._answers():
                if time.monotonic() > deadline or not process.is_running():
                    raise RuntimeError(f"the web server does not answer: {(self.home / 'logs/web.log').read_text()}")
                time.sleep(0.1)
            yield process

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@dataclass
class Stage:
    """One size: the arena, its web server at work, what was filled, and the folder for plans of statements."""

    place: Arena
    web: psutil.Process
    filled: "Filled"
    plans: Path

    @property
    def size(self) -> str:
        return f"{self.filled.cases:,} cases"

    @property
    def servers(self) -> dict[str, psutil.Process]:
        """Whose processor time a request costs."""
        return {"web": self.web, "database": self.place.server}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def arena() -> Iterator[Arena]:
    """A fresh installation with units and case types; the settings of this process point at it.

    PostgreSQL runs with the defaults of production, so a commit reaches the disk. Nothing of tinhso may be imported
    before: its settings are read from the environment once.
    """
    home = Path(tempfile.mkdtemp(prefix="tinhso-bench-"))
    port = _free_port()
    for name in [name for name in os.environ if name.startswith("TINHSO_") or name == "DATABASE_URL"]:
        del os.environ[name]
    os.environ |= {
        "TINHSO_HOME": str(home),
        "TINHSO_PORT": str(port),
        "TINHSO_DEMO": "1",  # the desk then asks for no second factor
        "TINHSO_REPORT_RATE": NO_LIMIT,
        "TINHSO_API_RATE": NO_LIMIT,
        "TINHSO_SECRET_KEY": secrets.token_urlsafe(48),
        "DJANGO_SETTINGS_MODULE": "tinhso.shell.settings",
    }
    from tinhso.shell.database.embedded import EmbeddedPostgres  # noqa: PLC0415

    database = EmbeddedPostgres(home)
    try:
        with database:
            _prepare()
            yield Arena(home, database, port)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(database.socket, ignore_errors=True)


def _prepare() -> None:
    from tinhso.shell.database.installation import ensure_database  # noqa: PLC0415  needs the environment

    ensure_database()
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from tinhso.shell.cli import catalogue  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    catalogue.publish()
