"""Histories of a small town in which everything that is hard for a replay happens again and again.

The deck of businesses is dealt from: births, moves, splits, late deaths, corrections dated back,
reversals, restorations, boundaries, numbers that an import finds twice, and their cases.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from registry.entry import Entry
from registry.events import address, household, numbers, person, places
from registry.history import standing
from registry.values import (
    CommunityId,
    DivisionId,
    HouseholdId,
    HouseholdNumber,
    PlateNumber,
    StreetId,
    Text,
)
from tests import strategies
from tests.replay.businesses import (
    change_address,
    change_person,
    correct_person,
    delete_record,
    import_family,
    move_in,
    move_out,
    register_birth,
    register_death,
    register_newcomer,
    restore_registration,
    reverse_registration,
    split,
    undo,
)
from tests.replay.town import (
    COMMUNITIES,
    COUNTIES,
    TRANSIT,
    Fact,
    Town,
)
from tests.strategies import (
    CATEGORY,
    COMMUNITY_KIND,
    NAMES,
    REAL,
    SCOPE,
)


def enter_belatedly(town: Town) -> bool:
    """What was forgotten is entered at once: somebody moved, left and came back, long ago.

    Entries of later days are there already. The lists of households stay as they are.
    """
    moved = []
    for one in town.residents(town.today):
        first, *later = standing(town.streams[one])
        days = [entry.effective_on for entry in later if hasattr(entry.event, "community")]
        if days and (max(days) - first.effective_on).days > 2:
            moved.append((one, first.effective_on, max(days) - timedelta(2)))
    if not moved:
        return False
    who, first_day, last_day = town.chance.choice(moved)
    day = first_day + timedelta(town.chance.randint(0, (last_day - first_day).days))
    was, where = town.person(who, day), town.chance.choice(town.households)
    if was is None or not was.resident:
        return False
    back: dict[str, Any] = {"household": was.household, "community": was.community}
    told: dict[str, Any] = {"permit": None, "declarant": NAMES[2]}
    there: dict[str, Any] = {"household": HouseholdId(where), "community": town.community()}
    return town.at_once(
        who,
        person.AddressChanged(
            effective_on=day,
            from_household=was.household,
            from_community=was.community,
            **there,
            scope=SCOPE,
            declarant=NAMES[2],
        ),
        person.MovedOut(
            effective_on=day + timedelta(1),
            **there,
            out_kind=TRANSIT,
            destination=REAL,
            certificate=None,
            **told,
        ),
        person.MovedIn(
            effective_on=day + timedelta(2), **back, origin=REAL, certificate=None, **told
        ),
    )


def rename_belatedly(town: Town) -> bool:
    """Somebody took two names on two days, and the earlier one is registered later."""
    who = town.someone(town.today)
    if who is None:
        return False
    first = town.streams[who][0].effective_on
    days = sorted(
        first + timedelta(town.chance.randint(0, (town.today - first).days)) for _ in range(2)
    )
    told: dict[str, Any] = {"category": CATEGORY, "declarant": NAMES[0]}
    return town.together(
        *(
            (who, person.NameChanged(effective_on=day, **told, name=town.chance.choice(NAMES)))
            for day in reversed(days)
        )
    )


def redraw_boundary(town: Town) -> bool:
    """A community passes to another county, lately, today or on a day to come."""
    day = town.today + timedelta(town.chance.choice([-40, -1, 0, 5, 40]))
    moved = places.Moved(
        place=town.community(), parent=DivisionId(town.id("division", town.chance.choice(COUNTIES)))
    )
    event = places.DivisionAdjusted(effective_on=day, moved=(moved,), document="川府")
    return town.together((town.id("places", 0), event))


def cut_community(town: Town) -> bool:
    """A line through a community puts a door plate, a household and its people into another."""
    day = town.today
    who = town.someone(day)
    if who is None:
        return False
    was = town.person(who, day)
    there = town.household(was.household, day)
    if there is None:
        return False
    to = town.community()
    changed: dict[str, Any] = {"effective_on": day, "document": "川府", "community": to}
    facts: list[Fact] = [
        (was.household, household.HouseholdAdjusted(**changed, doorplate=there.doorplate))
    ]
    for one in town.persons:
        told = town.person(one, day)
        if told is not None and told.resident and told.household == was.household:
            event = person.ResidenceAdjusted(
                **changed, household=was.household, from_community=told.community
            )
            facts.append((one, event))
    return town.together(*facts)


def close_case(town: Town) -> bool:
    """Officers decide who keeps a number."""
    cases = [
        one
        for one, entries in town.streams.items()
        if isinstance(entries[0].event, numbers.NumberCaseOpened)
    ]
    if not cases:
        return False
    case = town.chance.choice(cases)
    keeper = town.streams[case][0].event.parties[0]
    event = numbers.NumberCaseClosed(effective_on=town.today, keeper=keeper, grounds=Text("结案"))
    return town.together((case, event))


def change_household(town: Town) -> bool:
    """A household's type or number changes, it ends, or an entry of it is undone."""
    if not town.households:
        return False
    stream = town.chance.choice(town.households)
    there = town.household(stream)
    event: Any
    match town.chance.choice(["form", "close", "void"]):
        case "form" if there is not None:
            event = household.HouseholdChanged(
                effective_on=town.today,
                household_number=HouseholdNumber(f"{town.chance.randint(1, 9):09}"),
                household_type=there.household_type,
            )
        case "close":
            event = household.HouseholdClosed(effective_on=town.today)
        case _:
            last = town.streams[stream][-1]
            event = household.HouseholdEntriesVoided(
                effective_on=last.effective_on, voids=(last.version,), grounds=Text("误录")
            )
    return town.together((stream, event))


