"""The register digest (登记摘要): what a register holds at a point, in one string to be compared.

It is over the values of every attribute group in the order of identifiers: slower than the state
root, and the same wherever the register holds the same, whatever log it came from. Partitions are
worked on one by one, here or on as many machines as there are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from blake3 import blake3

from registry.aggregates import AGGREGATES, Places
from registry.vocabulary import Kind
from replay.machines import Machines, Part
from replay.questions.whole import opened
from replay.sealed.reading import SealedLog
from replay.states.entities import states_in
from replay.states.history import At

if TYPE_CHECKING:
    from replay.columns.log import Log

#: How it was delivered is no part of what the register holds: pieces of an extract are its whole.
DELIVERIES = frozenset({Kind.BATCH})


@dataclass(frozen=True)
class RegisterDigest:
    """The digest over the values of everything, and those of each kind that it stands on."""

    root: bytes
    kinds: Mapping[Kind, bytes]
    counts: Mapping[Kind, int]

    def __str__(self) -> str:
        return self.root.hex()


#: The identifiers of entities and the digests of their values, by kind.
Values = Mapping[Kind, list[tuple[bytes, bytes]]]


def register_digest(log: Log, at: At, tell: Callable[[], None] = lambda: None) -> RegisterDigest:
    """The digest of what the register holds at a point, whatever order it was recorded in.

    tell: called after each partition.
    """

    def found() -> Iterator[Values]:
        for part in digested(log):
            yield digests_of(log, at, [part])
            tell()

    return summed_up(found())


def register_digest_on(
    machines: Machines, folder: Path, at: At, tell: Callable[[], None] = lambda: None
) -> RegisterDigest:
    """The same of a sealed log that every worker can read in a folder."""
    lots = [[part] for part in digested(SealedLog(folder))]

    def found() -> Iterator[Values]:
        for one in machines(partial(digests_in, folder, at), lots):
            yield one
            tell()

    return summed_up(found())


def digested(log: Log) -> list[Part]:
    """The partitions that the register digest is about."""
    return [(kind, one) for kind in compared() for one in log.partitions(kind)]


def compared() -> list[Kind]:
    """The kinds of entity that the register digest is about."""
    return sorted(Kind(name) for name in AGGREGATES.keys() - DELIVERIES)


def digests_in(folder: Path, at: At, lot: Sequence[Part]) -> Values:
    """What a worker finds in some partitions, every byte of them hashed first."""
    log = opened(folder)
    for kind, partition in lot:
        log.check(kind, partition)
    return digests_of(log, at, lot)


def digests_of(log: Log, at: At, lot: Sequence[Part]) -> Values:
    """The digests of everything in some partitions."""
    found: dict[Kind, list[tuple[bytes, bytes]]] = defaultdict(list)
    for kind, partition in lot:
        states = states_in(log, kind, partition, at)
        found[kind] += [(who.bytes, entity_digest(state)) for who, state in states]
    return dict(found)


def summed_up(found: Iterable[Values]) -> RegisterDigest:
    """The digest over those of everything, in whatever order they came."""
    held: Values = {kind: [] for kind in compared()}
    for values in found:
        for kind, hashed in values.items():
            held[kind].extend(hashed)
    kinds, counts = {}, {}
    for kind, hashed in held.items():
        hashed.sort()
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
    kind = type(value)
    if kind in PLAIN:
        return value
    if names := names_of(kind):
        told = {}
        for name in names:
            one = getattr(value, name)
            if one is not None:
                told[name] = one if type(one) in PLAIN else valued(one)
        return told
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, UUID | date):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): valued(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((valued(one) for one in value), key=str)
    if isinstance(value, tuple | list):
        return [valued(one) for one in value]
    return value


#: Types that JSON has a word for.
PLAIN = frozenset({int, str, bool, type(None)})


NAMES: dict[type[Any], tuple[str, ...]] = {}


def names_of(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a dataclass; none of anything else."""
    names = NAMES.get(kind)
    if names is None:
        names = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
        NAMES[kind] = names
    return names


def _facts(tree: Places) -> Any:
    """What is so of places from which day on; how it came to be told is no part of it."""
    return {
        str(place): [{**valued(fact), "told": None} for fact in facts]
        for place, facts in tree.facts.items()
    }
