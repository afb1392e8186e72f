"""Real installations, started by the command as a user starts it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tinhso.shell.settings.environment import socket_folder

READY_LIMIT = 180.0


@dataclass
class Installation:
    """A home, a port, and the supervisor that runs there."""

    home: Path
    port: int
    supervisor: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def tinhso(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self._command(arguments), check=False, capture_output=True, text=True, env=self._env(), timeout=120
        )

    def start(self, *arguments: str) -> None:
        """Start a supervisor and wait until the installation is ready."""
        with self.output.open("ab") as output:
            self.supervisor = subprocess.Popen(
                self._command(arguments or ("up",)), stdout=output, stderr=output, env=self._env()
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until /readyz answers 200."""
        assert self.supervisor
        assert wait_for(lambda: self.ready() or self.supervisor_ended(), READY_LIMIT), self.said()
        assert not self.supervisor_ended(), self.said()

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def supervisor_ended(self) -> bool:
        return self.supervisor is None or self.supervisor.poll() is not None

    def family(self) -> list[psutil.Process]:
        """The supervisor and every process below it."""
        assert self.supervisor
        top = psutil.Process(self.supervisor.pid)
        return [top, *top.children(recursive=True)]

    def children(self, name: str) -> list[psutil.Process]:
        """The processes of one kind: postgres (the one that leads), web (its leader first), worker, follower."""
        found = []
        for process in self.family():
            try:
                line = process.cmdline()
            except psutil.Error:  # it ended while we looked
                continue
            if (name == "postgres" and "-D" in line) or line[-2:] == ["run", name]:
                found.append(process)
        return sorted(found, key=lambda process: process.create_time())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the supervisor to end; its exit code."""
        assert self.supervisor
        self.supervisor.send_signal(how)
        return self.supervisor.wait(30)

    @property
    def output(self) -> Path:
        return self.home.parent / "output.txt"

    def said(self) -> str:
        return self.output.read_text()

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "tinhso.shell.cli", *arguments]

    def _env(self) -> dict[str, str]:
        own = {"TINHSO_HOME": str(self.home), "TINHSO_PORT": str(self.port), **self.environment}
        return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | own


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def make(folder: Path) -> Iterator[Installation]:
    """An installation that is gone after the test, whatever became of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    installation = Installation(folder / "home", port)
    yield installation
    if installation.supervisor and installation.supervisor.poll() is None:
        family = installation.family()
        installation.supervisor.terminate()
        for process in psutil.wait_procs(family, 20)[1]:
            process.kill()
    shutil.rmtree(socket_folder(installation.home), ignore_errors=True)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation of one test, empty as yet."""
    yield from make(tmp_path)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home that has been started once and ended; copied by the tests that need no more."""
    for installation in make(tmp_path_factory.mktemp("prepared")):
        installation.start()
        assert installation.stop() == 0, installation.said()
        yield installation.home


def copy_of(prepared: Path, folder: Path) -> Iterator[Installation]:
    """An installation on a copy of the prepared home, owners included."""
    for installation in make(folder):
        subprocess.run(["cp", "--archive", str(prepared), str(installation.home)], check=True)
        yield installation


@pytest.fixture
def prepared_installation(prepared: Path, tmp_path: Path) -> Iterator[Installation]:
    """An installation of one test that has been started before and is not running."""
    yield from copy_of(prepared, tmp_path)


@pytest.fixture(scope="module")
def running(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running installation that the tests of a module share; each leaves it ready."""
    for installation in copy_of(prepared, tmp_path_factory.mktemp("running")):
        installation.start()
        yield installation
