"""Counting everything again from the journal, to show that the live figures have not drifted."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby

from django.db import connection, transaction

from tinhso.kernel.journal.followers import catch_up
from tinhso.kernel.journal.models import Checkpoint
from tinhso.kernel.measures import rules
from tinhso.kernel.measures.followers import NAME, TallyKey, follower, paths_of, state_of, tally_changes
from tinhso.kernel.measures.models import Fact, Spell
from tinhso.kernel.measures.rules import COUNTS, Happened, OpenSpell, State

CHUNK = 5_000
MOST_DIFFERENCES = 50

_EVENTS = """
SELECT id, kind, subject_id, occurred_at, data, unit_id FROM journal_event
WHERE subject_kind = 'case' AND (transaction, id) <= (%s::text::xid8, %s) ORDER BY subject_id, id
"""

Progress = Callable[[int], None]
Replayed = dict[int, tuple[State, list[OpenSpell]]]


def differences(progress: Progress | None = None) -> list[str]:
    """Every place where facts, spells or tallies are not what the journal says, MOST_DIFFERENCES at the most.

    Brings the follower up to date first, then looks at one snapshot of the database; memory grows with the
    tallies, not with the cases.
    """
    catch_up(follower)
    found: list[str] = []
    cases = 0
    tallies: dict[TallyKey, Counter[str]] = defaultdict(Counter)
    with _snapshot():
        for chunk in _replayed(progress):
            cases += len(chunk)
            found += _compare_cases(chunk)
            paths_of({state.unit for state, _ in chunk.values()})
            for state, _ in chunk.values():
                for (key, name), count in tally_changes(None, state).items():
                    tallies[key][name] += count
        stored = Fact.objects.count()
        if stored != cases:
            found.append(f"{stored} facts are kept, the journal has {cases} cases")
        found += _compare_tallies(tallies)
    return found[:MOST_DIFFERENCES]


@contextmanager
def _snapshot() -> Iterator[None]:
    """One state of the database for the whole block; a caller's own transaction, if there is one, must do."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _replayed(progress: Progress | None) -> Iterator[Replayed]:
    chunk: Replayed = {}
    for case, events in groupby(_events(progress), key=lambda event: event.case):
        state, spells = rules.replay(events)
        if state is not None:
            chunk[case] = state, spells
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = {}
    if chunk:
        yield chunk


def _events(progress: Progress | None) -> Iterator[Happened]:
    checkpoint = Checkpoint.objects.filter(pk=NAME).first()
    position = [checkpoint.transaction, checkpoint.event_id] if checkpoint else [0, 0]
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EVENTS, position)
        for key, kind, case, at, data, unit in cursor:
            if progress:
                progress(1)
            yield Happened(key, kind, case, at, json.loads(data), unit)


def _compare_cases(chunk: Replayed) -> list[str]:
    found = []
    facts = {fact.case_id: state_of(fact) for fact in Fact.objects.filter(pk__in=chunk)}
    spells: dict[int, list[OpenSpell]] = defaultdict(list)
    for it in Spell.objects.filter(case_id__in=chunk).order_by("pk"):
        spells[it.case_id].append(OpenSpell(it.unit_id, it.since, it.due_at, it.until))
    for case, (state, wanted) in chunk.items():
        if facts.get(case) != state:
            found.append(f"case {case}: its fact is not what its events say")
        if sorted(spells[case], key=_order) != sorted(wanted, key=_order):
            found.append(f"case {case}: its open spells are not what its events say")
    return found


def _order(spell: OpenSpell) -> tuple[str, str]:
    return spell.since.isoformat(), spell.until.isoformat() if spell.until else "~"


def _compare_tallies(wanted: dict[TallyKey, Counter[str]]) -> list[str]:
    found, seen = [], set()
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT unit_id, root, type, day, category, channel, {', '.join(COUNTS)} FROM measures_tally")
        for row in cursor:
            key = row[:6]
            stored = dict(zip(COUNTS, row[6:], strict=True))
            if any(stored.values()):
                seen.add(key)
            counted = wanted.get(key, Counter())
            for name, value in stored.items():
                if value != counted[name]:
                    found.append(
                        f"tally of unit {key[0]}, {key[2]}, {key[3]}: {name} is {value}, counted {counted[name]}"
                    )
    missing = {key for key, counts in wanted.items() if any(counts.values())} - seen
    return found + [f"tally of unit {key[0]}, {key[2]}, {key[3]} is missing" for key in missing]
