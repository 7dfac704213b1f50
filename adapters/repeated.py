"""What bears a number or name that is not its alone: from imports, from stations drawn anew.

Commands do not give what is taken; what an older system holds is recorded as it is, and a station
that is put in charge of another one's communities finds its numbers borne there, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.answers import id_or_none
from adapters.assembly import Parts
from adapters.founded import consulted
from adapters.ids import ids
from adapters.projector import Projector
from adapters.reading import Reader
from registry.commands.findings import GONE, NUMBER_REPEATED, RaiseFinding, SettleFinding
from registry.errors import Conflict, Refused, RegistryError
from registry.projections import addresses, findings, households
from registry.projections.base import At
from registry.register import Authority, Submission
from registry.values import HouseholdId, Severity, Text

LOT = 200  # findings raised together; of those settled, how many between two looks


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
                        rule=NUMBER_REPEATED.rule,
                        item=NUMBER_REPEATED.item,
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


def cured(reader: Reader, at: At, found: Sequence[Repeated]) -> dict[UUID, UUID | None]:
    """The households that a finding says to share their number and that no longer do.

    Each with the community where that was found.
    """
    still = {one.subject for one in found}
    rows = reader.connection.execute(findings.open_by_check(at, persons=False))
    return {
        UUID(bytes=row.subject): id_or_none(row.community)
        for row in rows
        if row.rule == NUMBER_REPEATED.rule and UUID(bytes=row.subject) not in still
    }


def settle_all(
    parts: Parts, by: Authority, over: Sequence[UUID], tell: Callable[[int], None]
) -> int:
    """Settle the findings of households that share their number with none; how many.

    Where another one has taken it meanwhile, the finding stays, and where somebody else settled it.
    """
    new_id, projector = ids(parts.register.clock), Projector(parts.engine, parts.store)
    settled = 0
    for nth, house in enumerate(over):
        if nth % LOT == 0:  # nobody else may be there to do it
            projector.catch_up()
        told = SettleFinding(
            household=HouseholdId(house),
            rule=NUMBER_REPEATED.rule,
            item=NUMBER_REPEATED.item,
            settlement=GONE,
            grounds=Text("no other household of the station bears the number"),
        )
        sent = Submission(new_id(), by, told)
        with suppress(Refused, Conflict):
            parts.register.do(consulted(sent, parts, projector, parts.register.clock()))
            settled += 1
        tell(1)
    return settled
