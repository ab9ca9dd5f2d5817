"""What a worker process of the command can be asked for; see `photochrom.contained`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from photochrom.cli.jobs import Answer, Job, Settings
from photochrom.contained.process import Tell


class Serving:
    """The methods are the requests; modules are imported as they are needed."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def plan(self, options: dict[str, Any]) -> list[Job]:
        """The jobs of a command line: `photochrom.cli.plan.plan`."""
        from photochrom.cli.plan import plan

        return plan(**options)

    def load(self, settings: Settings, threads: int) -> None:
        """Make ready what is needed, the model above all."""
        if settings.verify:
            from photochrom.cli.verifying import Verifying

            self._work: Any = Verifying(settings).verify
        else:
            from photochrom.cli.coloring import Coloring

            self._coloring = Coloring(settings, threads=threads, tell=self._tell)
            self._work = self._coloring.color

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Once for a run, before its pictures: `photochrom.cli.standing.Standing.prepare`."""
        self._coloring.prepare(jobs)

    def attempt(self, job: Job, data: bytes | None) -> Answer:
        """Color or verify one picture: `photochrom.cli.coloring.attempt`."""
        from photochrom.cli.coloring import attempt

        return attempt(job, data, self._work)
