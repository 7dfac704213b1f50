"""Following the log with a Merkle tree: tiles and signed checkpoints, off the way of every write.

The leaf of position p has the index p - 1. A checkpoint is signed only over a tree that begins with
every tree signed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, func, select

from adapters.assembly import NODE
from adapters.eventstore import available, entries
from adapters.proving import leaf
from adapters.signing import Signer
from adapters.tiles import CHECKPOINT, TileFolder, TileMissing, Writer
from registry.errors import Conflict, Unavailable
from replay.proof.merkle import (
    WIDTH,
    BrokenProof,
    Tile,
    Tree,
    grown,
    hashes_of,
    leaf_hash,
)
from replay.proof.notes import Checkpoint, PublicKey, open_checkpoint

#: Entries read at once, and those after which a checkpoint is signed on the way: from there it goes
#: on after a crash.
PAGE = 20_000
STRIDE = 1_000_000

Progress = Callable[[int], None]


class LogDiffers(Conflict):
    """The log is not the one that was published and signed; nothing more is signed over it.

    `registry check tiles` tells where they part.
    """

    code = "log-differs"


@dataclass(frozen=True)
class Published:
    """What stands published now, and how many leaves are new."""

    checkpoint: Checkpoint
    added: int


class Leaves(Protocol):
    """A log as a tree sees it."""

    def head(self) -> int:
        """The last position, which is the number of leaves."""
        ...

    def hashes(self, after: int, until: int) -> list[bytes]:
        """Hashes of the leaves after one position, up to another or as far as a page goes."""
        ...


class LogLeaves:
    """The leaves of the log in a database; private halves are not even read."""

    COLUMNS = (
        *(entries.c.position, entries.c.origin, entries.c.stream, entries.c.version),
        *(entries.c.code, entries.c.recorded_at, entries.c.origin_at, entries.c.state),
    )

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.names = node_names(engine)

    def head(self) -> int:
        """The last position, which is the number of leaves."""
        query = select(func.coalesce(func.max(entries.c.position), 0))
        with available(), self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def hashes(self, after: int, until: int) -> list[bytes]:
        """Hashes of the leaves after one position, up to another or as far as a page goes."""
        last = min(after + PAGE, until)
        query = select(*self.COLUMNS).where(entries.c.position.between(after + 1, last))
        with available(), self.engine.connect() as connection:
            rows = connection.execute(query.order_by(entries.c.position)).all()
        found: list[bytes] = []
        for position, origin, stream, version, code, recorded_at, origin_at, state in rows:
            if position != after + len(found) + 1:
                break
            if code is None or origin not in self.names:
                raise Unavailable(
                    f"position {position} is of an event type or a node ({origin}) that this"
                    " database does not know, and cannot be published"
                )
            at = recorded_at if origin_at is None else origin_at
            found.append(
                leaf_hash(leaf(self.names[origin], dashed(stream), version, code, at, state))
            )
        if not found:
            raise LogDiffers(
                f"the log has no entry at position {after + 1}; see `registry check store`"
            )
        return found


def node_names(engine: Engine) -> dict[int, str]:
    """The names of nodes by their numbers, which stand in leaves for ever."""
    with engine.connect() as connection:
        rows = connection.execute(select(NODE.c.number, NODE.c.name)).all()
    return {row.number: row.name for row in rows}


def dashed(key: bytes) -> str:
    """A UUID as text, without making one."""
    text = key.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def grow(tree: Tree, log: Leaves, until: int) -> Iterator[list[Tile]]:
    """Let a tree grow with the log up to a position; gives the full tiles as they come."""
    while tree.size < until:
        yield tree.add(log.hashes(tree.size, until))


def root_at(tree: Tree, log: Leaves, size: int, progress: Progress) -> bytes:
    """The root that the log has at a size, from a tree that it has outgrown; that one stays."""
    ahead = Tree(tree.size, tree.edge)
    for _ in grow(ahead, log, size):
        progress(ahead.size)
    return ahead.root()


def publish(
    log: Leaves,
    origin: str,
    folder: TileFolder,
    signer: Signer,
    *,
    anew: bool = False,
    progress: Progress = lambda size: None,
) -> Published:
    """Bring a folder up to the log: the tiles that are missing, then a new checkpoint.

    anew: write every tile again from the log. Raises LogDiffers rather than contradict anything
    that was signed before.
    """
    if {key.name for key in signer.keys} != {origin}:
        raise Unavailable(
            f"{signer.path} holds keys of {signer.keys[0].name}, the log is called {origin};"
            f" make one with `registry key new --name {origin}`"
        )
    with folder.publishing() as writer:
        head = log.head()
        given = _promised(signer.last(), signer, signer.memory)
        try:
            standing = _promised(folder.checkpoint(), signer, folder.folder / CHECKPOINT)
        except LogDiffers:
            if not (anew and given):  # what was signed last is known all the same
                raise
            standing = None
        tree = Tree()
        if standing and not anew:
            tree = _resumed(standing[0], folder)
            _compare_last(tree.size, head, log, folder)
        promises = {told[0] for told in (standing, given) if told}
        for promise in promises:
            _keep(promise, tree, head, log, progress)
        promised = max((promise.size for promise in promises), default=0)
        before = signed = tree.size
        for tiles in grow(tree, log, head):
            writer.write(tiles)
            progress(tree.size)
            if tree.size - signed >= STRIDE and promised < tree.size < head:
                _sign(tree, origin, signer, writer)
                signed = tree.size
        checkpoint = Checkpoint(origin, tree.size, tree.root())
        if anew or standing != (checkpoint, frozenset(signer.public)):
            _sign(tree, origin, signer, writer)
    return Published(checkpoint, tree.size - before)


def _sign(tree: Tree, origin: str, signer: Signer, writer: Writer) -> None:
    writer.write(tree.partial())
    writer.checkpoint(signer.sign(Checkpoint(origin, tree.size, tree.root())))


def _promised(
    note: bytes | None, signer: Signer, file: Path
) -> tuple[Checkpoint, frozenset[PublicKey]] | None:
    """What was signed before, and with which of the keys."""
    if note is None:
        return None
    try:
        checkpoint, signers = open_checkpoint(note, signer.public)
    except BrokenProof as error:
        raise LogDiffers(
            f"{file} is not to be gone on from: {error}. Changing keys, let the old one sign beside"
            " the new one at least once; if the file is damaged, put a copy of the last checkpoint"
            " in its place, as it was published."
        ) from error
    return checkpoint, frozenset(signers)


def _resumed(checkpoint: Checkpoint, folder: TileFolder) -> Tree:
    """The published tree, to go on from."""
    tree = grown(checkpoint.size, folder.reader(checkpoint.size))
    if tree.root() != checkpoint.root:
        raise TileMissing(
            f"tiles at the right edge of {folder.folder} are not those that were signed;"
            " see `registry check tiles`, or write them again with `registry publish --anew`"
        )
    return tree


def _compare_last(size: int, head: int, log: Leaves, folder: TileFolder) -> None:
    """Hold the last published leaves against the log, which costs little and tells forks apart."""
    if not 0 < size <= head:
        return
    number = (size - 1) // WIDTH
    published = hashes_of(folder.tile(0, number, size - number * WIDTH))
    logged = log.hashes(number * WIDTH, size)
    for at, (one, other) in enumerate(zip(published, logged, strict=True)):
        if one != other:
            position = number * WIDTH + at + 1
            raise LogDiffers(f"the entry at position {position} is not the one that was published")


def _keep(promise: Checkpoint, tree: Tree, head: int, log: Leaves, progress: Progress) -> None:
    """Make sure that the log still begins with the tree that was signed."""
    if head < promise.size:
        raise LogDiffers(
            f"the log ends at position {head}, and {promise.size} entries were published and"
            " signed: this database is older than that; restore a newer copy"
        )
    if promise.size < tree.size:
        return
    if root_at(tree, log, promise.size, progress) != promise.root:
        raise LogDiffers(
            f"the first {promise.size} entries of the log have another root than the one that was"
            " signed"
        )
