"""What stands before a card: gates, age, generation, cards had before (发证条件)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from registry.aggregates import Application, Person, Places, Readiness, card_rules, rules
from registry.aggregates.application import ENDED
from registry.aggregates.person import Life
from registry.card_terms import is_made
from registry.commands.base import ADMINISTRATOR, command
from registry.commands.cards_common import dispute, readiness_of
from registry.days import age_on
from registry.events.readiness import (
    CountyBaselineAccepted,
    CountyBaselineWithdrawn,
    PersonVerified,
)
from registry.history import standing
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    CardKind,
    CardReason,
    CommunityId,
    DivisionId,
    Level,
    PersonId,
    ProductionType,
)

#: Kept as a soldier; the unit's package carries the application.
SOLDIER = "3"
MILITARY = ProductionType("4")
BY_THE_UNIT = CardReason("16")
CHILD, SIXTEEN = CardReason("11"), CardReason("12")


@command(ADMINISTRATOR)
class AcceptBaseline:
    """Record that a county's data were accepted, so that cards may follow (建库验收).

    document: the number of the paper in which they were.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 先建库、后发证.
    """

    division: DivisionId
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the acceptance."""
        fact = registrar.places().fact(self.division, registrar.today)
        if fact is None or fact.level is not Level.COUNTY or fact.closed or fact.code is None:
            registrar.refuse_if((True, rules.DivisionUnknown(self.division)))
            registrar.stop_if_refused()
        assert fact is not None, "refused above"
        assert fact.code is not None, "refused above"
        registrar.find(Readiness, self.division)
        registrar.enter(
            self.division,
            CountyBaselineAccepted(
                effective_on=registrar.today, county=fact.code, document=self.document
            ),
        )
        return {"division": self.division}


@command(ADMINISTRATOR)
class WithdrawBaseline:
    """Record that the acceptance of a county's data no longer holds (撤销建库验收).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    division: DivisionId
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the withdrawal."""
        registrar.load(Readiness, self.division)
        registrar.enter(
            self.division,
            CountyBaselineWithdrawn(effective_on=registrar.today, document=self.document),
        )
        return {"division": self.division}


