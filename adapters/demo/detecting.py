"""What was planted in the older system's extract, and what of it the import found, by identity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.demo.mirror import Resident

#: What the import says of a row with each fault of its number; of two holders there is a case.
SAID = {
    "missing": "number-missing",
    "check-character": "number-check-character",
    "fifteen-digits": "number-fifteen-digits",
    "sex": "number-differs-from-sex",
    "birth-date": "number-differs-from-birth-date",
}
DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Detection:
    """A kind of fault: how many were planted and found, and how many found were planted."""

    kind: str
    planted: int
    found: int
    hits: int

    @property
    def recall(self) -> float:
        """The share of what was planted that was found."""
        return self.hits / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """The share of what was found that was planted."""
        return self.hits / self.found if self.found else 1.0


def detected(
    faults: Mapping[str, Sequence[Resident]],
    findings: Iterable[Sequence[Any]],
    cases: Iterable[Collection[UUID]],
) -> Iterator[Detection]:
    """How each kind of fault was detected, person by person, and of shared numbers pair by pair.

    findings: the import's, table, row, key and what; cases: the parties of each about two holders.
    """
    told: dict[str, set[str]] = defaultdict(set)
    for _, _, key, what in findings:
        told[what].add(key)
    for kind, said in SAID.items():
        planted = {one.key for one in faults.get(kind, ())}
        found = told[said]
        yield Detection(kind, len(planted), len(found), len(planted & found))
    pairs = iter(faults.get(DUPLICATE, ()))
    shared = {frozenset({one.id, other.id}) for one, other in zip(pairs, pairs, strict=True)}
    opened = {frozenset(parties) for parties in cases}
    yield Detection(DUPLICATE, len(shared), len(opened), len(shared & opened))
