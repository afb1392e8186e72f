"""Floors by pgbench: the same SQL from a client in C, with nothing around it."""

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.arena import Arena
from bench.load import cpu_seconds
from tinhso.shell.database.embedded import PORT, SUPERUSER
from tinhso.shell.settings.environment import database_address

_LATENCY = re.compile(r"latency average = ([\d.]+) ms")
_GONE = 0.3
"""Seconds after which the backends of a client that left are gone, and counted by the process that leads them."""
_RATE = re.compile(r"tps = ([\d.]+)")


@dataclass(frozen=True)
class Floor:
    """What one transaction took: milliseconds by the wall and of the server's processors; how many a second."""

    ms: float
    cpu_ms: float
    per_second: float


def pgbench(arena: Arena, statements: Sequence[str], *, clients: int = 1, transactions: int = 500) -> Floor:
    """Run *statements* in one transaction after the other."""
    script = arena.home / "floor.sql"
    text = "\n".join(f"{it};" for it in statements)
    # A colon before a word would be one of pgbench's variables; a time or a cast is none.
    script.write_text(f"BEGIN;\n{text}\nCOMMIT;\n" if len(statements) > 1 else f"{text}\n")
    before = cpu_seconds(arena.server)
    done = subprocess.run(
        [
            arena.database.binaries["pgbench"],
            *("-h", str(arena.database.socket), "-p", PORT, "-U", SUPERUSER),
            *("-n", "-c", str(clients), "-j", "1", "-t", str(transactions // clients)),
            *("-f", str(script), database_address().name),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    latency, rate = _LATENCY.search(done.stdout), _RATE.search(done.stdout)
    if done.returncode or not latency or not rate:
        raise RuntimeError(f"pgbench: {done.stderr[-800:]}")
    time.sleep(_GONE)
    spent = cpu_seconds(arena.server) - before
    return Floor(float(latency[1]), 1_000 * spent / (transactions // clients * clients), float(rate[1]))
