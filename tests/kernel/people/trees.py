"""Random trees of units for tests of rights, some of which took over others wholly."""

from dataclasses import dataclass
from datetime import date
from itertools import count

from hypothesis import strategies as st

from tinhso.kernel.units.models import Unit

_codes = count()


@dataclass(frozen=True)
class Tree:
    """Units by place: `parents[n]` is over n, `successors[n]` took over n; both None at the top."""

    parents: tuple[int | None, ...]
    successors: tuple[int | None, ...]

    @property
    def size(self) -> int:
        return len(self.parents)

    def above(self, place: int) -> set[int]:
        """The place itself and all over it."""
        found, at = {place}, self.parents[place]
        while at is not None:
            found.add(at)
            at = self.parents[at]
        return found

    def ancestry(self, place: int) -> set[int]:
        """The place itself and all that passed wholly into it, at any remove."""
        found = {place}
        while fresh := {old for old, new in enumerate(self.successors) if new in found} - found:
            found |= fresh
        return found


@st.composite
def trees(draw: st.DrawFn, most: int = 9) -> Tree:
    """A tree, or several beside each other, in which a later place may have taken over an earlier one."""
    size = draw(st.integers(2, most))
    parents = [draw(st.none() | st.integers(0, n - 1)) if n else None for n in range(size)]
    successors = [
        draw(st.none() | st.none() | st.integers(n + 1, size - 1)) if n < size - 1 else None for n in range(size)
    ]
    return Tree(tuple(parents), tuple(successors))


def plant(tree: Tree) -> list[Unit]:
    """Write the tree into the database, each unit with its path and lineage; in order of their places."""
    units = Unit.objects.bulk_create(
        Unit(code=f"R{next(_codes)}", valid_from=date(2020, 1, 1), kind="department", name="R", sort_key="R")
        for _ in range(tree.size)
    )
    for place, unit in enumerate(units):
        unit.path = [units[it].pk for it in sorted(tree.above(place))]
        unit.lineage = [units[it].pk for it in sorted(tree.ancestry(place))]
    Unit.objects.bulk_update(units, ["path", "lineage"])
    return units
