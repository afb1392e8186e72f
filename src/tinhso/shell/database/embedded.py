"""The embedded PostgreSQL of one installation: made, started as a direct child, stopped, recovered.

It listens on a socket in a folder that only its account may enter, and nowhere else. Its data is
`TINHSO_HOME/postgres`, its log `TINHSO_HOME/logs/postgres.log`.
"""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tinhso.shell.database.account import Account, account_for
from tinhso.shell.database.binaries import Binaries, server_binaries
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.logs import last_line, open_log
from tinhso.shell.settings.environment import socket_folder

SUPERUSER = "tinhso"
PORT = "5432"  # names the socket file; nothing listens on the network

# Appended once to postgresql.conf, where an operator may change it: for 2 cores and up, 4 GiB and up.
# The log takes no statement and no detail, which may hold personal values; a client gets its own errors.
_CONFIGURATION = """
# Tinhso
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_connections = 100
synchronous_commit = on
wal_compression = on
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""
_NOT_DURABLE = ["-c", "fsync=off", "-c", "full_page_writes=off"]
_START_LIMIT = 300.0  # seconds; recovery after a crash replays up to max_wal_size
_ORPHAN_LIMIT = 30.0  # seconds for a server without parent to end by itself
_RETRY_LIMIT = 20.0  # seconds for the processes of a killed server to let go of its memory


class EmbeddedPostgres:
    """The server of one installation; a context manager that starts and stops it.

    The caller holds the installation's lock, so any server found on the data is an orphan. Start it from a
    thread that lives as long as the server should: the kernel ends it with the thread that started it.
    `durable=False` is for tests alone: a crash of the machine loses data.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home
        self.data = home / "postgres"
        self.socket = socket_folder(home)
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._binaries: Binaries | None = None

    @property
    def binaries(self) -> Binaries:
        """The programs in use; raises OperatorError where there are none or they do not fit the data."""
        if self._binaries is None:
            self._binaries = server_binaries()
        made_by = self.data / "PG_VERSION"
        if made_by.exists() and (needed := made_by.read_text().strip()) != str(self._binaries.version):
            raise OperatorError(
                f"{self.data} needs PostgreSQL {needed}, found {self._binaries.version}: "
                "point PG_BIN at the former, `tinhso backup`, and restore that with the latter"
            )
        return self._binaries

    def initialise(self) -> bool:
        """Make the data folder unless it is there; says whether it did. Cut off halfway, it starts afresh."""
        if (self.data / "PG_VERSION").exists():
            return False
        if self.data.exists() and any(self.data.iterdir()):
            raise OperatorError(f"{self.data} is not empty and not PostgreSQL's: move it away")
        binaries = self.binaries
        self.home.mkdir(parents=True, exist_ok=True)
        account = account_for(self.data)
        unfinished = self.home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account.take(unfinished)
        locale = ["--locale=C.UTF-8"]
        if binaries.version >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command = [
            *account.prefix([binaries.folder / "initdb", unfinished]),
            *("--pdeathsig", "KILL", "--"),
            binaries["initdb"],
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            "--auth=trust",  # the socket's folder is the door
            "--encoding=UTF8",
            "--data-checksums",
            "--no-instructions",
            *locale,
            *([] if self.durable else ["--no-sync"]),
        ]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=_clean_environment(),
        )
        if done.returncode:
            raise OperatorError(f"initdb failed: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}")
        with (unfinished / "postgresql.conf").open("a") as file:
            file.write(_CONFIGURATION)
        if self.data.exists():
            self.data.rmdir()
        unfinished.rename(self.data)
        return True

    def start(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """Start the server and wait until it answers; makes the data folder first.

        Ends an orphan on the same data, and recovers after a kill of everything. Stops waiting when *go_on*
        says no. Raises OperatorError with the server's own last word when it ends, or keeps silent too long.
        """
        self.initialise()
        account = account_for(self.data)
        self._end_orphan()
        self._prepare_socket_folder(account)
        began = time.monotonic()
        while True:
            self._spawn(account)
            if self._wait_until_it_answers(began, go_on):
                return
            said = last_line(self.home, "postgres")
            # Killed without warning, its last processes hold the shared memory for an instant longer.
            if "still in use" not in said or time.monotonic() - began > _RETRY_LIMIT:
                raise OperatorError(f"PostgreSQL did not start: {said}")
            time.sleep(0.3)

    def stop(self, limit: float = 20.0) -> None:
        """Stop the server, and after *limit* seconds cut it off; neither loses what was committed."""
        process, self.process = self.process, None
        if process is None:
            return
        for how, seconds in ((signal.SIGINT, limit), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if process.poll() is not None:
                return
            process.send_signal(how)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, account: Account) -> None:
        binaries = self.binaries
        prefix = account.prefix([binaries.folder / "postgres", self.data, self.socket])
        command = [
            *prefix,
            # After the change of account, which would clear it: the server ends with its parent.
            *("--pdeathsig", "INT", "--"),
            binaries["postgres"],
            *("-D", str(self.data), "-k", str(self.socket), "-p", PORT, "-h", ""),
            *([] if self.durable else _NOT_DURABLE),
        ]
        with open_log(self.home, "postgres") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_clean_environment(),
                process_group=0,  # Ctrl-C goes to the parent alone, which stops the server last
            )

    def _wait_until_it_answers(self, began: float, go_on: Callable[[], bool]) -> bool:
        """True once it answers or nobody waits any more, False when it ended."""
        assert self.process is not None  # noqa: S101 - set by the only caller
        while self.process.poll() is None:
            if answers(self.socket) or not go_on():
                return True
            if time.monotonic() - began > _START_LIMIT:
                self.stop()
                raise OperatorError(f"PostgreSQL does not answer after {_START_LIMIT:.0f} s; see {self.home}/logs")
            time.sleep(0.05)
        return False

    def _prepare_socket_folder(self, account: Account) -> None:
        """The folder of the socket, ours alone; raises OperatorError for one that somebody else put there."""
        self.socket.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = self.socket.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {os.geteuid(), account.uid}:
            raise OperatorError(f"{self.socket} belongs to somebody else: set TINHSO_HOME to a shorter path")
        self.socket.chmod(0o700)
        account.take(self.socket)
        (self.socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)  # of a server that is gone by now

    def _end_orphan(self) -> None:
        """End a server that outlived its parent, and clear away the record of one that was killed.

        PostgreSQL would refuse to start where the number on record is alive again as another process of the
        account, or as a dead one that nobody collects, as in a container. It also guards against processes
        of the old server that are still at work; before we take its record away, we make sure of that.
        """
        record = self.data / "postmaster.pid"
        try:
            lines = record.read_text().splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, ValueError, IndexError):
            return
        deadline = time.monotonic() + _ORPHAN_LIMIT
        if self._is_ours(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        while self._is_ours(pid) or _memory_in_use(lines):
            if time.monotonic() > deadline:
                raise OperatorError(f"an older PostgreSQL (process {pid}) on {self.data} does not end: end it")
            time.sleep(0.1)
        record.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        """Whether process *pid* is a running PostgreSQL on our data, by its command line."""
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
        return state != "Z" and Path(line[0]).name == "postgres" and str(self.data) in line


def _memory_in_use(record: list[str]) -> bool:
    """Whether a process still holds the shared memory noted in the seventh line of a `postmaster.pid`."""
    try:
        segment = record[6].split()[1]
        rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    except (IndexError, FileNotFoundError):
        return False
    return any(columns[1] == segment and columns[6] != "0" for columns in map(str.split, rows))


def answers(socket: Path) -> bool:
    """Whether a PostgreSQL takes connections at *socket*."""
    try:
        psycopg.connect(host=str(socket), port=PORT, user=SUPERUSER, dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _clean_environment() -> dict[str, str]:
    """Our environment without the variables by which somebody's own PostgreSQL would steer this one."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
