"""What bears a number or name that is not its alone: from imports, from stations drawn anew.

Commands do not give what is taken; what an older system holds is recorded as it is, and a station
that is put in charge of another one's communities finds its numbers borne there, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.answers import id_or_none
from adapters.assembly import Parts
from adapters.ids import ids
from adapters.reading import Reader
from registry.commands.findings import RaiseFinding
from registry.errors import RegistryError
from registry.projections import addresses, households
from registry.projections.base import At
from registry.register import Authority, Submission
from registry.values import HouseholdId, RegisterItem, RuleCode, Severity

RULE = RuleCode("household/number-repeated")
ITEM = RegisterItem("household-number")
LOT = 200  # findings raised together


@dataclass(frozen=True)
class Repeated:
    """One of several that bear the same number or name.

    what: household-number, plate-number or street-name. community: where it lies, of a street its
    division. within: the station, community, street or division in which it should be its alone.
    """

    what: str
    subject: UUID
    community: UUID
    within: str
    borne: str


def repeated(reader: Reader, at: At) -> list[Repeated]:
    """Everything that bears a number or name with others, those of one side by side."""

    def rows(query: Any) -> Any:
        return reader.connection.execute(query)

    found = [
        Repeated(
            "household-number",
            UUID(bytes=row.household),
            UUID(bytes=row.community),
            row.station or str(UUID(bytes=row.community)),
            row.household_number,
        )
        for row in rows(households.repeated(at))
    ]
    for row in rows(addresses.repeated_doorplates(at)):
        borne = " ".join(filter(None, (row.plate_number, row.plate_detail)))
        place, street = UUID(bytes=row.community), id_or_none(row.street)
        found.append(Repeated("plate-number", UUID(bytes=row.doorplate), place, str(street), borne))
    for row in rows(addresses.repeated_streets(at)):
        place = UUID(bytes=row.division)
        found.append(
            Repeated("street-name", UUID(bytes=row.street), place, str(place), row.street_name)
        )
    return found


def raise_all(
    parts: Parts, by: Authority, found: Sequence[Repeated], tell: Callable[[int], None]
) -> int:
    """Raise a finding for every household that bears a number with others; how many are new."""
    new_id = ids(parts.register.clock)
    houses = [one.subject for one in found if one.what == "household-number"]
    raised = 0
    for first in range(0, len(houses), LOT):
        lot = houses[first : first + LOT]
        results = parts.register.do_all(
            [
                Submission(
                    new_id(),
                    by,
                    RaiseFinding(
                        household=HouseholdId(house),
                        rule=RULE,
                        item=ITEM,
                        severity=Severity.WARNING,
                    ),
                )
                for house in lot
            ]
        )
        for result in results:
            if isinstance(result, RegistryError):
                raise result
            raised += result.count
        tell(len(lot))
    return raised
