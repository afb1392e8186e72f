"""Geometry of the trend: bars for what was opened, a line for what was closed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinhso.systems.ioc.queries.figures import Step

WIDTH, HEIGHT = 1000.0, 100.0
"""Of the drawing, in its own units; the page stretches it to the room that it has."""
BAR_SHARE = 0.62
"""Of a step's width, that its bar takes."""
_ROUND = (10, 12, 16, 20, 30, 40, 50, 60, 80)
"""Tenths of a power of ten that read as round."""


@dataclass(frozen=True)
class Bar:
    """One step: its bar, its column for the pointer, and its point of the line."""

    step: Step
    left: float
    width: float
    column_left: float
    column_width: float
    top: float
    height: float
    line_x: float
    line_y: float


@dataclass(frozen=True)
class Tick:
    """A line across the drawing at a round count."""

    count: int
    y: float


@dataclass(frozen=True)
class Chart:
    """Everything that the template draws. `marks` are the places of the steps that are named under it."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    line: str
    marks: Sequence[int]
    opened: int
    closed: int

    @property
    def empty(self) -> bool:
        return not (self.opened or self.closed)


def chart(steps: Sequence[Step]) -> Chart:
    """The trend as a drawing."""
    most = top_of(max((max(it.opened, it.closed) for it in steps), default=0))
    width = WIDTH / max(1, len(steps))
    bars = [_bar(step, index * width, width, most) for index, step in enumerate(steps)]
    return Chart(
        bars=bars,
        ticks=[Tick(count, _y(count, most)) for count in (0, most // 2, most)] if most > 1 else [Tick(most, 0.0)],
        line=" ".join(f"{bar.line_x:.1f},{bar.line_y:.1f}" for bar in bars),
        marks=sorted({0, len(steps) // 2, len(steps) - 1}) if steps else [],
        opened=sum(it.opened for it in steps),
        closed=sum(it.closed for it in steps),
    )


def _bar(step: Step, left: float, width: float, most: int) -> Bar:
    top = _y(step.opened, most)
    return Bar(
        step=step,
        left=round(left + width * (1 - BAR_SHARE) / 2, 2),
        width=round(width * BAR_SHARE, 2),
        column_left=round(left, 2),
        column_width=round(width, 2),
        top=top,
        height=round(HEIGHT - top, 2),
        line_x=round(left + width / 2, 2),
        line_y=_y(step.closed, most),
    )


def _y(count: int, most: int) -> float:
    return round(HEIGHT * (1 - count / most), 2)


def top_of(count: int) -> int:
    """The least round even number that is not below *count*: its half, which is written too, is whole; at least 2."""
    power = 1
    while True:
        for tenths in _ROUND:
            nice, rest = divmod(tenths * power, 10)
            if not rest and nice % 2 == 0 and nice >= count:
                return nice
        power *= 10
