"""The statements that a piece of work sends to the database, and the plans by which they are answered."""

import re
from collections.abc import Callable
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_BIG = ("cases_case", "journal_event", "measures_fact", "measures_spell", "measures_tally")
_SCAN = re.compile(rf"Seq Scan on (?:{'|'.join(_BIG)})\b")


def statements(work: Callable[[], object], *, warm: int = 2) -> list[str]:
    """The statements of *work* once its caches are warm, without those that begin and end transactions."""
    for _ in range(warm):
        work()
    with CaptureQueriesContext(connection) as captured:
        work()
    texts = [it["sql"].strip() for it in captured.captured_queries]
    return [text for text in texts if not text.upper().startswith(_CONTROL)]


def keep_plans(name: str, texts: list[str], folder: Path) -> list[str]:
    """Write the plan of every reading statement to *folder*; returns which ones scan a big table from end to end."""
    folder.mkdir(parents=True, exist_ok=True)
    scans, plans = [], []
    with connection.cursor() as cursor:
        for place, text in enumerate(texts, 1):
            if not text.upper().startswith(("SELECT", "WITH")) or "FOR UPDATE" in text:
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {text.replace('%', '%%')}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            plans.append(f"-- statement {place}\n{text}\n\n{plan}\n")
            scans += [f"statement {place}: {found}" for found in _SCAN.findall(plan)]
    (folder / f"{name}.txt").write_text("\n".join(plans))
    return scans
