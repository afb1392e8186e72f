"""The follower that keeps facts, tallies and spells; they move with its checkpoint and so never drift."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from tinhso.kernel.journal.followers import Follower
from tinhso.kernel.journal.models import Event
from tinhso.kernel.measures import rules
from tinhso.kernel.measures.models import Fact, Spell, Tally
from tinhso.kernel.measures.rules import COUNTS, Happened, OpenSpell, State
from tinhso.kernel.units.models import Unit

NAME = "measures"

TallyKey = tuple[int, str, str, object, str, str]
"""unit, root, type, day, category, channel."""

_FACT_FIELDS = [it.attname for it in Fact._meta.concrete_fields if not it.primary_key]

_ADD_TALLIES = f"""
INSERT INTO measures_tally AS t (unit_id, root, type, day, category, channel, {", ".join(COUNTS)})
SELECT * FROM unnest(
    %s::bigint[], %s::text[], %s::text[], %s::date[], %s::text[], %s::text[], {", ".join(["%s::int[]"] * len(COUNTS))}
)
ON CONFLICT (unit_id, root, day, type, category, channel) DO UPDATE SET
    {", ".join(f"{name} = t.{name} + excluded.{name}" for name in COUNTS)}
"""

_END_SPELLS = """
UPDATE measures_spell s SET until = ended.until
FROM unnest(%s::bigint[], %s::timestamptz[]) AS ended(id, until) WHERE s.id = ended.id
"""

_paths: dict[int, list[int]] = {}


def happened(event: Event) -> Happened:
    """What of a journal row the figures look at."""
    return Happened(event.pk, event.kind, event.subject_id, event.occurred_at, event.data, event.unit_id)


def paths_of(units: Iterable[int]) -> dict[int, list[int]]:
    """The units themselves with all above them; kept in memory, since a unit's place in the tree never changes."""
    missing = set(units) - _paths.keys()
    if missing:
        _paths.update(Unit.objects.filter(pk__in=missing).values_list("pk", "path"))
        _paths.update({unit: [unit] for unit in missing - _paths.keys()})
    return _paths


def forget_paths() -> None:
    """Read the tree anew; called when units were loaded from nothing."""
    _paths.clear()


def state_of(fact: Fact) -> State:
    """A stored fact as a value."""
    return State(
        fact.last_event,
        fact.unit_id,
        fact.type,
        fact.root,
        fact.category,
        fact.channel,
        fact.electronic,
        fact.opened_at,
        fact.due_at,
        fact.answered_after,
        fact.closed_at,
        fact.closed_after,
        fact.on_time,
        fact.first_closed_at,
        fact.reopened_at,
        fact.rated_at,
        fact.satisfied,
    )


def fact_of(case: int, state: State) -> Fact:
    """The inverse of `state_of`."""
    return Fact(
        case_id=case,
        last_event=state.last_event,
        unit_id=state.unit,
        type=state.type,
        root=state.root,
        category=state.category,
        channel=state.channel,
        electronic=state.electronic,
        opened_at=state.opened_at,
        due_at=state.due_at,
        answered_after=state.answered_after,
        closed_at=state.closed_at,
        closed_after=state.closed_after,
        on_time=state.on_time,
        first_closed_at=state.first_closed_at,
        reopened_at=state.reopened_at,
        rated_at=state.rated_at,
        satisfied=state.satisfied,
    )


def spell_of(case: int, state: State, spell: OpenSpell) -> Spell:
    """A spell as it is stored."""
    return Spell(
        case_id=case,
        unit_id=spell.unit,
        root=state.root,
        type=state.type,
        category=state.category,
        channel=state.channel,
        since=spell.since,
        until=spell.until,
        due_at=spell.due_at,
    )


@dataclass
class _Case:
    """One case while a batch is applied."""

    before: State | None = None
    now: State | None = None
    stored_spell: Spell | None = None
    spell: OpenSpell | None = None
    ended: list[OpenSpell] = field(default_factory=list)
    refolded: bool = False


