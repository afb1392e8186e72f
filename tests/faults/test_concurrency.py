"""Followers and seals among writers that commit in any order."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from tinhso.kernel.journal.actions import Happening, record, seal, seal_all, signing_key
from tinhso.kernel.journal.followers import step
from tinhso.kernel.journal.models import Event, Seal
from tinhso.kernel.journal.queries import damages, unsealed_count
from tinhso.kernel.measures.followers import follower
from tinhso.kernel.measures.models import Fact, Tally
from tinhso.kernel.measures.recounting import differences

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WRITERS = 3
EACH = 60
UNIT = 1


def _opening(case: int) -> Happening:
    data = {
        "type": "report",
        "root": "report",
        "category": "road",
        "channel": "web",
        "electronic": True,
        "due": None,
    }
    return Happening("case.opened", "case", case, timezone.now(), unit=UNIT, data=data)


def _closing(case: int) -> Happening:
    return Happening(
        "case.acted", "case", case, timezone.now(), unit=UNIT, data={"kind": "closed", "closed_after": 3}
    )


def _write(writer: int) -> None:
    """Open and close cases in transactions that take their time: a later key is often committed first."""
    chance = random.Random(writer)
    for number in range(EACH):
        case = 1 + writer * EACH + number
        with transaction.atomic():
            record([_opening(case)])
            time.sleep(chance.choice([0, 0, 0.003, 0.02]))
        with transaction.atomic():
            record([_closing(case), _opening(10_000 + case)])
            time.sleep(chance.choice([0, 0.01]))


def _together(*tasks: Callable[[], None]) -> None:
    """Run in threads with connections of their own; the first error of one is the error of all."""
    errors: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if errors:
        raise errors[0]


def _writers(done: threading.Event) -> list[Callable[[], None]]:
    left = threading.Semaphore(0)

    def task(writer: int) -> Callable[[], None]:
        def write() -> None:
            try:
                _write(writer)
            finally:
                left.release()

        return write

    def wait() -> None:
        for _ in range(WRITERS):
            left.acquire()
        done.set()

    return [*(task(writer) for writer in range(WRITERS)), wait]


def test_two_appliers_of_a_follower_among_writers_neither_skip_nor_double() -> None:
    done = threading.Event()
    applied: list[int] = []

    def apply() -> None:
        while True:
            last_round = done.is_set()
            count = step(follower, batch=7)
            applied.append(count)
            if last_round and not count:
                return

    _together(apply, apply, *_writers(done))
    assert sum(applied) == Event.objects.count() == WRITERS * EACH * 3
    assert Fact.objects.count() == WRITERS * EACH * 2
    tallies = list(Tally.objects.filter(unit_id=UNIT).values_list("opened", "closed"))
    assert [sum(column) for column in zip(*tallies, strict=True)] == [WRITERS * EACH * 2, WRITERS * EACH]
    assert differences() == []


def test_the_first_users_of_the_signing_key_get_the_same_one(settings: Settings, tmp_path: Path) -> None:
    for home in range(10):  # chance decides who meets whom
        settings.TINHSO_HOME = tmp_path / str(home)
        keys: list[bytes] = []
        ready = threading.Barrier(8)

        def use(keys: list[bytes] = keys, ready: threading.Barrier = ready) -> None:
            ready.wait()
            keys.append(signing_key().private_bytes_raw())

        _together(*[use] * ready.parties)
        assert len(keys) == ready.parties
        assert len(set(keys)) == 1


def test_seals_made_among_writers_cover_every_event_once() -> None:
    signing_key()
    done = threading.Event()

    def keep_sealing() -> None:
        while not done.is_set():
            seal()
            time.sleep(0.005)

    _together(keep_sealing, keep_sealing, *_writers(done))
    among_writers = Seal.objects.count()
    seal_all()
    assert among_writers > 1
    assert unsealed_count() == 0
    sealed = [key for it in Seal.objects.order_by("pk") for key in it.events]
    assert sealed == list(Event.objects.order_by("pk").values_list("pk", flat=True))
    assert list(damages(signing_key().public_key())) == []
