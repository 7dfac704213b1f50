"""Lesser business of a county: numbers of households, halls, particulars by approval, papers."""

from __future__ import annotations

from typing import Any

from registry.commands.details import ChangeNature
from registry.commands.households import ChangeHousehold, CloseHousehold, FoundHousehold
from registry.commands.migration import MoveIn
from registry.commands.papers import ReissueCertificate
from registry.commands.particulars import ChangeNationality, CorrectNationality
from registry.commands.relocation import Mover
from registry.commands.voiding import VoidHouseholdEntry
from registry.store import Receipt
from registry.values import (
    ChangeCategory,
    HouseholdNumber,
    HukouNature,
    Nationality,
    PaperNumber,
    Relationship,
    Text,
)
from tests.simulation.life import WHO, Life
from tests.simulation.oracle import LIVING

APPROVAL = PaperNumber("A1")
#: Business that stands on a household's stream alone, and may be undone there.
ALONE = {"FoundHousehold", "ChangeHousehold", "CloseHousehold", "ChangeHead", "ChangeRelations"}


def found_hall(life: Life) -> None:
    """An empty household, such as a dormitory."""
    plate = life.chance.pick(life.county.plates)
    kind = life.county.new_household(plate)
    life.county.send(
        FoundHousehold(doorplate=plate, household_number=kind.household_number, on=life.day())
    )


def close_household(life: Life) -> None:
    """A hall ends, in which nobody ever lives here; a family's household with members does not."""
    now = life.oracle.state(life.county.today)
    halls: Any = [
        subject
        for subject, items in now.items()
        if items.get("kind") == "2" and items["closed"] is None
    ]
    homes = halls or life.households()
    if homes:
        home: Any = life.chance.pick(homes)
        day = life.day()
        members = life.oracle.members(life.oracle.state(day), home)
        life.county.send(CloseHousehold(household=home, on=day), False if members else None)


def change_household(life: Life) -> None:
    """Another number."""
    homes = life.households()
    if homes:
        home: Any = life.chance.pick(homes)
        day = life.day()
        known = home in life.oracle.state(day)
        expected = life.quiet(day, home) and known
        number = HouseholdNumber(f"N{life.oracle.now}")
        life.county.send(
            ChangeHousehold(household=home, household_number=number, on=day), expected or None
        )


def change_nature(life: Life) -> None:
    """From the country to town, or back."""
    people = life.people()
    if people:
        person: Any = life.chance.pick(people)
        nature = HukouNature(life.chance.pick(("1", "2")))
        life.county.send(
            ChangeNature(
                person=person, nature=nature, approval=APPROVAL, declarant=WHO, on=life.day()
            )
        )


def change_nationality(life: Life) -> None:
    """That of the other parent, or what should have been written long ago."""
    people = life.people()
    if not people:
        return
    person: Any = life.chance.pick(people)
    told: dict[str, Any] = {
        "nationality": Nationality(life.chance.pick(("02", "03", "15"))),
        "declarant": WHO,
    }
    if life.chance.often():
        category = ChangeCategory("51")
        life.county.send(
            ChangeNationality(
                person=person, category=category, approval=APPROVAL, on=life.day(), **told
            )
        )
        return
    corrects = life.chance.pick(
        [
            version
            for (stream, version), business in life.county.written.items()
            if stream == person and life.oracle.fact_of(business, person, "nationality")
        ]
    )
    life.county.send(
        CorrectNationality(
            person=person,
            category=ChangeCategory("52"),
            approval=APPROVAL,
            corrects=corrects,
            **told,
        )
    )


def reissue(life: Life) -> None:
    """A certificate is issued anew; with the old one nobody settles any more, with the new one."""
    now = life.oracle.state(life.county.today)
    away: Any = [
        one
        for one in life.people(home=False)
        if now[one]["life"] == LIVING and now[one]["out"] == "2"
    ]
    if not away:
        return
    person = life.chance.pick(away)
    old, new = PaperNumber(f"Q{person}"), PaperNumber(f"R{person}")
    result = life.county.send(
        ReissueCertificate(certificate_number=old, new_number=new, grounds=Text("遗失"))
    )
    if not isinstance(result, Receipt):
        return
    plate = life.chance.pick(life.county.plates)
    for number in (old, new):
        life.county.send(
            MoveIn(
                movers=(Mover(person=person, relation=Relationship("02")),),
                new_household=life.county.new_household(plate),
                certificate_number=number,
                declarant=WHO,
            ),
            False if number == old else None,
        )


def undo_household(life: Life) -> None:
    """What stands on a household alone is undone."""
    wanted = [
        (stream, version)
        for (stream, version), business in life.county.written.items()
        if life.oracle.businesses[business - 1].kind in ALONE
    ]
    if wanted:
        household: Any
        household, version = life.chance.pick(wanted[-30:])
        life.county.send(
            VoidHouseholdEntry(household=household, version=version, grounds=Text("误"))
        )


DEEDS = (
    found_hall,
    close_household,
    change_household,
    change_nature,
    change_nationality,
    reissue,
    undo_household,
)
