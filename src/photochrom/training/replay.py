"""Replay: new photographs and old ones in one data set, a fixed share of every batch from the old.

A network that goes on learning from new photographs alone forgets the rest, and the narrower they are the
sooner. Shown some of the old ones all along it does not (rehearsal; Robins 1995).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import UsageError
from photochrom.evaluation.photographs import Photographs


class Replayed(Photographs):
    """The photographs of `new`, then those of `old`, drawn so that `share` of every batch is old.

    Args:
        new: what is to be learned.
        old: what is not to be forgotten.
        share: of the old ones, above 0 and below 1.

    Attributes:
        entries, manifest_sha256: as of any `Photographs`; the hash is that of the new manifest.
        replay_sha256: hash of the old one.

    Raises:
        UsageError: the share leaves one of the two out.
    """

    def __init__(self, new: Photographs, old: Photographs, share: float) -> None:
        if not 0 < share < 1:
            raise UsageError(f"replay_share must lie between 0 and 1, not be {share:g}: both sets are to be seen.")
        self._parts = ((new, 1 - share), (old, share))
        self.entries = [*new.entries, *old.entries]
        self.manifest_sha256, self.replay_sha256 = new.manifest_sha256, old.manifest_sha256

    def weights(self, by_source: Mapping[str, float]) -> NDArray[np.float64]:
        """Sampling probability of each photograph; sources are weighted within the new and within the old."""
        super().weights(by_source)  # names sources that neither has
        shares = []
        for part, share in self._parts:
            sources = {entry.source for entry in part.entries}
            shares.append(share * part.weights({s: w for s, w in by_source.items() if s in sources}))
        return np.concatenate(shares)