@command(ADMINISTRATOR)
class VerifyPersons:
    """Record that all items of some persons agree with papers and person (核准).

    Source: Deyang plan of 2004 (德办发(2004)39号); 公通字[2004]6号.
    """

    persons: tuple[PersonId, ...]
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it for each of them."""
        registrar.prefetch(self.persons)
        for person in dict.fromkeys(self.persons):
            known = registrar.load(Person, person)
            registrar.refuse_if((known.life is Life.DEAD, rules.AlreadyDeceased(person)))
            event = PersonVerified(effective_on=registrar.today, document=self.document)
            registrar.enter(person, event)
        return {"persons": len(self.persons)}


def refuse_gates(
    registrar: Registrar, person: Person, community: CommunityId, subject: object
) -> None:
    """Refuse a card of the second generation at each gate that is closed; see `CardSetting`."""
    setting = registrar.setting.cards
    if setting.baseline:
        ready = readiness_of(registrar, community)
        places = registrar.places()
        county = places.code_of(community, Level.COUNTY, registrar.today)
        closed = ready is None or ready.baseline_on is None
        registrar.refuse_if((closed, card_rules.BaselineNotAccepted(county)))
    if setting.verified:
        verified = any(
            isinstance(entry.event, PersonVerified)
            for entry in standing(registrar.entries(person.id))
        )
        registrar.refuse_if((not verified, card_rules.PersonNotVerified(subject)))
    if setting.number:
        disputed = dispute(registrar, person) is not None
        registrar.refuse_if((disputed, card_rules.NumberInDispute(subject)))


def applicant(registrar: Registrar, person: PersonId, military: bool) -> tuple[Person, CommunityId]:
    """Who applies, and the community of the registration; refused where there is none today."""
    known = registrar.load(Person, person, registrar.today)
    soldier = known.life is Life.LIVING and known.out_kind == SOLDIER
    community = known.left_community if soldier else known.community
    registrar.refuse_if(
        (known.life is Life.DEAD, rules.AlreadyDeceased(person)),
        (known.life is Life.DELETED, rules.RecordIsDeleted(person)),
        (
            known.life is Life.LIVING and community is None,
            rules.NotRegistered(person),
        ),
        (soldier != military, card_rules.MilitaryChannel(person)),
        (not registrar.in_area(community), rules.OutsideArea(community)),
        (known.number is None, card_rules.NumberAbsent(person)),
        (known.birth_date is None, card_rules.BirthDateUnknown(person)),
    )
    registrar.stop_if_refused()
    assert community is not None, "refused above"
    return known, community


def refuse_reason(
    registrar: Registrar,
    person: Person,
    kind: CardKind,
    reason: CardReason,
    before: Sequence[Application],
) -> None:
    """Refuse a generation that is not made, and a reason that does not fit."""
    today = registrar.today
    assert person.birth_date is not None, "an applicant has one"
    grown = age_on(person.birth_date, today) >= limit("card_duty_age", today).amount
    had = [one for one in before if one.state is not None and not one.given_up]
    firsts = [one for one in had if one.apply_reason and one.apply_reason.group == "first"]
    made = [one.produced_on for one in had if one.produced_on is not None]
    until = limit("card_reapplication", today).after(max(made)) if made else None
    held = next((one for one in reversed(had) if one.state in {"93", "94"}), None)
    registrar.refuse_if(
        (
            not is_made(kind.generation, today),
            card_rules.GenerationNotMade(f"generation {kind.generation} on {today}"),
        ),
        (
            reason.generation != kind.generation,
            card_rules.ReasonOfOtherGeneration(reason),
        ),
        (
            (reason == CHILD and grown) or (reason == SIXTEEN and not grown),
            card_rules.ReasonUnfit(f"{reason}, born {person.birth_date}"),
        ),
        (
            kind.generation == 1 and not grown,
            card_rules.ReasonUnfit("the first generation is for those of sixteen and more"),
        ),
        (
            reason.group == "first" and bool(firsts),
            card_rules.ReasonUnfit(f"{reason}, a first card was applied for before"),
        ),
        (
            reason.once and reason.group != "first" and any(one.card_kind == kind for one in had),
            card_rules.ReasonUnfit(f"{reason}, a card of the generation was applied for before"),
        ),
        *((True, card_rules.ApplicationOpen(one.acceptance_number)) for one in had if is_open(one)),
        (
            reason.group == "replace" and held is not None and held.state == "93",
            card_rules.ReportLossFirst(held.acceptance_number if held else None),
        ),
        (
            until is not None and today <= until and reason.group != "replace",
            card_rules.TooSoon(f"until {until}"),
        ),
    )


def note_late(registrar: Registrar, birth: date, reason: CardReason) -> None:
    """Tell the officer of a first card that was due earlier.

    Source: 居民身份证法 art. 7: within three months of the sixteenth birthday.
    """
    if reason != SIXTEEN:
        return
    sixteenth = limit("card_duty_age", registrar.today).after(birth)
    due = limit("card_first_application", registrar.today)
    if registrar.today > due.after(sixteenth):
        words = f"the first card was to be applied for by {due.after(sixteenth)}"
        registrar.notice("card-applied-late", due.document, words)


def is_open(one: Application) -> bool:
    """Whether an application is on its way: neither ended nor replaced."""
    return one.state is not None and one.state not in ENDED and one.replaced_by is None


def held_before(before: Sequence[Application]) -> Application | None:
    """The card that a person holds, or reported lost, of those that the register knows."""
    held = [one for one in before if one.state in {"93", "94"}]
    return held[-1] if held else None


def is_child(birth: date, on: date) -> bool:
    """Whether somebody is under sixteen, so that the guardian applies."""
    return age_on(birth, on) < limit("card_duty_age", on).amount


def county_names(places: Places, community: CommunityId, on: date) -> tuple[str, str | None]:
    """The names of the county of a community and of the city above it."""
    names = {fact.level: str(fact.name) for _, fact in places.above(community, on)}
    return names[Level.COUNTY], names.get(Level.CITY)
