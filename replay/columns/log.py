"""The log as replay reads it: blocks of whole entities, and one entity's history."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol
from uuid import UUID

from registry.entry import Entry
from registry.vocabulary import Kind
from replay.columns.faults import Missing
from replay.columns.forms import KeptSpaces, Spaces
from replay.columns.layout import PARTITION_BITS, layout
from replay.columns.merging import merge
from replay.columns.pieces import Cuts, piece, sealed_run
from replay.columns.runs import Block, Run, entries, runs


class Log(Protocol):
    """What replay reads.

    bits: an entity is in the partition `handle >> bits`. head: the last position it holds.
    """

    @property
    def spaces(self) -> Spaces:
        """Identifiers by handle."""
        ...

    @property
    def bits(self) -> int:
        """An entity is in the partition `handle >> bits`."""
        ...

    @property
    def head(self) -> int:
        """The last position it holds, 0 if none."""
        ...

    def count(self, kind: Kind) -> int:
        """How many entities of a kind have a handle, whether they have entries or not."""
        ...

    def partitions(self, kind: Kind) -> range:
        """The partitions of a kind."""
        ...

    def block(self, kind: Kind, partition: int) -> Block:
        """All rows of a partition; its arrays are only read, and many are made when asked for."""
        ...

    def stretch(self, kind: Kind, first: int, size: int) -> Block:
        """The same of the entities `first` to `first + size`, which lie in one partition."""
        ...

    def history(self, kind: Kind, stream: UUID) -> list[Entry]:
        """One stream's entries in version order, none if it has none."""
        ...

    def position_at(self, instant: int) -> int:
        """The last position recorded at or before an instant in microseconds, 0 if none."""
        ...


class Layer(Protocol):
    """A run, wherever it lies."""

    def piece(self, first: int, size: int) -> Run | None:
        """What it holds of the entities `first` to `first + size`."""
        ...


class KeptLayer:
    """A run in memory."""

    def __init__(self, run: Run, bits: int) -> None:
        self.run = sealed_run(run)
        self._cuts = Cuts.of(self.run, bits)

    def piece(self, first: int, size: int) -> Run | None:
        """What it holds of the entities `first` to `first + size`."""
        return piece(self.run, self._cuts, first, size)


class LayeredLog(ABC):
    """A log whose kinds lie in runs, one on top of the other."""

    spaces: Spaces
    bits: int

    @abstractmethod
    def layers(self, kind: Kind, partition: int) -> Sequence[Layer]:
        """The runs that hold rows of a partition, the oldest first."""

    def count(self, kind: Kind) -> int:
        """How many entities of a kind have a handle, whether they have entries or not."""
        return self.spaces.count(kind.value)

    def partitions(self, kind: Kind) -> range:
        """The partitions of a kind."""
        return range((self.count(kind) - 1 >> self.bits) + 1)

    def block(self, kind: Kind, partition: int) -> Block:
        """All rows of a partition; its arrays are only read, and many are made when asked for."""
        first = partition << self.bits
        size = min(1 << self.bits, self.count(kind) - first)
        assert size > 0, f"there is no partition {partition} of {kind}"
        return self.stretch(kind, first, size)

    def stretch(self, kind: Kind, first: int, size: int) -> Block:
        """The same of the entities `first` to `first + size`, which lie in one partition."""
        found = [layer.piece(first, size) for layer in self.layers(kind, first >> self.bits)]
        return merge(
            [one for one in found if one is not None],
            layout(kind),
            first,
            size,
            self.named(kind),
        )

    def named(self, kind: Kind) -> Callable[[int], UUID]:
        """Tells the identifier of a handle, for errors."""
        return lambda handle: self.spaces.ids(kind.value, [handle])[0]

    def history(self, kind: Kind, stream: UUID) -> list[Entry]:
        """One stream's entries in version order, none if it has none."""
        handle = self.spaces.find(kind.value, stream)
        if handle is None:
            return []
        found = [layer.piece(handle, 1) for layer in self.layers(kind, handle >> self.bits)]
        told = [one for part in found if part is not None for one in entries(part, self.spaces)]
        for version, entry in enumerate(told, 1):
            if entry.version != version:
                raise Missing(f"{kind.value} {stream}", version, entry.version)
        return told


class KeptLog(LayeredLog):
    """A log in memory, of entries: for tests, and for what is not sealed yet."""

    def __init__(self, entries: Iterable[Entry], bits: int = PARTITION_BITS) -> None:
        entries = list(entries)
        self.bits = bits
        self.spaces = KeptSpaces()
        self._layers = {
            kind: KeptLayer(run, bits) for kind, run in runs(entries, self.spaces).items()
        }
        self._instants = sorted((entry.position, entry.recorded_at) for entry in entries)

    @property
    def head(self) -> int:
        """The last position it holds, 0 if none."""
        return self._instants[-1][0] if self._instants else 0

    def layers(self, kind: Kind, partition: int) -> Sequence[Layer]:
        """The runs that hold rows of a partition, the oldest first."""
        layer = self._layers.get(kind)
        return [] if layer is None else [layer]

    def position_at(self, instant: int) -> int:
        """The last position recorded at or before an instant in microseconds, 0 if none."""
        return max((position for position, at in self._instants if at <= instant), default=0)