def tally_changes(before: State | None, now: State | None) -> Counter[tuple[TallyKey, str]]:
    """What a case's change adds to the tallies of its unit and of every unit above."""
    changes: Counter[tuple[TallyKey, str]] = Counter()
    for state, sign in ((before, -1), (now, 1)):
        if state is None:
            continue
        for (day, name), count in rules.counts(state).items():
            for unit in paths_of([state.unit])[state.unit]:
                changes[(unit, state.root, state.type, day, state.category, state.channel), name] += sign * count
    return changes


def apply(events: Sequence[Event]) -> None:
    """Fold a batch into facts, tallies and spells."""
    wanted = [event for event in events if event.subject_kind == "case"]
    cases = _load({event.subject_id for event in wanted})
    # Within one case, keys follow the order of its row lock; across transactions the batch may come otherwise.
    for event in sorted(wanted, key=lambda event: event.pk):
        _fold_into(cases[event.subject_id], event, last=wanted[-1])
    changed = {key: case for key, case in cases.items() if case.now is not None}
    paths_of({case.now.unit for case in changed.values() if case.now})
    _store_facts(changed)
    _store_tallies(changed.values())
    _store_spells(changed)


def _load(keys: set[int]) -> dict[int, _Case]:
    cases = {key: _Case() for key in keys}
    for fact in Fact.objects.filter(pk__in=keys):
        case = cases[fact.case_id]
        case.before = case.now = state_of(fact)
    for spell in Spell.objects.filter(case_id__in=keys, until__isnull=True):
        case = cases[spell.case_id]
        case.stored_spell = spell
        case.spell = OpenSpell(spell.unit_id, spell.since, spell.due_at)
    return cases


def _fold_into(case: _Case, event: Event, last: Event) -> None:
    if case.refolded:
        return
    if case.now is not None and event.pk < case.now.last_event:
        # An event of this case stood in an earlier batch although it came later: replay the case as it stands.
        seen = Event.objects.filter(subject_kind="case", subject_id=event.subject_id).order_by("pk")
        upto = (last.transaction, last.pk)
        case.now, spells = rules.replay(happened(it) for it in seen if (it.transaction, it.pk) <= upto)
        Spell.objects.filter(case_id=event.subject_id).delete()
        case.stored_spell, case.refolded = None, True
        case.ended = [spell for spell in spells if spell.until]
        case.spell = next((spell for spell in spells if not spell.until), None)
        return
    case.now = rules.fold(case.now, happened(event))
    ended, case.spell = rules.next_spell(case.spell, case.now, event.occurred_at)
    if ended:
        case.ended.append(ended)


def _store_facts(cases: dict[int, _Case]) -> None:
    Fact.objects.bulk_create(
        [fact_of(key, case.now) for key, case in cases.items() if case.now and case.now != case.before],
        update_conflicts=True,
        unique_fields=["case_id"],
        update_fields=_FACT_FIELDS,
        batch_size=1_000,
    )


def _store_tallies(cases: Iterable[_Case]) -> None:
    changes: dict[TallyKey, Counter[str]] = defaultdict(Counter)
    for case in cases:
        for (key, name), count in tally_changes(case.before, case.now).items():
            changes[key][name] += count
    rows = [(*key, *(counts[name] for name in COUNTS)) for key, counts in changes.items() if any(counts.values())]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_ADD_TALLIES, [list(column) for column in zip(*rows, strict=True)])


def _store_spells(cases: dict[int, _Case]) -> None:
    ended, fresh = [], []
    for key, case in cases.items():
        if case.now is None:
            continue
        stored, closing = case.stored_spell, list(case.ended)
        if stored is not None and closing:
            stored.until = closing.pop(0).until
            ended.append(stored)
        fresh += [spell_of(key, case.now, spell) for spell in closing]
        if case.spell is not None and (stored is None or stored.until is not None):
            fresh.append(spell_of(key, case.now, case.spell))
    if ended:
        with connection.cursor() as cursor:
            cursor.execute(_END_SPELLS, [[it.pk for it in ended], [it.until for it in ended]])
    Spell.objects.bulk_create(fresh, batch_size=2_000)


def forget() -> None:
    """Empty everything, so that it can be built anew."""
    with connection.cursor() as cursor:
        for model in (Fact, Tally, Spell):
            cursor.execute(f"TRUNCATE {model._meta.db_table}")


follower = Follower(NAME, apply, forget)
