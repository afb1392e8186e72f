"""Who uses an installation: its lock, its database for the length of a command."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tinhso.shell.database.binaries import OLDEST_SUPPORTED
from tinhso.shell.database.embedded import EmbeddedPostgres
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.settings.environment import database_address, home_folder

SERVER = "up"  # the purpose under which the supervisor holds the lock
_CONNECT_LIMIT = 10  # seconds


@dataclass(frozen=True)
class Holder:
    """Which process uses the installation, and what for."""

    pid: int
    purpose: str
    since: str

    def __str__(self) -> str:
        return f"`tinhso {self.purpose}` (process {self.pid}, since {self.since})"


class InUseError(OperatorError):
    """Another process uses the installation."""

    def __init__(self, home: Path, holder: Holder) -> None:
        super().__init__(f"{home} is in use by {holder}")
        self.holder = holder


@contextmanager
def sole_use(home: Path, purpose: str) -> Iterator[None]:
    """Hold the installation's lock for *purpose*; raises InUseError when another process holds it.

    The kernel frees the lock with the process that holds it, however that ends.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(home, _read_holder(descriptor)) from None
        holder = Holder(os.getpid(), purpose, time.strftime("%Y-%m-%d %H:%M:%S"))
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _read_holder(descriptor: int) -> Holder:
    """What the holder wrote; it may be writing just now."""
    for _ in range(10):
        try:
            return Holder(**json.loads(os.pread(descriptor, 1000, 0)))
        except ValueError:
            time.sleep(0.02)
    return Holder(0, "?", "just now")


@contextmanager
def database_running(purpose: str, *, fresh: bool = False) -> Iterator[None]:
    """The database of this installation answers inside the block.

    It is the running server's where there is one, that of `DATABASE_URL` where it is set, and otherwise an
    embedded one started for the length of the block. `fresh` allows for an installation without a database,
    which is then created. Raises OperatorError when there is none, or when another command uses it alone.
    """
    if os.environ.get("DATABASE_URL"):
        ensure_database() if fresh else require_database()
        yield
        return
    home = home_folder()
    if not fresh and not (home / "postgres" / "PG_VERSION").exists():
        raise OperatorError(f"{home} holds no installation yet: start it once with `tinhso up`")
    try:
        with sole_use(home, purpose), EmbeddedPostgres(home):
            ensure_database()
            yield
    except InUseError as error:
        if error.holder.purpose != SERVER:
            raise
        require_database()
        yield


def connect(name: str | None = None) -> psycopg.Connection:
    """A connection to the installation's database, or to its server's database *name*."""
    parts = database_address().conninfo | ({"dbname": name} if name else {})
    return psycopg.connect(make_conninfo(**parts, connect_timeout=_CONNECT_LIMIT))


def require_database() -> None:
    """Nothing, when the database answers; raises OperatorError, which says what to do, when it does not."""
    try:
        connect().close()
    except psycopg.OperationalError as error:
        raise OperatorError(_not_answering(error)) from error


def server_version() -> int:
    """The major version of the database's server."""
    with connect() as connection:
        return connection.info.server_version // 10_000


def database_is_empty() -> bool:
    """Whether the installation's database holds no table."""
    with connect() as connection:
        found = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone()
    return found is None


def ensure_database() -> None:
    """Create the database unless it exists, and check it; raises OperatorError when it cannot serve."""
    name = database_address().name
    try:
        with connect("postgres") as connection:
            connection.autocommit = True
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not known:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
                connection.execute(statement.format(sql.Identifier(name)))
    except psycopg.OperationalError:
        pass  # an account that may enter its own database only; whether that is there is asked next
    except psycopg.errors.InsufficientPrivilege as error:
        raise OperatorError(f"the database {name} does not exist, and its user may not create it") from error
    try:
        with connect() as connection:
            _check_server(connection)
    except psycopg.OperationalError as error:
        raise OperatorError(_not_answering(error)) from error


def _check_server(connection: psycopg.Connection) -> None:
    """Raises OperatorError for a server that is too old, or that does not know the letters of Vietnamese."""
    version = connection.info.server_version // 10_000
    if version < OLDEST_SUPPORTED:
        raise OperatorError(f"the database is PostgreSQL {version}; {OLDEST_SUPPORTED} or later is needed")
    row = connection.execute("SELECT current_setting('server_encoding'), lower('Đ') = 'đ'").fetchone()
    if row != ("UTF8", True):
        raise OperatorError(
            "the database cannot lower-case Vietnamese: create it with ENCODING 'UTF8' LOCALE 'C.UTF-8'"
        )


def _not_answering(error: psycopg.OperationalError) -> str:
    reason = str(error).strip().splitlines()[0]
    if os.environ.get("DATABASE_URL"):
        return f"the database of DATABASE_URL does not answer: {reason}"
    return f"the database is not running: start it with `tinhso up` ({reason})"
