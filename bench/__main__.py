"""`python -m bench`: every budget of the design that a machine can measure, beside its floor, in one run."""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.arena import Arena, arena
from bench.results import Result, console, show, store

if TYPE_CHECKING:
    from bench.filling import Filled

BUILD = Path(__file__).resolve().parents[1] / "build"
PARTS = ("open", "list", "act", "board", "import")
REQUESTS = 600
SMALL = 10_000
"""At this size the figures are recounted and rebuilt; at more it would take minutes and say the same."""


@click.command()
@click.option("--cases", "sizes", default=f"{SMALL},1000000", help="Sizes to fill up to, in order.")
@click.option("--only", default=",".join(PARTS), help=f"Parts, of {', '.join(PARTS)}.")
@click.option("--quick", is_flag=True, help=f"{SMALL:,} cases and the short log alone, in a minute and a half.")
@click.option(
    "--json", "path", type=click.Path(path_type=Path), default=BUILD / "bench.json", help="Where to keep it."
)
def main(sizes: str, only: str, quick: bool, path: Path) -> None:
    """Fill a database of its own, measure, print a table; exit code 0 whatever is missed."""
    wanted = [SMALL] if quick else [int(it) for it in sizes.split(",")]
    parts = only.split(",")
    if unknown := set(parts) - set(PARTS):
        raise click.UsageError(f"there is no part {', '.join(sorted(unknown))}")
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.1f} s[/] {text}")

    say("PostgreSQL, migrations, units, case types")
    results: list[Result] = []
    with arena() as place:
        try:
            from bench.filling import Filling  # noqa: PLC0415  its imports need the arena's settings

            filling = Filling(lambda text: say(f"filling: {text}"))
            for size in wanted:
                filled = filling.fill(size)
                say(f"{filled.cases:,} cases, {filled.events:,} events")
                results += _measure(place, filled, parts, path.parent / "bench-plans", say, quick=quick)
            if len(wanted) > 1 and "list" in parts:
                from bench.listing import compare_sizes  # noqa: PLC0415

                results += compare_sizes(results, wanted[0], wanted[-1])
            if "import" in parts:
                from bench.importing import measure_import  # noqa: PLC0415

                say("import of a real log")
                results += measure_import(place, short=quick)
        finally:
            say("done")
            show(results)
            store(results, _machine(), path)
            console.print(f"[dim]{path} has everything; plans of statements are in {path.parent}/bench-plans[/]")


def _measure(
    place: Arena, filled: "Filled", parts: list[str], plans: Path, say: Callable[[str], None], *, quick: bool
) -> list[Result]:
    """All parts at one size."""
    from bench.boards import measure_board, measure_drift, measure_lag  # noqa: PLC0415
    from bench.listing import measure_lists  # noqa: PLC0415
    from bench.opening import measure_acting, measure_opening  # noqa: PLC0415

    results: list[Result] = []
    requests = REQUESTS // 3 if quick else REQUESTS
    if "list" in parts:
        say("lists")
        results += measure_lists(place, filled, requests // 3, plans)
    if "board" in parts:
        say("board")
        results += measure_board(place, filled, plans)
        results += measure_lag(place, filled)
    if "open" in parts:
        say("open")
        results += measure_opening(place, filled, requests)
    if "act" in parts:
        say("act")
        results += measure_acting(place, filled, requests // 2)
    if "board" in parts and filled.cases <= SMALL:
        say("drift")
        results += measure_drift(filled)
    return results


def _machine() -> dict[str, object]:
    load = os.getloadavg()
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": load, "system": platform.platform()}


if __name__ == "__main__":
    main()
