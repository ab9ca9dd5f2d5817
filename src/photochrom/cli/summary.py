"""What became of all pictures of a run, in a few lines: how many, and which reasons how often."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from photochrom.cli.jobs import Job, Report, Status

FAILURES: Final[frozenset[Status]] = frozenset({"failed", "missing", "differs"})
"""What makes the exit code 1."""

_WORDS: Final[dict[Status, str]] = {
    "colored": "coloured",  # identifiers are American, what people read is British
    "verified": "verified",
    "skipped": "skipped",
    "missing": "missing",
    "differs": "different",
    "failed": "failed",
}

_MOST: Final = 12
"""Reasons that are told to people; there may be as many as pictures."""


class Summary:
    """Counts reports as they come."""

    def __init__(self) -> None:
        self._counts: Counter[Status] = Counter()
        self._reasons: Counter[tuple[Status, str]] = Counter()

    def add(self, job: Job, report: Report) -> None:
        """Count one report."""
        self._counts[report.status] += 1
        if report.reason is not None:
            self._reasons[report.status, _common(report.reason, job)] += 1

    @property
    def failed(self) -> bool:
        """Whether anything was not done that should have been."""
        return any(self._counts[status] for status in FAILURES)

    def lines(self) -> list[str]:
        """For people: the counts, then the reasons, the most frequent first."""
        told = [", ".join(f"{self._counts[status]} {word}" for status, word in _WORDS.items() if self._counts[status])]
        reasons = self._reasons.most_common()
        told += [f"  {count} {_WORDS[status]}: {reason}" for (status, reason), count in reasons[:_MOST]]
        if len(reasons) > _MOST:
            rest = [count for _, count in reasons[_MOST:]]
            told.append(f"  {sum(rest)} more, for {len(rest)} other reasons")
        return told

    def as_dict(self) -> dict[str, Any]:
        """For programs: {status: count, …, "reasons": [{"status", "reason", "count"}, …]}, all of them."""
        reasons = [
            {"status": status, "reason": reason, "count": count}
            for (status, reason), count in self._reasons.most_common()
        ]
        return {**{status: self._counts[status] for status in _WORDS if self._counts[status]}, "reasons": reasons}


def _common(reason: str, job: Job) -> str:
    """The reason without the names of its files, so that pictures with the same one are counted together."""
    names = sorted({str(name) for name in (job.source, job.target) if name is not None}, key=len, reverse=True)
    for name in names:
        reason = reason.removeprefix(name).replace(name, "…")
    return reason.lstrip(": ")
