"""What the read models tell of old cards that the register does not know: their bins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from adapters.reading import Reader
from registry.projections import At
from registry.projections import bins as model
from registry.values import OfficeCode, day_of


@dataclass(frozen=True)
class OldCards:
    """A bin of an office: how many cards were taken into it, and when they were destroyed."""

    id: UUID
    office: str
    bin_number: str
    opened_on: date
    cards: int
    destroyed_on: date | None


def of_office(reader: Reader, office: OfficeCode, at: At) -> list[OldCards]:
    """The bins of an office and its parts, by office and number."""
    return [
        OldCards(
            UUID(bytes=row.bin),
            row.office,
            row.number,
            day_of(row.opened_on),
            row.cards,
            None if row.destroyed_on is None else day_of(row.destroyed_on),
        )
        for row in reader.connection.execute(model.of_office(office, at))
    ]
