"""Conservation of material: no blank, card or waste of a site appears or vanishes (物料平衡).

For each site and each account between two points: opening + what came = what went + closing. The
openings and closings are counted from the states of the bodies, what came and went from their
entries; so that a difference is an entry that was lost, or a body that is in two places.
Source: 居民身份证制作中心（所）建设工作规范; 吉政办发〔2004〕53号.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from registry.aggregates.card import BodyState
from registry.values import OfficeCode

#: Where a body is: the site on whose books it stands, and the account there.
Place = tuple[OfficeCode | None, BodyState | None]
#: Where a body is before it is received: with its maker, who is no site.
MAKER: Place = (None, None)

_B = BodyState
#: The accounts of a site's ledgers. What is sampled, given up or destroyed has left all of them.
LEDGERS: Mapping[str, frozenset[BodyState]] = {
    "blanks": frozenset({_B.IN_STOCK, _B.ON_LINE, _B.BOUND, _B.IN_TRANSIT}),
    "cards": frozenset({_B.PERSONALISED}),
    "waste": frozenset({_B.SPOILED}),
}


@dataclass(frozen=True)
class Line:
    """A ledger of a site between two points.

    came, went: how many by where they came from and went to: a state, `received` from the maker,
    or `another site`.
    """

    site: OfficeCode
    ledger: str
    opening: int
    came: Mapping[str, int]
    went: Mapping[str, int]
    closing: int

    @property
    def difference(self) -> int:
        """What is missing, or too much where it is below nought; nought where the books balance."""
        return self.opening + sum(self.came.values()) - sum(self.went.values()) - self.closing


@dataclass(frozen=True)
class Sheets:
    """Sheets of a site between two points; one counts as long as a blank on it is unused.

    Opening and received and come from another site are as many as used up, or sent away, and
    closing.
    """

    opening: int
    received: int
    came: int
    gone: int
    closing: int


@dataclass
class Books:
    """What was counted of all bodies between two points, or of those of one site."""

    site: OfficeCode | None = None
    opening: Counter[Place] = field(default_factory=Counter)
    moves: Counter[tuple[Place, Place]] = field(default_factory=Counter)
    closing: Counter[Place] = field(default_factory=Counter)
    sheets: dict[OfficeCode, Sheets] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """Every ledger of every site, in the order of their codes."""
        sites = {place[0] for place in (*self.opening, *self.closing)}
        sites |= {place[0] for move in self.moves for place in move}
        for site in sorted(site for site in sites if site is not None and self.covers(site)):
            for name, accounts in LEDGERS.items():
                inside = {(site, account) for account in accounts}
                came: Counter[str] = Counter()
                went: Counter[str] = Counter()
                for (before, after), count in self.moves.items():
                    if after in inside and before not in inside:
                        came[heading(before, site)] += count
                    elif before in inside and after not in inside:
                        went[heading(after, site)] += count
                yield Line(
                    site,
                    name,
                    sum(self.opening[place] for place in inside),
                    dict(sorted(came.items())),
                    dict(sorted(went.items())),
                    sum(self.closing[place] for place in inside),
                )

    def covers(self, site: OfficeCode | None) -> bool:
        """Whether all of a site was counted; of another one its moves to this one are known."""
        return self.site in {None, site}

    def differences(self) -> dict[Place, int]:
        """The accounts of sites that do not balance: what is missing, or too much below nought."""
        found = Counter(self.opening)
        found.subtract(self.closing)
        for (before, after), count in self.moves.items():
            found[before] -= count
            found[after] += count
        return {
            place: lacks
            for place, lacks in found.items()
            if lacks and place != MAKER and self.covers(place[0])
        }


def heading(place: Place, site: OfficeCode) -> str:
    """What stands over a move to or from a place, in the ledger of a site."""
    other, account = place
    if account is None:
        return "received"
    return account.name.lower() if other == site else "another site"
