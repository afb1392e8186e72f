"""`python -m bench`: every budget of the design that a machine can measure, beside its floor, in one run."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from bench.arena import Stage, arena
from bench.results import Result, console, show, store

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
                with place.web() as web:
                    for found in _measure(Stage(place, web, filled, path.parent / "bench-plans"), parts, say, quick):
                        results += found
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


def _measure(stage: Stage, parts: list[str], say: Callable[[str], None], quick: bool) -> Iterator[list[Result]]:
    """All parts at one size."""
    from bench.boards import measure_board, measure_drift, measure_lag  # noqa: PLC0415
    from bench.listing import measure_lists  # noqa: PLC0415
    from bench.opening import measure_acting, measure_nothing, measure_opening  # noqa: PLC0415

    requests = REQUESTS // 3 if quick else REQUESTS
    yield measure_nothing(stage, requests)
    if "list" in parts:
        say("lists")
        yield measure_lists(stage, requests // 8)
    if "board" in parts:
        say("board")
        yield measure_board(stage)
        say("board: how far behind")
        yield measure_lag(stage)
    if "open" in parts:
        say("open")
        yield measure_opening(stage, requests)
    if "act" in parts:
        say("act")
        yield measure_acting(stage, requests // 2)
    if "board" in parts and stage.filled.cases <= SMALL:
        say("drift")
        yield measure_drift(stage)


def _machine() -> dict[str, object]:
    load = os.getloadavg()
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": load, "system": platform.platform()}


if __name__ == "__main__":
    main()
