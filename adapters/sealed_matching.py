"""The sealed log held against the store: every entry comes back from it byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from registry.codec import Codec
from registry.store import EntryStore, StoredEntry
from registry.vocabulary import Kind
from replay.columns.exact import stored_rows
from replay.sealed.reading import SealedLog

#: Streams fetched together.
STREAMS = 2_000


def differences(log: SealedLog, store: EntryStore) -> Iterator[tuple[int, list[str]]]:
    """Some entries at a time: how many there are in the sealed log, and what differs of them.

    What is not sealed yet is no difference.
    """
    sealed, codec, found = log.again(), Codec(), 0
    for kind in Kind:
        for partition in sealed.partitions(kind):
            streams: dict[UUID, list[StoredEntry]] = {}
            for one in stored_rows(sealed.block(kind, partition), sealed.spaces, codec):
                streams.setdefault(UUID(bytes=one.key), []).append(one)
            names = [*streams]
            for first in range(0, len(names), STREAMS):
                some = names[first : first + STREAMS]
                held = store.streams(some)
                count = sum(len(streams[name]) for name in some)
                found += count
                yield (
                    count,
                    [
                        f"{kind.value} {name}: {fault}"
                        for name in some
                        for fault in apart(streams[name], held[name], sealed.head)
                    ],
                )
    if found != sealed.head:
        yield 0, [f"{found} entries are sealed up to position {sealed.head}"]


def apart(sealed: Sequence[StoredEntry], held: Sequence[StoredEntry], head: int) -> Iterator[str]:
    """What differs between a stream as it is sealed and as the store has it, up to a position."""
    mine = {one.originator_version: one for one in sealed}
    theirs = {one.originator_version: one for one in held if one.position <= head}
    for version in sorted(mine.keys() | theirs.keys()):
        if mine.get(version) != theirs.get(version):
            where = "the store" if version not in mine else "the sealed log"
            alone = (version in mine) != (version in theirs)
            words = f"stands in {where} alone" if alone else "is another in the store"
            yield f"version {version} {words}"
