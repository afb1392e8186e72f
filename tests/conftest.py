"""One PostgreSQL for the whole run, in a home of its own; `DATABASE_URL` names another to test on.

The environment is set here, on import, before pytest-django reads the settings: that is why the settings module
is not named in pyproject.toml, from where it would be read earlier.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import django
import pytest

if TYPE_CHECKING:
    from django.db.backends.postgresql.operations import DatabaseOperations
    from django.db.models import Model
    from pytest_django.plugin import DjangoDbBlocker

pytest_plugins = ["tests.province"]

_HOME = Path(tempfile.mkdtemp(prefix="tinhso-tests-"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


for _name in [name for name in os.environ if name.startswith("TINHSO_")]:
    del os.environ[_name]  # the tests set what they need, whatever the shell they run in
os.environ["TINHSO_HOME"] = str(_HOME)
os.environ["TINHSO_PORT"] = str(_free_port())
os.environ["DJANGO_SETTINGS_MODULE"] = "tinhso.shell.settings"
django.setup()  # other conftests import models before pytest-django would do this


def pytest_configure() -> None:
    """Settings that differ in tests: names of static files as they are, passwords that cost no time."""
    from django.conf import settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """The server of this run: that of `DATABASE_URL`, else one started for it, which ends with it."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    from tinhso.shell.database.embedded import EmbeddedPostgres
    from tinhso.shell.database.installation import ensure_database

    with EmbeddedPostgres(_HOME, durable=False):
        ensure_database()
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_server: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Hook of pytest-django, before it makes the test database: there must be a server by then."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    DatabaseOperations.execute_sql_flush = _flush_kept_tables_too


def _flush_kept_tables_too(operations: "DatabaseOperations", statements: list[str]) -> None:
    """Empty the tables after a test with transactions of its own; those that refuse TRUNCATE are made to bear it."""
    from django.db import transaction

    refusing = "SELECT tgrelid::regclass::text, quote_ident(tgname), tgenabled FROM pg_trigger WHERE tgtype & 32 > 0"
    with transaction.atomic(), operations.connection.cursor() as cursor:
        cursor.execute(refusing)
        triggers = cursor.fetchall()
        for table, trigger, _ in triggers:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        for statement in statements:
            cursor.execute(statement)
        for table, trigger, state in triggers:
            always = "ALWAYS" if state in {"A", b"A"} else ""
            cursor.execute(f"ALTER TABLE {table} ENABLE {always} TRIGGER {trigger}")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> None:
    """The real catalogue, loaded once: every unit and case type of the installation."""
    with django_db_blocker.unblock():
        _load_catalogue()


_kept: dict[str, bytes] = {}
"""The rows of the catalogue as COPY writes them: putting them back costs a tenth of loading them anew."""


def _load_catalogue() -> None:
    from tinhso.kernel.cases import queries as cases
    from tinhso.kernel.cases.models import TypeVersion
    from tinhso.kernel.measures import followers
    from tinhso.kernel.units import queries as units
    from tinhso.kernel.units.models import Alias, Succession, Unit
    from tinhso.shell.cli.catalogue import publish

    if TypeVersion.objects.exists():
        return
    tables = (Unit, Alias, Succession, TypeVersion)
    if not _kept:
        publish()
        _kept.update({it._meta.db_table: _copied_out(it) for it in tables})
    else:
        for it in tables:
            _copy_in(it, _kept[it._meta.db_table])
    for forget in (followers.forget_paths, units.forget, cases.forget):
        forget()


def _copied_out(model: "type[Model]") -> bytes:
    from django.db import connection

    with connection.cursor() as cursor, cursor.copy(f"COPY {_columns(model)} TO STDOUT") as copy:
        return b"".join(copy)


def _copy_in(model: "type[Model]", rows: bytes) -> None:
    from django.db import connection

    table = model._meta.db_table
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {_columns(model)} FROM STDIN") as copy:
            copy.write(rows)
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _columns(model: "type[Model]") -> str:
    names = (it.column for it in model._meta.concrete_fields if not it.generated)
    return f"{model._meta.db_table} ({', '.join(names)})"


@pytest.fixture
def catalogue(db: None) -> None:
    """The catalogue in the test's database, also after a test with transactions of its own emptied it."""
    _load_catalogue()
