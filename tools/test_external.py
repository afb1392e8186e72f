"""Run the tests on a PostgreSQL that is not the embedded one, as an ordinary user of it.

The server is Debian's, of `PG_BIN` (default: version 15), on a cluster of its own in a temporary folder. The
user owns its databases and nothing else, as in a production installation.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg

from tinhso.shell.database.embedded import PORT, SUPERUSER, EmbeddedPostgres

BINARIES = "/usr/lib/postgresql/15/bin"
USER = "province"


def main() -> int:
    """The exit code of pytest."""
    os.environ.setdefault("PG_BIN", BINARIES)
    with (
        tempfile.TemporaryDirectory(prefix="tinhso-external-") as folder,
        EmbeddedPostgres(Path(folder), durable=False) as server,
    ):
        host = str(server.socket)
        with psycopg.connect(host=host, port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True) as connection:
            print(f"PostgreSQL {connection.info.server_version // 10_000}", flush=True)
            connection.execute(f"CREATE ROLE {USER} LOGIN CREATEDB")
        address = f"postgresql://{USER}@/tinhso?host={quote(host, safe='')}&port={PORT}"
        environment = {**os.environ, "DATABASE_URL": address}
        return subprocess.run(
            [sys.executable, "-m", "pytest", *sys.argv[1:]], check=False, env=environment
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
