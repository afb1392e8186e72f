"""Keeps the processes of an installation alive, and ends them in order.

It runs in the main thread throughout: the kernel ends a child with the *thread* that started it.
"""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from rich.markup import escape

from tinhso.shell.cli.lifetime import PARENT
from tinhso.shell.cli.progress import say
from tinhso.shell.database.embedded import EmbeddedPostgres
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.logs import open_log, rotate

STOP_LIMIT = 14.0  # seconds in which everything ends
_DATABASE_SHARE = 6.0  # of these, what is kept for the database, which ends last
_CHILD_SHARE = 5.0  # and what one other process gets at most
_FIRST_PAUSE = 0.5  # seconds before a process that died is started again; doubles with each death in a row
_LONGEST_PAUSE = 30.0
_STEADY = 60.0  # seconds after which a process that dies counts as having run well
_READY_LIMIT = 120.0
_ROTATE_EVERY = 60.0
_TICK = 0.25


@dataclass
class Child:
    """One process that is kept alive: `tinhso run <name>`."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    due: float = field(default=0.0)  # when it may start next, by the monotonic clock

    def start(self, home: Path) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches the supervisor alone."""
        with open_log(home, self.name) as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tinhso.shell.cli", "run", self.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, PARENT: str(os.getpid())},
                process_group=0,
            )
        self.started = time.monotonic()

    def pause(self, now: float) -> float:
        """Seconds to wait before the next start, after a death at *now*."""
        self.deaths = 1 if now - self.started > _STEADY else self.deaths + 1
        return min(_FIRST_PAUSE * 2.0 ** (self.deaths - 1), _LONGEST_PAUSE)

    def clear_group(self) -> None:
        """End what a process that died has left of its group."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self, deadline: float) -> None:
        """Ask it to end, and end it at *deadline* (monotonic)."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _note(f"{self.name} did not end in time and was killed")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Stopped(Exception):  # noqa: N818 - no error
    """A signal asked for the end before everything was running."""


class Supervisor:
    """The processes of one installation; `database` is None where `DATABASE_URL` names another server."""

    def __init__(self, home: Path, database: EmbeddedPostgres | None) -> None:
        self.home = home
        self.database = database
        self.children = [Child("web"), Child("worker"), Child("follower")]
        self.stopping = threading.Event()

    def take_signals(self) -> None:
        """From here on SIGTERM, SIGINT and SIGHUP end everything in order."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP and means it
                signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def start_database(self) -> None:
        """Start the embedded server, if it is ours to start; raises Stopped when a signal came meanwhile."""
        try:
            if self.database:
                self.database.start(go_on=lambda: not self.stopping.is_set())
        except OperatorError:
            if not self.stopping.is_set():  # Ctrl-C reaches initdb too, which then fails
                raise
        if self.stopping.is_set():
            raise Stopped

    def run_once(self, *arguments: str) -> None:
        """Run `tinhso run ARGUMENTS` to its end; raises OperatorError when it fails, Stopped on a signal."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tinhso.shell.cli", "run", *arguments],
            stdin=subprocess.DEVNULL,
            env={**os.environ, PARENT: str(os.getpid())},
            process_group=0,
        )
        while process.poll() is None:
            if self.stopping.wait(_TICK / 5):
                process.terminate()
                process.wait()
                raise Stopped
        if process.returncode:
            raise OperatorError(f"`{arguments[0]}` failed (see above); nothing was started")

    def watch(self, address: str, public_url: str, on_ready: Callable[[], None]) -> None:
        """Keep everything running until a signal comes; *on_ready* is called once /readyz answers 200."""
        began = time.monotonic()
        rotated = began
        waiting = True
        for child in self.children:
            child.start(self.home)
        while not self.stopping.wait(_TICK):
            now = time.monotonic()
            if now - rotated > _ROTATE_EVERY:
                rotated = now
                rotate(self.home)
            self._revive_database()
            for child in self.children:
                self._revive(child, now)
            if waiting and _is_ready(address, public_url):
                waiting = False
                on_ready()
            elif waiting and now - began > _READY_LIMIT:
                waiting = False
                _note(f"not ready after {_READY_LIMIT:.0f} s; see http://{address}/readyz and {self.home}/logs")

    def stop(self) -> None:
        """End the web first, then jobs and followers, and the database last; within `STOP_LIMIT` seconds."""
        last = time.monotonic() + STOP_LIMIT
        for child in self.children:
            child.stop(min(time.monotonic() + _CHILD_SHARE, last - _DATABASE_SHARE))
        if self.database:
            self.database.stop(max(1.0, last - 1.0 - time.monotonic()))

    def _revive(self, child: Child, now: float) -> None:
        """Start *child* again if it died, once its pause is over."""
        if child.process is None:
            if now >= child.due:
                child.start(self.home)
            return
        code = child.process.poll()
        if code is None:
            return
        child.clear_group()
        child.process = None
        pause = child.pause(now)
        child.due = now + pause
        _note(f"{child.name} ended ({_how(code)}); starts again in {pause:.1f} s")

    def _revive_database(self) -> None:
        """Start the embedded server again if it died; the other processes find it by themselves."""
        if self.database is None:
            return
        process = self.database.process
        code = process.poll() if process else None
        if process and code is None:
            return
        _note(f"postgres ended ({'unknown' if code is None else _how(code)}); starts again")
        try:
            self.database.start(go_on=lambda: not self.stopping.is_set())
        except OperatorError as error:
            _note(f"{error}; tried again in {_LONGEST_PAUSE:.0f} s")
            self.stopping.wait(_LONGEST_PAUSE)


def _is_ready(address: str, public_url: str) -> bool:
    """Whether the web at `host:port` says that the installation can serve, asked under its public name."""
    connection = http.client.HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(public_url).netloc})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (http.client.HTTPException, OSError):
        return False
    finally:
        connection.close()


def _how(code: int) -> str:
    """How a process ended, in words."""
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"


def _note(line: str) -> None:
    """One line of the supervisor's own log."""
    say(f"[dim]{time.strftime('%Y-%m-%d %H:%M:%S')}[/] {escape(line)}")
