"""Clocks under pause, restart, ending and reopening, against a model that only adds up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tinhso.kernel.cases.rules import clocks
from tinhso.kernel.cases.rules.clocks import Clock, InWaiting
from tinhso.kernel.worktime.catalogue import read_calendars

OFFICE = read_calendars(Path(__file__).parents[3] / "catalog")["office"]
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

steps = st.lists(
    st.tuples(st.sampled_from(["wait", "run", "end"]), st.integers(1, 4 * 24 * 60)), min_size=1, max_size=12
)


@dataclass
class Model:
    """Minutes worked while the clock ran, and nothing else."""

    worked: int = 0
    running: bool = True


@settings(max_examples=200)
@given(st.integers(30, 5 * 480), steps)
def test_a_pausing_clock_counts_only_the_minutes_in_which_it_ran(limit: int, moves: list[tuple[str, int]]) -> None:
    clock, model, at = clocks.start(OFFICE, limit, START), Model(), START
    first_due = clock.due
    for what, minutes in moves:
        later = at + timedelta(minutes=minutes)
        if model.running:
            model.worked += OFFICE.between(at, later)
        at = later
        clock = clocks.move(clock, OFFICE, at, ends=what == "end", waiting=what == "wait", in_waiting=InWaiting.PAUSE)
        model.running = what == "run"
        assert clocks.used(clock, OFFICE, at) == model.worked
        assert clock.first_due == first_due
        assert clock.running == model.running
        if model.running and model.worked < limit:
            assert clock.due is not None
            assert OFFICE.between(at, clock.due) == limit - model.worked
        if what == "wait":
            assert (clock.due is None) == (model.worked < limit)
        if what == "end":
            # With every minute used up it depends on the hour: 17:00 is in time, 20:00 of that day is not.
            assert model.worked == limit or clock.met == (model.worked < limit)


@given(st.integers(30, 2_000), st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_restarting_clock_gives_the_whole_limit_again(limit: int, before: int, waited: int) -> None:
    clock = clocks.start(OFFICE, limit, START)
    paused_at = START + timedelta(minutes=before)
    clock = clocks.move(clock, OFFICE, paused_at, ends=False, waiting=True, in_waiting=InWaiting.RESTART)
    again = paused_at + timedelta(minutes=waited)
    clock = clocks.move(clock, OFFICE, again, ends=False, waiting=False, in_waiting=InWaiting.RESTART)
    assert clock.due == OFFICE.add(again, limit)
    assert clock.first_due == OFFICE.add(START, limit)


def test_a_clock_that_missed_its_due_date_stays_missed_after_a_pause() -> None:
    clock = clocks.start(OFFICE, 60, START)
    late = START + timedelta(days=2)
    clock = clocks.pause(clock, OFFICE, late)
    assert clock.due == clock.first_due
    clock = clocks.resume(clock, OFFICE, late + timedelta(days=1))
    assert clock.due == clock.first_due
    assert clocks.finish(clock, OFFICE, late + timedelta(days=2)).met is False


def test_closing_early_and_reopening_gives_what_was_left() -> None:
    clock = clocks.start(OFFICE, 5 * 480, START)
    closed = clocks.finish(clock, OFFICE, START + timedelta(days=1))
    assert closed.met is True
    reopened = clocks.resume(closed, OFFICE, START + timedelta(days=21))
    left = 5 * 480 - OFFICE.between(START, START + timedelta(days=1))
    assert reopened.due == OFFICE.add(START + timedelta(days=21), left)


def test_a_new_due_date_by_hand_survives_a_pause() -> None:
    clock = clocks.start(OFFICE, 480, START)
    due = OFFICE.add(START, 3 * 480)
    clock = clocks.extend(clock, OFFICE, due)
    clock = clocks.pause(clock, OFFICE, START + timedelta(hours=1))
    clock = clocks.resume(clock, OFFICE, START + timedelta(hours=3))
    assert clock.due is not None
    assert clock.due > due


@given(st.integers(1, 5_000), st.booleans())
def test_a_stored_clock_is_read_back_the_same(limit: int, paused: bool) -> None:
    clock = clocks.start(OFFICE, limit, START)
    if paused:
        clock = clocks.pause(clock, OFFICE, START + timedelta(hours=5))
    assert Clock.read(clock.stored()) == clock
