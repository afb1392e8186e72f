"""Followers: readers that apply every event exactly once, in commit-safe order.

Events are read in the order (transaction, key), up to the oldest transaction that is still running: nothing
can appear behind a follower's back. A batch and the checkpoint move in one transaction.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection, connections, transaction

from tinhso.kernel.journal.models import Checkpoint, Event

log = logging.getLogger(__name__)

BATCH = 2_000
CHANNEL = "journal"
IDLE_SECONDS = 1.0
LOCK_SPACE = 0x7450
"""First half of the advisory locks that living followers hold; the second is the follower's place in the registry."""


@dataclass(frozen=True)
class Follower:
    """`apply` takes a batch of events in order; `forget` empties what it built so that it can start from nothing."""

    name: str
    apply: Callable[[Sequence[Event]], None]
    forget: Callable[[], None]


_registry: dict[str, Follower] = {}


def register(follower: Follower) -> None:
    """Add a follower; a name that is taken raises ValueError."""
    if follower.name in _registry:
        raise ValueError(f"a follower named {follower.name} is registered already")
    _registry[follower.name] = follower


def all_followers() -> list[Follower]:
    return list(_registry.values())


_NEXT = """
SELECT id FROM journal_event
WHERE (transaction, id) > (%s::text::xid8, %s) AND transaction < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY transaction, id LIMIT %s
"""


def step(follower: Follower, batch: int = BATCH) -> int:
    """Apply the next batch in one transaction; returns how many events it had."""
    with transaction.atomic():
        Checkpoint.objects.bulk_create([Checkpoint(follower=follower.name)], ignore_conflicts=True)
        checkpoint = Checkpoint.objects.select_for_update().get(follower=follower.name)
        events = list(
            Event.objects.raw(
                _NEXT.replace("SELECT id", "SELECT *"), [checkpoint.transaction, checkpoint.event_id, batch]
            )
        )
        if events:
            follower.apply(events)
            last = events[-1]
            Checkpoint.objects.filter(pk=follower.name).update(
                transaction=last.transaction, event_id=last.pk, moved_at=_clock()
            )
    return len(events)


def _clock() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    return row[0] if row else None


def catch_up(follower: Follower, batch: int = BATCH, progress: Callable[[int], None] | None = None) -> int:
    """Apply everything there is; returns how many events."""
    total = 0
    while count := step(follower, batch):
        total += count
        if progress:
            progress(count)
    return total


def catch_up_all() -> int:
    """Bring every follower up to date."""
    return sum(catch_up(follower) for follower in all_followers())


def rebuild(follower: Follower, progress: Callable[[int], None] | None = None) -> int:
    """Start *follower* from nothing and bring it up to date; returns how many events."""
    with transaction.atomic():
        Checkpoint.objects.bulk_create([Checkpoint(follower=follower.name)], ignore_conflicts=True)
        Checkpoint.objects.select_for_update().get(follower=follower.name)
        follower.forget()
        Checkpoint.objects.filter(pk=follower.name).update(transaction=0, event_id=0)
    return catch_up(follower, progress=progress)


def alive() -> set[str]:
    """Names of the followers that a process keeps up to date right now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK_SPACE],
        )
        places = {row[0] for row in cursor.fetchall()}
    return {name for place, name in enumerate(_registry) if place in places}


def lag() -> int:
    """How many safe events the slowest follower has still to apply, counted up to a thousand."""
    most = 0
    with connection.cursor() as cursor:
        for name in _registry:
            cursor.execute(
                f"SELECT count(*) FROM ({_NEXT}) behind",  # noqa: S608
                [*_position(name), 1_000],
            )
            row = cursor.fetchone()
            most = max(most, row[0] if row else 0)
    return most


def _position(name: str) -> tuple[int, int]:
    checkpoint = Checkpoint.objects.filter(pk=name).first()
    return (checkpoint.transaction, checkpoint.event_id) if checkpoint else (0, 0)


def run_forever(stop: threading.Event) -> None:
    """Keep every follower up to date until *stop*; comes back by itself after a lost database."""
    while not stop.is_set():
        try:
            _run(stop)
        except (psycopg.Error, OSError) as error:
            log.warning("followers lost the database, trying again: %s", type(error).__name__)
        except Exception:
            log.exception("a follower failed; it starts again from its checkpoint")
        finally:
            connections.close_all()
        stop.wait(IDLE_SECONDS)


def _run(stop: threading.Event) -> None:
    parameters = connection.get_connection_params()
    for key in ("pool", "cursor_factory", "context", "server_side_binding", "prepare_threshold"):
        parameters.pop(key, None)
    with closing(psycopg.connect(**parameters, autocommit=True)) as listener:
        for place, name in enumerate(_registry):
            granted = listener.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, place]).fetchone()
            if not granted or not granted[0]:
                log.info("another process keeps follower %s; waiting", name)
                return
        listener.execute(f"LISTEN {CHANNEL}")
        while not stop.is_set():
            while sum(step(follower) for follower in all_followers()) and not stop.is_set():
                pass
            # A notification ends the wait at once; the time limit catches what an idle horizon held back.
            for _ in listener.notifies(timeout=IDLE_SECONDS, stop_after=1):
                break
