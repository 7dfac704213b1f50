"""A make-believe province as a log in memory, for tests and for measurements without a disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from registry.vocabulary import Kind
from replay.columns.layout import PARTITION_BITS
from replay.columns.log import KeptLayer, Layer, LayeredLog
from replay.columns.runs import Run, runs
from replay.province.making import KINDS, Province
from replay.province.parts import Part, join


def groups(province: Province, towns: int = 4) -> Iterator[dict[Kind, Run]]:
    """A province as runs, of so many towns each; the first is of its places."""
    spaces = province.spaces
    yield runs(province.places, spaces)
    waiting: list[dict[Kind, Part]] = []
    for number, made in enumerate(province.all_parts(ahead=min(towns, 4)), 1):
        waiting.append(made)
        if len(waiting) == towns or number == province.towns:
            yield {
                kind: join([one[kind] for one in waiting if kind in one])
                for kind in KINDS
                if any(kind in one for one in waiting)
            }
            waiting = []


class ProvinceLog(LayeredLog):
    """A province in memory; its entities lie in runs of several towns, one after the other."""

    def __init__(self, province: Province, bits: int = PARTITION_BITS, towns: int = 4) -> None:
        self.province, self.bits, self.spaces = province, bits, province.spaces
        self._layers: dict[tuple[Kind, int], list[Layer]] = defaultdict(list)
        for group in groups(province, towns):
            for kind, run in group.items():
                layer = KeptLayer(run, bits)
                for partition in np.unique(run.entities >> bits).tolist():
                    self._layers[kind, partition].append(layer)

    @property
    def head(self) -> int:
        """The last position it holds."""
        return self.province.before + self.province.survey.entries

    def layers(self, kind: Kind, partition: int) -> Sequence[Layer]:
        """The runs that hold rows of a partition."""
        return self._layers.get((kind, partition), [])

    def position_at(self, instant: int) -> int:
        """The last position recorded at or before an instant in microseconds, 0 if none."""
        return self.province.position_at(instant)
