"""A log that follows from a seed, and a folder that it is published into; for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from adapters.publishing import Published, publish
from adapters.signing import Signer, new_key, open_signer
from adapters.tiles import TileFolder
from registry.store import StoredEntry

PAGE = 300
NAMES = {1: "register", 2: "other node"}


class Log:
    """A log that a tree can follow; entries can be changed behind everybody's back."""

    def __init__(self, size: int, seed: str = "") -> None:
        self.entries = [made(seed, position) for position in range(1, size + 1)]
        self.end = size

    def head(self) -> int:
        """The last position."""
        return self.end

    def hashes(self, after: int, until: int) -> list[bytes]:
        """The hashes of leaves, a few hundred at most."""
        leaves = self.leaves(after, min(until, after + PAGE))
        return [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]

    def change(self, position: int, state: bytes) -> None:
        """Say something else than what was recorded."""
        self.entries[position - 1] = replace(self.entries[position - 1], state=state)

    def leaves(self, after: int = 0, until: int | None = None) -> list[bytes]:
        """The leaves, put together as they are documented and not as the program does it."""
        return [
            f"{NAMES[one.origin]}\n{one.originator_id}\n{one.originator_version}\n{one.code}\n"
            f"{one.origin_at}\n".encode()
            + one.state
            for one in self.entries[after : self.end if until is None else until]
        ]


def made(seed: str, position: int) -> StoredEntry:
    """An entry; five follow each other in a stream, each seventh came from another node."""
    digest = hashlib.sha256(f"{seed}/{position}".encode()).hexdigest()
    return StoredEntry(
        originator_id=UUID(int=(position - 1) // 5 + 1),
        originator_version=(position - 1) % 5 + 1,
        topic="",
        state=b'{"effective_on":"2007-06-01","parts":{"subject":"%s"}}\n' % digest.encode(),
        code=3,
        recorded_at=1_000_000 * position,
        position=position,
        origin=1 if position % 7 else 2,
        origin_seq=position,
        origin_at=1_000_000 * position - (0 if position % 7 else 5),
    )


class Press:
    """A log with a key and a folder that it is published into."""

    def __init__(self, folder: Path, log: Log, key: Path | None = None) -> None:
        self.log = log
        self.key = key or folder.with_suffix(".key")
        if not self.key.exists():
            new_key(self.key, "register")
        self.folder = TileFolder(folder)

    @property
    def signer(self) -> Signer:
        """The keys as they are in the file now."""
        return open_signer(self.key)

    def publish(self, size: int | None = None, anew: bool = False) -> Published:
        """Publish the log up to a position."""
        whole = len(self.log.entries)
        self.log.end = whole if size is None else size
        try:
            return publish(self.log, "register", self.folder, self.signer, anew=anew)
        finally:
            self.log.end = whole

    def files(self) -> Iterator[Path]:
        """The tiles and the checkpoint."""
        yield self.folder.folder / "checkpoint"
        yield from (self.folder.folder / file for file in self.folder.files())
