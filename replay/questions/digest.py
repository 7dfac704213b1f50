"""The state root: one string for the whole state at a point on both clocks.

It is over the records of kernels, block by block: fast, and of one log, since records hold handles.
The digest by which registers are compared is in `replay.questions.comparing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blake3 import blake3

from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.states.history import At
from replay.states.standing import States
from replay.states.state import SETTLED
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log


@dataclass(frozen=True)
class StateRoot:
    """The root over every record of the state, and the leaves it stands on.

    leaves: by kind, a digest for each partition, in order. Two machines whose roots differ find the
    partition by comparing leaves.
    """

    root: bytes
    leaves: Mapping[Kind, tuple[bytes, ...]]

    def __str__(self) -> str:
        return self.root.hex()


def state_root(log: Log, at: At) -> StateRoot:
    """The root of the state at a point."""
    return rooted({kind: leaves_of(log, kind, at) for kind in SETTLED})


def leaves_of(log: Log, kind: Kind, at: At) -> list[bytes]:
    """The leaves of a kind, a partition each."""
    how = SETTLED[kind]

    def one(block: Block) -> bytes:
        room = States(block.first, scratch(kind, block.size, how.record))
        return leaf(kind, block.first, how.settle(block, at, room).table)

    return over_partitions(log, kind, one)


def leaf(kind: Kind, first: int, table: Column) -> bytes:
    """The digest of the records of a partition, by handle from `first`; they have no padding."""
    assert table.flags.c_contiguous
    hashed = blake3(f"{kind.value} {first} {len(table)} {table.dtype.itemsize}\n".encode())
    if len(table):
        hashed.update(table.view("u1").data)
    return hashed.digest()


def rooted(leaves: Mapping[Kind, Iterable[bytes]]) -> StateRoot:
    """The root over the leaves of every kind, in the order of the kinds' names."""
    held = {kind: tuple(leaves[kind]) for kind in sorted(leaves)}
    top = blake3(b"state\n")
    for kind, its in held.items():
        top.update(f"{kind.value} {len(its)}\n".encode() + blake3(b"".join(its)).digest())
    return StateRoot(top.digest(), held)
