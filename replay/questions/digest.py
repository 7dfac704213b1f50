"""Two digests of the whole register at a point on both clocks.

The *state root* is over the records of kernels, block by block: fast, and of one log, since records
hold handles. The *register digest* is over the values of every attribute group in the order of
identifiers: slow, and the same wherever the register holds the same, whatever log it came from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from blake3 import blake3

from registry.aggregates import AGGREGATES, Places
from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.states.entities import states_at
from replay.states.history import At
from replay.states.standing import States
from replay.states.state import SETTLED
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log


#: How it was delivered is no part of what the register holds: pieces of an extract are its whole.
DELIVERIES = frozenset({Kind.BATCH})


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


@dataclass(frozen=True)
class RegisterDigest:
    """The digest over the values of everything, and those of each kind that it stands on."""

    root: bytes
    kinds: Mapping[Kind, bytes]
    counts: Mapping[Kind, int]

    def __str__(self) -> str:
        return self.root.hex()


def register_digest(log: Log, at: At) -> RegisterDigest:
    """The digest of what the register holds at a point, whatever order it was recorded in."""
    kinds, counts = {}, {}
    for kind in sorted(Kind(name) for name in AGGREGATES.keys() - DELIVERIES):
        hashed = sorted(
            (who.bytes, entity_digest(state)) for who, state in states_at(log, kind, at)
        )
        kinds[kind] = blake3(b"".join(part for pair in hashed for part in pair)).digest()
        counts[kind] = len(hashed)
    top = blake3(b"register\n")
    for kind, digest in kinds.items():
        top.update(f"{kind.value} {counts[kind]}\n".encode() + digest)
    return RegisterDigest(top.digest(), kinds, counts)


def entity_digest(state: Any) -> bytes:
    """The digest of the values of one entity's state; what is absent is left out."""
    told = valued(state)
    if isinstance(state, Places):
        told["facts"] = _facts(state)
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return blake3(text.encode()).digest()


def valued(value: Any) -> Any:
    """A value in the words of JSON: sets and mappings in order, absent fields left out."""
    if is_dataclass(value):
        told = {field.name: valued(getattr(value, field.name)) for field in fields(value)}
        return {name: one for name, one in told.items() if one is not None}
    if isinstance(value, UUID | date):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): valued(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((valued(one) for one in value), key=str)
    if isinstance(value, tuple | list):
        return [valued(one) for one in value]
    if isinstance(value, str):
        return str.__str__(value)
    return value


def _facts(tree: Places) -> Any:
    """What is so of places from which day on; how it came to be told is no part of it."""
    return {
        str(place): [{**valued(fact), "told": None} for fact in facts]
        for place, facts in tree.facts.items()
    }
