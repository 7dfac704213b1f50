"""A city, its counties and communities, and their boundaries."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from registry.events import places
from registry.values import CommunityId, CommunityKind, DivisionCode, DivisionId, Level, Text
from tests.happenings.log import Log, lately, some

COMMUNITY_KIND = CommunityKind(next(iter(CommunityKind.rows()))[0])


def found_places(log: Log) -> None:
    """A city of two counties and three communities."""
    day = date(2000, 1, 1)

    def division(number: int, level: Level, parent: int | None, code: str) -> None:
        log.add(
            log.id("places", 0),
            places.DivisionEstablished(
                effective_on=day,
                division=DivisionId(log.id("division", number)),
                level=level,
                division_code=DivisionCode(code),
                division_name=Text(f"区划{number}"),
                parent=None if parent is None else DivisionId(log.id("division", parent)),
            ),
        )

    division(1, Level.CITY, None, "510100")
    division(2, Level.COUNTY, 1, "510104")
    division(3, Level.COUNTY, 1, "510105")
    for each, parent in ((1, 2), (2, 2), (3, 3)):
        log.add(
            log.id("places", 0),
            places.CommunityEstablished(
                effective_on=day,
                community=CommunityId(log.id("community", each)),
                community_name=Text(f"社区{each}"),
                community_kind=COMMUNITY_KIND,
                parent=DivisionId(log.id("division", parent)),
            ),
        )


def move_boundary(chance: Random, log: Log) -> None:
    """A community passes to another county, lately or on a day to come."""
    day = log.today + timedelta(chance.choice([-40, -1, 0, 1, 10, 40]))
    moved = places.Moved(
        place=some(chance, log, "community", 3),
        parent=DivisionId(log.id("division", chance.choice([1, 2, 3]))),
    )
    log.add(
        log.id("places", 0),
        places.DivisionAdjusted(effective_on=day, moved=(moved,), document="川府"),
    )


def rename_place(chance: Random, log: Log) -> None:
    """A community gets another name."""
    log.add(
        log.id("places", 0),
        places.CommunityRenamed(
            effective_on=lately(chance, log),
            community=CommunityId(some(chance, log, "community", 3)),
            community_name=Text(f"新{chance.randint(1, 5)}"),
        ),
    )
