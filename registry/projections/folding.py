"""A batch of the log in, changed rows out; nothing here reads or writes a database.

An entry that is last in its stream's order, and neither voids nor corrects, is one step from the
state kept in memory. Any other makes its stream be folded anew, of which only the difference is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from registry.codec import Codec
from registry.entry import Entry
from registry.projections.base import Projection
from registry.projections.changes import Changes
from registry.projections.strands import Strand
from registry.store import Stored
from registry.vocabulary import Kind

#: Streams of a kind whose states are kept in memory between batches; a person takes some 2 kB.
CACHED_STREAMS = 20_000

#: The entries of streams that have any, by the streams' bytes, in version order.
Histories = Callable[[Collection[bytes]], Mapping[bytes, Sequence[Stored]]]


class Folding:
    """Folds the log into some projections, all of them at the same position."""

    def __init__(
        self,
        projections: Collection[Projection],
        codec: Codec,
        histories: Histories,
        cached: int = CACHED_STREAMS,
    ) -> None:
        self.projections = tuple(projections)
        self._histories = histories
        self._strands: dict[int, Strand] = {}  # by code of an event that they fold
        for kind in Kind:
            told = [one for one in self.projections if kind in one.kinds]
            if told:
                strand = Strand(kind, told, codec, cached)
                self._strands.update(dict.fromkeys(strand.codes, strand))
        #: The codes of all entries that can change anything.
        self.codes = frozenset(self._strands)

    def fold(self, batch: Sequence[Stored], *, whole: bool = False) -> dict[str, Changes]:
        """What a batch changes, by projection.

        whole: it holds streams from their beginning, and not the log by position.
        """
        changes = {projection.name: Changes() for projection in self.projections}
        told: dict[Strand, dict[bytes, list[Stored]]] = {
            strand: {} for strand in self._strands.values()
        }
        by_code: dict[int | None, dict[bytes, list[Stored]]] = {
            code: told[strand] for code, strand in self._strands.items()
        }
        for stored in batch:
            streams = by_code.get(stored.code)
            if streams is not None:
                entries = streams.get(stored.key)
                if entries is None:
                    streams[stored.key] = [stored]
                else:
                    entries.append(stored)
        left = {
            strand: strand.carry_on(streams, changes, whole=whole)
            for strand, streams in told.items()
        }
        pasts = {} if whole or not batch else self._pasts(left, batch[0].position)
        for strand, rest in left.items():
            strand.fold_with(rest, pasts, changes)
            strand.tails.settle()
        return changes

    def _pasts(
        self, left: Mapping[Strand, Mapping[bytes, Sequence[Stored]]], first: int
    ) -> dict[bytes, list[Entry]]:
        """The entries before a position of streams that did not begin after it."""
        wanted = {
            stream: strand
            for strand, streams in left.items()
            for stream, entries in streams.items()
            if entries[0].version != 1
        }
        if not wanted:
            return {}
        return {
            stream: wanted[stream].entries(
                UUID(bytes=stream),
                (
                    one
                    for one in stored
                    if one.position < first and one.code in wanted[stream].codes
                ),
            )
            for stream, stored in self._histories(wanted).items()
        }
