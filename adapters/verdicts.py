"""What an audit finds: the verdict of each check, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.picturing import Pictures
from replay.states.history import At

#: Faults that are listed of one check; the number of all is always told.
LISTED = 20


@dataclass(frozen=True)
class Verdict:
    """What one check found.

    checked: how many of what `unit` says. found: how many faults; faults: the first of them.
    digest: what it was summed up to, where it was. ways: how, where there are several.
    """

    check: str
    words: str
    checked: int
    unit: str
    found: int
    faults: tuple[str, ...]
    seconds: float
    digest: str = ""
    ways: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found


@dataclass(frozen=True)
class Audit:
    """All checks at one point on both clocks.

    known_at: microseconds UTC of the position. source: what the log was read from.
    """

    at: At
    known_at: int
    head: int
    source: str
    verdicts: tuple[Verdict, ...]
    counts: Mapping[str, int]
    pictures: Pictures
    root: str
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return all(verdict.holds for verdict in self.verdicts)


@dataclass
class Found:
    """What a check says: how much it looked at, and the faults, of which a few are kept."""

    checked: int
    unit: str
    faults: list[str] = field(default_factory=list)
    found: int = 0
    digest: str = ""
    ways: str = ""

    def verdict(self, check: str, words: str, seconds: float) -> Verdict:
        """What is to be said of the check."""
        return Verdict(
            check,
            words,
            self.checked,
            self.unit,
            self.found,
            tuple(self.faults),
            seconds,
            self.digest,
            self.ways,
        )

    def note(self, faults: Iterable[str]) -> None:
        """Add faults."""
        for fault in faults:
            self.found += 1
            if len(self.faults) < LISTED:
                self.faults.append(fault)
