"""A Merkle tree over a log, as RFC 9162 defines it: growing, proofs, and whether they hold.

The tree is kept as tiles: the hashes of one level, 256 side by side. Above a tile stands the one
hash of its subtree, so that level `l` of the tiles is level `8 l` of the tree. Only full tiles have
something above them. Hashes are SHA-256.

Source: RFC 9162, section 2.1; C2SP tlog-tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
#: Levels of the tree in a tile, and the hashes that stand side by side in it.
HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES
#: The root of a tree without leaves.
EMPTY_ROOT = sha256(b"").digest()


class BrokenProof(ValueError):
    """Something that claims to be proven does not follow; the message says what and why."""


class Tile(NamedTuple):
    """Hashes of one level, side by side: a full tile, or the beginning of one."""

    level: int
    number: int
    hashes: bytes  # 32 bytes each, at most 256 of them

    @property
    def width(self) -> int:
        """How many hashes there are."""
        return len(self.hashes) // HASH_BYTES


#: Gives the first hashes of a tile: of this level, this number, so many.
ReadTile = Callable[[int, int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of what stands above two hashes."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root above hashes that stand side by side, at least one of them.

    All are roots of whole subtrees of one size; the last may be that of a smaller one, which rises
    until it finds a neighbour.
    """
    level = list(hashes)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


class Tree:
    """A tree that grows at its right edge; of what it holds it keeps the tiles not yet full.

    size: leaves. edge: of each level, the hashes of the tile that is not full.
    """

    def __init__(self, size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self.edge = [list(hashes) for hashes in edge]
        assert [len(hashes) for hashes in self.edge] == edge_widths(size)

    def add(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add the hashes of leaves; returns the tiles that become full by it."""
        full: list[Tile] = []
        taken = 0
        while taken < len(leaves):
            if not self.edge:
                self.edge.append([])
            held = self.edge[0]
            some = leaves[taken : taken + WIDTH - len(held)]
            held.extend(some)
            taken += len(some)
            self.size += len(some)
            if len(held) == WIDTH:
                full.extend(self._filled())
        return full

    def _filled(self) -> Iterator[Tile]:
        """Take the full tiles off the edge, each leaving its hash on the level above."""
        level = 0
        while len(held := self.edge[level]) == WIDTH:
            yield Tile(level, (self.size >> (HEIGHT * (level + 1))) - 1, b"".join(held))
            self.edge[level] = []
            level += 1
            if level == len(self.edge):
                self.edge.append([])
            self.edge[level].append(fold(held))

    def partial(self) -> Iterator[Tile]:
        """The tiles that are not full, without empty ones."""
        for level, held in enumerate(self.edge):
            if held:
                yield Tile(level, self.size >> (HEIGHT * (level + 1)), b"".join(held))

    def root(self) -> bytes:
        """The root, which commits to every leaf and to their order."""
        rest: list[bytes] = []
        for held in self.edge:
            if held or rest:
                rest = [fold([*held, *rest])]
        return rest[0] if rest else EMPTY_ROOT


def edge_widths(size: int) -> list[int]:
    """How wide the tile at the right edge is, level by level; 0 where the last one is full."""
    widths = []
    while size:
        widths.append(size % WIDTH)
        size >>= HEIGHT
    return widths


def grown(size: int, read: ReadTile) -> Tree:
    """The tree of a size as its tiles say, ready to grow on."""
    edge = []
    for level, width in enumerate(edge_widths(size)):
        number = size >> (HEIGHT * (level + 1))
        edge.append(hashes_of(read(level, number, width)) if width else [])
    return Tree(size, edge)


def hashes_of(tile: bytes) -> list[bytes]:
    """The hashes in a tile's bytes."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def subtree(start: int, end: int, read: ReadTile) -> bytes:
    """The hash over leaves from `start` up to but not with `end`, from the tiles.

    start: a multiple of some power of two that is not below `end - start`, as in every subtree
    that the RFC speaks of; so what is needed of a level stands in one tile.
    """
    level = ((end - start).bit_length() - 1) // HEIGHT
    span = 1 << (HEIGHT * level)
    first, last = start // span, end // span
    assert start % span == 0, (start, end)
    number, offset = divmod(first, WIDTH)
    tile = read(level, number, offset + last - first)
    whole = hashes_of(tile[offset * HASH_BYTES : (offset + last - first) * HASH_BYTES])
    if end % span:
        whole.append(subtree(last * span, end, read))
    return fold(whole)


def inclusion_path(index: int, size: int, read: ReadTile) -> list[bytes]:
    """The hashes that lead from a leaf to the root of the tree of a size, the leaf's end first.

    Source: RFC 9162, section 2.1.3.1.
    """
    assert 0 <= index < size, (index, size)
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _half(end - start)
        if index < middle:
            path.append(subtree(middle, end, read))
            end = middle
        else:
            path.append(subtree(start, middle, read))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, read: ReadTile) -> list[bytes]:
    """The hashes that show how a tree of one size begins the tree of a larger one.

    Source: RFC 9162, section 2.1.4.1.
    """
    assert 0 <= old <= new, (old, new)
    if old == 0:
        return []
    proof = []
    start, end = 0, new
    while old < end:
        middle = start + _half(end - start)
        if old <= middle:
            proof.append(subtree(middle, end, read))
            end = middle
        else:
            proof.append(subtree(start, middle, read))
            start = middle
    if start:
        proof.append(subtree(start, end, read))
    return proof[::-1]


def _half(count: int) -> int:
    """The largest power of two below a number of leaves: where the tree parts."""
    return 1 << ((count - 1).bit_length() - 1)


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Make sure that a leaf, by its hash, stands at an index in the tree with a root.

    Raises BrokenProof. Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise BrokenProof(f"there is no leaf {index} in a tree of {size}")
    _check_hashes(leaf, root, *path)
    fn, sn, reached = index, size - 1, leaf
    for step in path:
        if sn == 0:
            raise BrokenProof("its path to the root is too long")
        if fn & 1 or fn == sn:
            reached = node_hash(step, reached)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            reached = node_hash(reached, step)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise BrokenProof("its path to the root is too short")
    if reached != root:
        raise BrokenProof("its path leads to another root than the one that was signed")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Make sure that the tree with one root is the beginning of the tree with another.

    old, new: their sizes. Raises BrokenProof. Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 <= old <= new:
        raise BrokenProof(f"a tree of {old} leaves cannot begin a tree of {new}")
    _check_hashes(old_root, new_root, *proof)
    if old in (0, new):
        if proof:
            raise BrokenProof("there is nothing to prove, and yet there are hashes")
        if old == 0 and old_root != EMPTY_ROOT:
            raise BrokenProof("the root of a tree without leaves is not the one that is stated")
        if old == new and old_root != new_root:
            raise BrokenProof(f"there are two roots of a tree of {old}")
        return
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)  # a whole subtree of the new tree: no need to send it
    if not steps:
        raise BrokenProof("the proof is empty")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if sn == 0:
            raise BrokenProof("the proof is too long")
        if fn & 1 or fn == sn:
            before, after = node_hash(step, before), node_hash(step, after)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            after = node_hash(after, step)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise BrokenProof("the proof is too short")
    if before != old_root:
        raise BrokenProof("the proof does not lead to the older root")
    if after != new_root:
        raise BrokenProof("the proof does not lead to the newer root")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise BrokenProof(f"a hash has {HASH_BYTES} bytes")
