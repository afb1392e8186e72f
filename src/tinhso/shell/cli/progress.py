"""What a command prints while it works: one line a step, with its time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show *title* while the block runs (with a spinner on a terminal), then its seconds."""
    began = time.monotonic()
    with console.status(title):
        yield
    say(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")


def say(line: str) -> None:
    """Print one line. A reader that went away does not end the command."""
    try:
        console.print(line, soft_wrap=True)
    except OSError:
        console.quiet = True
