"""What a measurement found, and how it is shown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console(highlight=False, width=max(Console().width, 118))


@dataclass
class Result:
    """One line: *measured* against its *budget*, beside what the floor took. `better` says which way is good.

    A line without a budget is there to be read beside the others.
    """

    what: str
    measured: float
    unit: str
    floor: float | None = None
    floor_is: str = ""
    budget: float | None = None
    better: str = "low"
    also: str = ""
    """More of the measured thing, shown behind it."""
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How many times the floor it takes (or, where more is better, what share of the floor it reaches)."""
        return self.measured / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the budget is kept; nothing where there is none."""
        if self.budget is None:
            return None
        return self.measured <= self.budget if self.better == "low" else self.measured >= self.budget


def number(value: float | None) -> str:
    """A number with the digits that mean something."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < 1_000:
        return str(int(value))
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def show(results: Sequence[Result]) -> None:
    """Print the table, and under it the reasons for what misses its budget."""
    table = Table(title="Budgets", title_justify="left")
    for name in ("what", "measured", "floor", "ratio", "budget", ""):
        table.add_column(name, justify="left" if name in {"what", ""} else "right", overflow="fold")
    verdicts = {True: "[green]met[/]", False: "[red]missed[/]", None: "[dim]–[/]"}
    for it in results:
        budget = f"{'≤' if it.better == 'low' else '≥'} {number(it.budget)}" if it.budget is not None else ""
        measured = f"{number(it.measured)} {it.unit}" + (f" ({it.also})" if it.also else "")
        table.add_row(it.what, measured, number(it.floor), number(it.ratio), budget, verdicts[it.met])
    console.print(table)
    for text in dict.fromkeys(it.floor_is for it in results if it.floor_is):
        console.print(f"[dim]floor: {text}[/]")
    for it in results:
        if it.note or it.met is False:
            reason = (
                ". ".join(filter(None, [it.also, _beside_floor(it), it.note])) or f"{number(it.measured)} {it.unit}"
            )
            console.print(f"[{'red' if it.met is False else 'dim'}]{it.what}: {reason}[/]")


def _beside_floor(result: Result) -> str:
    if not result.floor or result.better == "high" or result.measured <= result.floor:
        return ""
    return f"{number(result.measured - result.floor)} {result.unit} are not in the floor's {number(result.floor)}"


def store(results: Sequence[Result], machine: dict[str, Any], path: Path) -> None:
    """Everything as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(it) | {"ratio": it.ratio, "met": it.met} for it in results]
    path.write_text(json.dumps({"machine": machine, "results": rows}, ensure_ascii=False, indent=1, default=str))
