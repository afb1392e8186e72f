"""The record: it refuses change, its seals find what was changed all the same, its followers read it once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from tinhso.kernel.journal import actions, followers, queries, rules
from tinhso.kernel.journal.actions import Happening, record
from tinhso.kernel.journal.models import Checkpoint, Event, Seal

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def happen(count: int = 1, kind: str = "test.happened") -> list[Event]:
    return record([Happening(kind, "test", i, NOW, data={"n": i}) for i in range(count)])


def damages() -> list[rules.Damage]:
    return list(queries.damages(actions.signing_key().public_key()))


def tamper(statement: str, *parameters: Any) -> None:
    """What only somebody with the rights of the database's owner could do."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_kept")
        cursor.execute(statement, parameters)
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_kept")


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize("table", ["journal_event", "journal_seal"])
def test_events_and_seals_refuse_to_be_changed(table: str, statement: str) -> None:
    happen()
    actions.seal()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.django_db
def test_seals_cover_everything_in_a_chain_and_verify() -> None:
    happen(3)
    first = actions.seal()
    assert actions.seal() is None
    happen(2)
    second = actions.seal()
    assert first and second
    assert bytes(second.previous) == bytes(first.digest)
    assert (second.first, len(second.events)) == (first.last + 1, 2)
    assert damages() == []
    assert queries.unsealed_count() == 0


@pytest.mark.django_db
def test_a_changed_row_is_named() -> None:
    events = happen(5)
    actions.seal()
    tamper("UPDATE journal_event SET data = '{\"n\": 99}' WHERE id = %s", events[2].pk)
    assert [(it.event, it.what) for it in damages()] == [(events[2].pk, "was changed")]


@pytest.mark.django_db
def test_a_missing_and_an_added_row_are_named() -> None:
    events = happen(5)
    actions.seal()
    tamper("DELETE FROM journal_event WHERE id = %s", events[1].pk)
    assert [(it.event, it.what) for it in damages()] == [(events[1].pk, "is missing")]
    tamper(
        "INSERT INTO journal_event (id, kind, subject_kind, subject_id, occurred_at, data)"
        " VALUES (%s, 'test.forged', 'test', 1, now(), '{}')",
        events[1].pk,
    )
    assert [(it.event, it.what) for it in damages()] == [(events[1].pk, "was changed")]


@pytest.mark.django_db
def test_a_forged_seal_is_found_by_its_signature() -> None:
    happen(3)
    seal = actions.seal()
    assert seal
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_seal DISABLE TRIGGER journal_seal_kept")
        cursor.execute("UPDATE journal_seal SET signature = %s", [b"\x00" * 64])
    assert [it.what for it in damages()] == ["has a wrong signature"]


@pytest.mark.django_db
def test_a_personal_value_leaves_only_a_keyed_digest() -> None:
    assert actions.digest("0912345678") == actions.digest("0912345678")
    assert actions.digest("0912345678") != actions.digest("0912345679")
    assert "0912345678" not in actions.digest("0912345678")


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=40), st.data())
def test_the_root_changes_with_every_leaf(leaves: list[bytes], data: st.DataObject) -> None:
    hashes = [rules.leaf_hash(leaf) for leaf in leaves]
    place = data.draw(st.integers(0, len(leaves) - 1))
    other = [*hashes]
    other[place] = rules.leaf_hash(leaves[place] + b"!")
    assert rules.merkle_root(hashes) != rules.merkle_root(other)


def test_the_root_is_that_of_rfc_9162() -> None:
    """Seven leaves, as in the example of section 2.1.5: the tree splits at the largest power of two."""
    leaf = [rules.leaf_hash(bytes([i])) for i in range(7)]
    node = lambda a, b: __import__("hashlib").sha256(b"\x01" + a + b).digest()  # noqa: E731
    left = node(node(leaf[0], leaf[1]), node(leaf[2], leaf[3]))
    right = node(node(leaf[4], leaf[5]), leaf[6])
    assert rules.merkle_root(leaf) == node(left, right)


class Collector:
    """A follower that keeps the keys that it was given."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.follower = followers.Follower("test", self.apply, self.seen.clear)

    def apply(self, events: Sequence[Event]) -> None:
        self.seen += [event.pk for event in events]


@pytest.mark.django_db(transaction=True)
def test_a_follower_reads_everything_once_and_in_order() -> None:
    collector = Collector()
    events = happen(7)
    assert followers.catch_up(collector.follower, batch=3) == 7
    assert followers.catch_up(collector.follower) == 0
    more = happen(2)
    followers.catch_up(collector.follower)
    assert collector.seen == [event.pk for event in [*events, *more]]


@pytest.mark.django_db(transaction=True)
def test_a_follower_does_not_read_past_a_writer_that_is_still_under_way() -> None:
    import threading

    collector = Collector()
    wrote, go_on = threading.Event(), threading.Event()
    slow: list[Event] = []

    def write_slowly() -> None:
        with transaction.atomic():
            slow.extend(happen())
            wrote.set()
            go_on.wait(10)
        connections.close_all()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert wrote.wait(10)
    fast = happen()
    assert followers.catch_up(collector.follower) == 0
    go_on.set()
    writer.join()
    assert followers.catch_up(collector.follower) == 2
    assert collector.seen == [slow[0].pk, fast[0].pk]


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_leaves_the_checkpoint_where_it_was() -> None:
    happen(3)
    failing = followers.Follower("failing", lambda events: 1 / 0, lambda: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(ZeroDivisionError):
        followers.step(failing)
    assert not Checkpoint.objects.filter(pk="failing").exclude(event_id=0).exists()


@pytest.mark.django_db
def test_a_follower_can_start_from_nothing() -> None:
    collector = Collector()
    happen(4)
    with connection.cursor() as cursor:  # what this transaction wrote lies above its own horizon
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_kept")
        cursor.execute("UPDATE journal_event SET transaction = '3'")
    followers.catch_up(collector.follower)
    followers.rebuild(collector.follower)
    assert len(collector.seen) == 4


@pytest.mark.django_db
def test_after_a_restore_events_stand_in_the_order_of_their_keys_and_seals_verify() -> None:
    happen(3)
    actions.seal()
    actions.after_restore()
    assert set(Event.objects.values_list("transaction", flat=True)) == {3}
    assert damages() == []
    assert Seal.objects.count() == 1
    assert not Checkpoint.objects.exists()


def test_two_followers_of_one_name_are_refused() -> None:
    taken = followers.all_followers()[0]
    with pytest.raises(ValueError, match="registered already"):
        followers.register(taken)