def change_doorplate(town: Town) -> bool:
    """A door plate is renumbered, frozen, closed, or its last entry undone."""
    stream = town.id("doorplate", town.chance.randint(1, 4))
    event: Any
    match town.chance.choice(["renumber", "freeze", "close", "void", "adjust"]):
        case "renumber":
            event = address.DoorplateChanged(
                effective_on=town.day(),
                street=StreetId(town.id("street", 1)),
                plate_number=PlateNumber(f"{town.chance.randint(1, 99)}号"),
            )
        case "freeze":
            event = address.DoorplateFrozen(
                effective_on=town.day(), frozen=town.chance.random() < 0.7
            )
        case "close":
            event = address.DoorplateClosed(effective_on=town.day())
        case "adjust":
            event = address.DoorplateAdjusted(
                effective_on=town.day(), community=town.community(), document="川府"
            )
        case _:
            last = town.streams[stream][-1]
            event = address.DoorplateEntriesVoided(
                effective_on=last.effective_on, voids=(last.version,), grounds=Text("误录")
            )
    return town.together((stream, event))


Business = Callable[[Town], bool]
#: What is hard for a replay stands in it more than once.
DECK: tuple[Business, ...] = (
    *(import_family, import_family, register_birth, register_birth, register_newcomer),
    *(split, change_address, move_out, move_out, move_in, register_death, register_death),
    *(delete_record, change_person, change_person, correct_person, correct_person),
    *(enter_belatedly, enter_belatedly, enter_belatedly, rename_belatedly),
    *(undo, undo, reverse_registration, restore_registration, redraw_boundary, cut_community),
    *(close_case, change_household, change_doorplate),
)


def settle(town: Town) -> None:
    """A city of two counties and some communities, a street, its door plates, two families."""
    strategies.found_places(town)
    tree = town.id("places", 0)
    for each in range(4, COMMUNITIES + 1):
        established = places.CommunityEstablished(
            effective_on=date(2000, 1, 1),
            community=CommunityId(town.id("community", each)),
            community_name=Text(f"社区{each}"),
            community_kind=COMMUNITY_KIND,
            parent=DivisionId(town.id("division", 2 + each % 2)),
        )
        assert town.together((tree, established))
    street = town.id("street", 1)
    named = address.StreetNamed(
        effective_on=town.today,
        division=DivisionId(town.id("division", 2)),
        street_name=Text("长江路"),
    )
    assert town.together((street, named))
    for each in range(1, 5):
        plate = address.DoorplateRegistered(
            effective_on=town.today,
            street=StreetId(street),
            plate_number=PlateNumber(f"{each}号"),
            community=town.community(),
        )
        assert town.together((town.id("doorplate", each), plate))
    assert import_family(town)
    assert import_family(town)


def town(seed: int, rounds: int = 2, salt: int = 0) -> Town:
    """A town in which the deck was dealt so often, always the same one for a seed."""
    chance = Random(seed)
    built = Town(chance, salt)
    settle(built)
    for _ in range(rounds):
        for business in chance.sample(DECK, len(DECK)):
            play(built, business)
    for business in DECK:  # who could not restore when nothing was undone can do so by now
        if business.__name__ not in built.played:
            play(built, business)
    return built


def play(built: Town, business: Business) -> None:
    """Let a business happen to somebody, and time pass."""
    for _ in range(8):  # who is asked may not be the one whom it can happen to
        if business(built):
            built.played[business.__name__] = built.played.get(business.__name__, 0) + 1
            break
    built.today += timedelta(built.chance.choice([0, 1, 5, 30, 90]))


@st.composite
def histories(draw: st.DrawFn, rounds: int = 2) -> list[Entry]:
    """The entries of a town, in the order of recording."""
    seed = draw(st.integers(0, 2**32), label="seed")
    return town(seed, draw(st.integers(1, rounds), label="rounds")).entries


@st.composite
def points(draw: st.DrawFn, log: list[Entry]) -> tuple[date, int]:
    """A point on both clocks of a history: days and positions at which something happens."""
    days = sorted({entry.effective_on for entry in log})
    day = draw(st.sampled_from(days), label="day") + timedelta(draw(st.integers(-1, 1)))
    last = log[-1].position
    return min(day, log[-1].effective_on + timedelta(400)), draw(
        st.integers(0, last) | st.just(last), label="known"
    )


__all__ = ["DECK", "Town", "histories", "points", "town"]
