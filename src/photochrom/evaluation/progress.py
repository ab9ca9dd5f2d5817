"""How far an evaluation is and what its parts took: a bar where somebody looks on, seconds in any case."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[], object]
"""Called once for each photograph that is done."""


class Stopwatch:
    """Seconds by part, added up over all the times that a part ran.

    Attributes:
        seconds: part -> seconds.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the time of the block to the part `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start


@contextmanager
def progress(what: str, count: int) -> Iterator[Advance]:
    """A bar on standard error while `count` photographs are worked on, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task(what, total=count)
        yield lambda: bar.advance(task)
