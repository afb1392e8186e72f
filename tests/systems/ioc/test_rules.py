"""Periods, ranks, the chart's scale and the map's cells."""

from datetime import date, timedelta
from itertools import pairwise

import h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinhso.kernel.measures.definitions import By
from tinhso.systems.ioc.presenting.charts import chart, top_of
from tinhso.systems.ioc.queries.figures import Step
from tinhso.systems.ioc.rules import (
    CELL_RESOLUTION,
    Period,
    Preset,
    parent_masks,
    ranked,
    resolution_for,
    stored_cells,
)

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
POINTS = st.tuples(st.floats(8, 24), st.floats(102, 110))  # the country


@pytest.mark.parametrize(
    ("preset", "start"),
    [
        (Preset.TODAY, date(2026, 3, 5)),
        (Preset.SEVEN_DAYS, date(2026, 2, 27)),
        (Preset.THIRTY_DAYS, date(2026, 2, 4)),
        (Preset.MONTH, date(2026, 3, 1)),
        (Preset.YEAR, date(2026, 1, 1)),
    ],
)
def test_a_preset_ends_today(preset: Preset, start: date) -> None:
    assert preset.period(date(2026, 3, 5)) == Period(start, date(2026, 3, 5))


@given(DAYS, st.integers(0, 3_000))
def test_the_steps_of_a_period_are_the_period(start: date, days: int) -> None:
    end = min(start + timedelta(days=days), date(2100, 12, 31))
    period = Period(start, end)
    steps = list(period.steps())
    assert [steps[0].start, steps[-1].end] == [start, end]
    assert all(later.start == earlier.end + timedelta(days=1) for earlier, later in pairwise(steps))
    assert len(steps) <= 120
    assert period.step is By.DAY or len(steps) < period.days


def test_days_out_of_order_or_far_away_are_no_period() -> None:
    for start, end in ((date(2026, 3, 2), date(2026, 3, 1)), (date(1, 1, 1), date(2026, 1, 1))):
        with pytest.raises(ValueError, match="is no period"):
            Period(start, end)


def test_only_those_with_a_share_have_a_place_and_equals_share_one() -> None:
    rows = [("few", None), ("low", 0.2), ("high", 0.9), ("same", 0.9), ("none", None)]
    places = [(place, name) for place, (name, _) in ranked(rows, lambda row: row[1])]
    assert places == [(1, "high"), (1, "same"), (3, "low"), (None, "few"), (None, "none")]


@given(POINTS, st.integers(0, CELL_RESOLUTION))
def test_a_parent_by_its_bits_is_the_parent_of_the_library(point: tuple[float, float], resolution: int) -> None:
    cell = h3.str_to_int(h3.latlng_to_cell(*point, CELL_RESOLUTION))
    mask, fill = parent_masks(resolution)
    parent = cell & mask | fill
    assert h3.int_to_str(parent) == h3.cell_to_parent(h3.int_to_str(cell), resolution)
    first, last = stored_cells(parent)
    assert first <= cell <= last


@given(POINTS, POINTS, st.integers(3, CELL_RESOLUTION))
def test_only_the_cells_of_a_parent_lie_in_it(
    one: tuple[float, float], other: tuple[float, float], resolution: int
) -> None:
    cell = h3.latlng_to_cell(*one, CELL_RESOLUTION)
    parent = h3.cell_to_parent(h3.latlng_to_cell(*other, CELL_RESOLUTION), resolution)
    first, last = stored_cells(h3.str_to_int(parent))
    assert (first <= h3.str_to_int(cell) <= last) == (h3.cell_to_parent(cell, resolution) == parent)


@pytest.mark.parametrize("text", ["0", "1", "ffffffffffffffff", "8f65b56628e46db", "-5"])
def test_what_is_no_cell_of_the_map_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cell"):
        stored_cells(int(text, 16))


def test_the_map_gathers_less_the_nearer_it_is() -> None:
    found = [resolution_for(zoom / 2) for zoom in range(40)]
    coarse = [it for it in found if it is not None]
    assert coarse == sorted(coarse)
    assert found[-1] is None


@given(st.integers(0, 10**7))
def test_the_scale_holds_the_most_and_has_a_whole_middle(most: int) -> None:
    top = top_of(most)
    assert top >= max(most, 2)
    assert top % 2 == 0
    assert top <= max(2, 2 * most)


def test_a_bar_is_as_high_as_its_share_of_the_scale() -> None:
    day = Period(date(2026, 3, 1), date(2026, 3, 1))
    drawn = chart([Step(day, 8, 0), Step(day, 0, 4)])
    assert [(it.height, it.line_y) for it in drawn.bars] == [(100, 100), (0, 50)]
    assert [it.count for it in drawn.ticks] == [0, 4, 8]
