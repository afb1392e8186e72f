"""The log files of an installation's processes, `TINHSO_HOME/logs/<process>.log`, kept to a bounded size.

Each process appends to its own file directly, so that no pipe can block it. A file that has grown too large
is copied aside and emptied; a line written between the two is lost, which a log can bear.
"""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

LARGEST = 10 * 1024 * 1024  # bytes of one file
KEPT = 3  # older files of each process
_TAIL = 4096  # bytes searched for the last line


def open_log(home: Path, process: str) -> BinaryIO:
    """The log of *process*, opened for appending; readable by its owner only."""
    folder = home / "logs"
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    path = folder / f"{process}.log"
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640), "ab", buffering=0)


def rotate(home: Path) -> None:
    """Put aside every log that has outgrown `LARGEST` bytes, keeping `KEPT` older ones."""
    for path in (home / "logs").glob("*.log"):
        if path.stat().st_size <= LARGEST:
            continue
        for age in range(KEPT, 1, -1):
            younger = path.with_suffix(f".log.{age - 1}")
            if younger.exists():
                younger.replace(path.with_suffix(f".log.{age}"))
        shutil.copy2(path, path.with_suffix(".log.1"))
        os.truncate(path, 0)


def last_line(home: Path, process: str) -> str:
    """The last line that *process* logged, for a message to the operator."""
    path = home / "logs" / f"{process}.log"
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except FileNotFoundError:
        return "it logged nothing"
    return lines[-1].strip() if lines else "it logged nothing"
