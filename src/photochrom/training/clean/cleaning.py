"""The whole of `photochrom clean`: pictures in, shards, tables and a report out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from photochrom.errors import DataError, UsageError
from photochrom.training.clean.examining import Way
from photochrom.training.clean.journal import Journal
from photochrom.training.clean.listing import Item, pictures
from photochrom.training.clean.packing import Splits, pack, write_rejected
from photochrom.training.clean.report import write_report
from photochrom.training.clean.rules import RULES
from photochrom.training.clean.sorting import sort_out

WORK: Final = ".unfinished"
"""Folder in the output folder that holds the journals until the work is done."""

Progress = Callable[[str, int, int], object]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How photographs are cleaned.

    Attributes:
        side: longest that the shorter side may be in the shards, in pixels.
        min_side: shortest that it may be in the file, without borders.
        quality: of the WebP files in the shards, 1 to 100.
        val, test: shares of the photographs, 0 to 1.
        shard_megabytes: when a shard is full.
        source_name: the source set of all pictures; None: see `listing.pictures`.

    Raises:
        UsageError: they make no sense.
    """

    side: int = 256
    min_side: int = 256
    quality: int = 90
    val: float = 0.03
    test: float = 0.03
    shard_megabytes: float = 64
    source_name: str | None = None

    def __post_init__(self) -> None:
        if self.side < 32 or self.min_side < 1 or not 1 <= self.quality <= 100 or self.shard_megabytes <= 0:
            raise UsageError("--side must be at least 32, --min-side 1, --quality 1 to 100, --shard-megabytes above 0")
        Splits(self.val, self.test)


@dataclass(frozen=True)
class Cleaned:
    """What became of the pictures.

    Attributes:
        splits: photographs in each split.
        rejected: pictures left out, by reason, the most frequent first.
        sources: photographs kept and pictures left out, by source set.
        unseen: pictures of the evaluation set that can't be decoded, by name: nothing was held against them.
    """

    splits: Mapping[str, int]
    rejected: Mapping[str, int]
    sources: Mapping[str, tuple[int, int]]
    unseen: Sequence[str] = ()

    @property
    def kept(self) -> int:
        """Photographs in the shards."""
        return sum(self.splits.values())


def clean(
    sources: Sequence[str],
    out: Path,
    *,
    options: Options,
    against: Sequence[str] = (),
    workers: int = 1,
    progress: Progress = lambda stage, done, of: None,
) -> Cleaned:
    """Make training shards of photographs: tars, manifest.csv, rejected.csv and report.html in the folder `out`.

    What was done before the process was ended is not done again. The bytes depend on the pictures and the
    options alone, not on the number of workers, interruptions or the order of the sources.

    Args:
        sources: see `listing.pictures`.
        against: evaluation sets, given in the same way; what looks like one of their pictures is left out.
        workers: processes.

    Raises:
        UsageError: `out` holds finished shards, or unfinished ones of other pictures.
        DataError: a source can't be read, or no picture can be used.
    """
    work = out / WORK
    if (out / "manifest.csv").exists() and not work.exists():
        raise UsageError(f"{out} holds shards already (manifest.csv): give another folder, or delete this one")
    items, known = pictures(sources, options.source_name), pictures(against) if against else []
    way = Way(options.side, options.min_side, options.quality)
    looking = Way(options.side, 0, options.quality, judge=False)
    evaluation = Journal(work, "against", _task(known, looking))
    journal = Journal(work, "pictures", _task(items, way))
    evaluation.run(known, looking, workers, lambda done: progress("looking at the evaluation set", done, len(known)))
    journal.run(items, way, workers, lambda done: progress("looking at pictures", done, len(items)))

    progress("comparing", 0, 1)
    kept, rejected = sort_out(journal.examined, evaluation.examined)
    write_rejected(out, rejected)
    reasons = Counter(each.reason for each in rejected)
    if not kept:
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        raise DataError(f"None of the {len(items)} pictures can be used: {told}. {out / 'rejected.csv'} names each.")
    progress("writing", 0, 1)
    splits = pack(
        out,
        kept,
        journal.contents,
        splits=Splits(options.val, options.test),
        shard_bytes=round(options.shard_megabytes * 1e6),
    )
    every = Counter(each.source for each in journal.examined)
    stayed = Counter(each.known.source for each in kept)
    result = Cleaned(
        splits,
        dict(sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))),
        {source: (stayed[source], every[source] - stayed[source]) for source in sorted(every)},
        [each.name for each in evaluation.examined if each.signature is None],
    )
    write_report(out / "report.html", [*known, *items], [each.known for each in kept], rejected, splits, options.side)
    evaluation.remove()
    journal.remove()
    work.rmdir()
    return result


def _task(items: Sequence[Item], way: Way) -> str:
    """A name for the work: which pictures, and how they are judged."""
    limits = {rule.reason.value: rule.limit for rule in RULES}
    listed = [(item.name, item.source, item.offset, item.size) for item in items]
    return hashlib.sha256(json.dumps([asdict(way), limits, listed]).encode()).hexdigest()
