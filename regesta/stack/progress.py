"""Show a set-up at work: live on a terminal, a line per part anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from regesta.stack.parts import UP_TO_DATE, Outcome, Progress


@contextmanager
def shown(console: Console, quiet: bool = False) -> Iterator[Progress]:
    """Give a progress that prints to a console; `quiet` prints nothing."""
    if quiet:
        yield Quiet()
    elif console.is_terminal:
        with Bars(
            SpinnerColumn(), TextColumn("{task.description:<22}"), TimeElapsedColumn(), console=console, transient=True
        ) as bars:
            yield Live(bars)
    else:
        yield Lines(console)


class Quiet:
    """Says nothing."""

    def started(self, name: str) -> None:
        """Say nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Say nothing."""


class Lines:
    """One line per part that did something."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def started(self, name: str) -> None:
        """Say nothing yet."""

    def ended(self, outcome: Outcome) -> None:
        """Print how long it took and what came of it."""
        if outcome.note != UP_TO_DATE:
            mark = "[red]✗[/]" if outcome.error else "[green]✓[/]"
            note = "" if outcome.error else f"  [dim]{outcome.note}[/]"
            self._console.print(
                f"{mark} {outcome.name:<22}{outcome.seconds:6.1f} s{note}", highlight=False, soft_wrap=True
            )


class Live(Lines):
    """The lines, and under them what is at work now."""

    def __init__(self, bars: Bars) -> None:
        super().__init__(bars.console)
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def started(self, name: str) -> None:
        """Show it turning."""
        self._tasks[name] = self._bars.add_task(name, total=None)

    def ended(self, outcome: Outcome) -> None:
        """Replace it by its line."""
        self._bars.remove_task(self._tasks.pop(outcome.name))
        super().ended(outcome)
