"""Where a make-believe province lies: its tree of places, streets and ranges of sequence codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from registry.entry import Entry
from registry.events.address import StreetNamed
from registry.events.numbers import SegmentAllotted
from registry.events.places import (
    CommunityEstablished,
    DivisionAdjusted,
    DivisionEstablished,
    Moved,
)
from registry.values import (
    CommunityId,
    CommunityKind,
    DivisionCode,
    DivisionId,
    Level,
    OfficeCode,
    Text,
    day_of,
)
from replay.columns.forms import Spaces
from replay.province import columns as c

if TYPE_CHECKING:
    from replay.province.making import Province


def divisions_of(province: Province) -> int:
    """How many divisions there are: the province, a city a county, and the towns."""
    return 1 + 2 * len(province.counties) + province.towns


def events(province: Province, spaces: Spaces) -> Iterator[tuple[UUID, Any]]:
    """What is recorded of places before anybody is taken over: streams and events, in order.

    Where there are several counties, the first town of each passes to the next one in the middle
    of the log: that is recorded ahead, as reference streams may.
    """
    day = day_of(province.first - 60)
    (tree,) = spaces.ids("places", [0])
    ids = [DivisionId(one) for one in spaces.ids("division", range(divisions_of(province)))]
    number = len(province.counties)

    def division(place: int, level: Level, code: str | None, parent: DivisionId | None) -> Any:
        return DivisionEstablished(
            effective_on=day,
            division=ids[place],
            level=level,
            division_code=DivisionCode(code) if code else None,
            division_name=Text(f"synthetic {level.name.lower()} {place}"),
            parent=parent,
        )

    yield tree, division(0, Level.PROVINCE, f"{province.counties[0][:2]}0000", None)
    for place, code in enumerate(province.counties):
        yield tree, division(1 + place, Level.CITY, None, ids[0])
        yield tree, division(1 + number + place, Level.COUNTY, code, ids[1 + place])
    for town in range(province.towns):
        place, county = 1 + 2 * number + town, province.county(town)
        yield tree, division(place, Level.TOWNSHIP, None, ids[1 + number + county])
        first = town * c.COMMUNITIES
        numbers = range(first, first + c.COMMUNITIES)
        communities = spaces.ids("community", numbers)
        for community, street, one in zip(
            communities, spaces.ids("street", numbers), numbers, strict=True
        ):
            told = CommunityEstablished(
                effective_on=day,
                community=CommunityId(community),
                community_name=Text(f"synthetic community {one}"),
                community_kind=CommunityKind("31"),
                parent=ids[place],
            )
            yield tree, told
            named = StreetNamed(
                effective_on=day, division=ids[place], street_name=Text(f"synthetic street {one}")
            )
            yield street, named
        setting, local = province.setting(town), province.local(town)
        allotted = SegmentAllotted(
            effective_on=day,
            address_code=DivisionCode(province.counties[county]),
            station=OfficeCode(str(local["station"])),
            first=local["first"],
            last=local["last"],
            valid_from=day_of(c.FIRST_BIRTH),
        )
        assert setting.given + 1 == local["first"]
        yield spaces.ids("segments", [county])[0], allotted
    for county in range(number - 1):
        town = county * province.towns_in_county
        moved = Moved(place=ids[1 + 2 * number + town], parent=ids[1 + number + county + 1])
        middle = day_of(province.first) + timedelta(province.days // 2)
        adjusted = DivisionAdjusted(effective_on=middle, moved=(moved,), document="synthetic 1")
        yield tree, adjusted


def entries(province: Province, spaces: Spaces) -> list[Entry]:
    """The same as entries, at the first positions of the log."""
    versions: dict[UUID, int] = {}
    found = []
    for position, (stream, event) in enumerate(events(province, spaces), 1):
        versions[stream] = versions.get(stream, 0) + 1
        found.append(
            Entry(
                stream,
                versions[stream],
                event,
                event.effective_on,
                position,
                int(province.instants(0)[0]) - 1_000_000,
                "synthetic officer",
                "220000000000",
                origin_seq=position,
            )
        )
    return found


def how_many(province: Province) -> int:
    """How many entries that makes, without making them."""
    counties, towns = len(province.counties), province.towns
    return divisions_of(province) + towns * (2 * c.COMMUNITIES + 1) + counties - 1
