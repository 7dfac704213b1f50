"""What stands before an application: gates, age, generation, cards had before (发证条件)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from registry.aggregates import (
    Application,
    Batches,
    Person,
    Readiness,
    card_rules,
    programme_rules,
    rules,
)
from registry.aggregates.application import ENDED
from registry.aggregates.person import Life
from registry.card_terms import is_made, made_from
from registry.commands.base import ADMINISTRATOR, command
from registry.commands.cards_fitness import ended, home_of, is_soldier
from registry.commands.preparing import errors_rule
from registry.days import age_on
from registry.events.readiness import (
    CountyBaselineAccepted,
    CountyBaselineWithdrawn,
    PersonVerified,
)
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    BatchId,
    CardKind,
    CardReason,
    CommunityId,
    DivisionId,
    Level,
    Name,
    PersonId,
)


@command(ADMINISTRATOR)
class AcceptBaseline:
    """Record that a county's data were accepted, so that cards may follow (建库验收).

    document: the number of the paper in which they were. persons, errors: how many were registered
    and how many errors were open; the limit is baseline_errors. reconciliations: the imports.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 先建库、后发证.
    """

    division: DivisionId
    document: str
    persons: int | None = None
    errors: int | None = None
    reconciliations: tuple[BatchId, ...] = ()

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the acceptance."""
        fact = registrar.places().fact(self.division, registrar.today)
        if fact is None or fact.level is not Level.COUNTY or fact.closed or fact.code is None:
            registrar.refuse_if((True, rules.DivisionUnknown(self.division)))
            registrar.stop_if_refused()
        assert fact is not None, "refused above"
        assert fact.code is not None, "refused above"
        refuse_county_of_others(registrar, self.division)
        registrar.find(Readiness, self.division)
        found = errors_rule(self.persons or 0, self.errors or 0, registrar.today)
        registrar.refuse_if(*((True, rule) for rule in found))
        registrar.prefetch(self.reconciliations)
        for one in self.reconciliations:
            batch = registrar.load(Batches, one)
            done = batch.reconciled and batch.agrees
            registrar.refuse_if((not done, programme_rules.BatchNotReconciled(batch.name)))
        registrar.enter(
            self.division,
            CountyBaselineAccepted(
                effective_on=registrar.today,
                county=fact.code,
                document=self.document,
                persons=self.persons,
                errors=self.errors,
                reconciliations=self.reconciliations,
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
        refuse_county_of_others(registrar, self.division)
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


def refuse_county_of_others(registrar: Registrar, division: DivisionId) -> None:
    """A county's gates are opened and shut by its own administrators, and by those above them."""
    registrar.refuse_if((not registrar.in_area(division), rules.OutsideArea(division)))
    registrar.stop_if_refused()


def applicant(registrar: Registrar, person: PersonId, military: bool) -> tuple[Person, CommunityId]:
    """Who applies, and the community of the registration; refused where there is none today."""
    known = registrar.load(Person, person, registrar.today)
    soldier = known.life is Life.LIVING and is_soldier(known)
    community = home_of(known, soldier)
    registrar.refuse_if(
        *((True, rule) for rule in ended(known, person)),
        (known.life is Life.LIVING and community is None, rules.NotRegistered(person)),
        (soldier != military, card_rules.MilitaryChannel(person)),
        (not registrar.in_area(community), rules.OutsideArea(community)),
        (known.number is None, card_rules.NumberAbsent(person)),
        (known.birth_date is None, card_rules.BirthDateUnknown(person)),
    )
    registrar.stop_if_refused()
    assert community is not None, "refused above"
    return known, community


def refuse_form_day(
    registrar: Registrar, person: PersonId, kind: CardKind, applied_on: date, latest: date
) -> None:
    """Refuse a form signed ahead of time, or before anybody could have applied here.

    latest: the day that the acceptance number bears, or today.
    Source: 居民身份证法 art. 12: the time counts from the form.
    """
    known = made_from(kind) <= applied_on <= latest
    known = known and registrar.find(Person, person, applied_on) is not None
    registrar.refuse_if((not known, card_rules.FormDayUnfit(applied_on)))


def guardian_of(
    registrar: Registrar,
    applicant: Person,
    applied_on: date,
    guardian: PersonId | None,
    guardian_name: Name | None,
) -> tuple[PersonId | None, Name | None]:
    """Who applies for a child: the one named, else the one that the register knows.

    Nobody is needed from sixteen on. A guardian by identifier lives, is of age and somebody else.
    Source: 居民身份证法 art. 7; 民法通则 art. 11, 16.
    """
    assert applicant.birth_date is not None, "an applicant has one"
    if not is_child(applicant.birth_date, applied_on):
        return None, None
    if guardian is None and guardian_name is None:
        guardian, guardian_name = applicant.guardian, applicant.guardian_name
    if guardian is None:
        registrar.refuse_if((guardian_name is None, card_rules.GuardianNeeded(applicant.id)))
        return None, guardian_name
    known = registrar.load(Person, guardian)
    of_age = limit("majority", applied_on).amount
    grown = known.birth_date is not None and age_on(known.birth_date, applied_on) >= of_age
    fit = known.life is Life.LIVING and grown and guardian != applicant.id
    registrar.refuse_if((not fit, card_rules.GuardianUnfit(guardian)))
    return guardian, guardian_name


def refuse_reason(
    registrar: Registrar,
    person: Person,
    kind: CardKind,
    reason: CardReason,
    applied_on: date,
    before: Sequence[Application],
) -> None:
    """Refuse a generation that is not made, and a reason that does not fit on the form's day."""
    today = registrar.today
    assert person.birth_date is not None, "an applicant has one"
    age = age_on(person.birth_date, applied_on)
    had = [one for one in before if one.state is not None and not one.given_up]
    # A card that was destroyed because nobody collected it was never anybody's.
    own = [one for one in had if is_open(one) or one.handed_on is not None]
    firsts = [one for one in own if one.apply_reason and one.apply_reason.group == "first"]
    made = [one.produced_on for one in had if one.produced_on is not None]
    until = limit("card_reapplication", today).after(max(made)) if made else None
    waits = reason.group != "replace" and not reason.own_error
    held = held_before(had)
    registrar.refuse_if(
        (
            not is_made(kind, today),
            card_rules.GenerationNotMade(f"generation {kind.generation} on {today}"),
        ),
        (
            reason.generation != kind.generation,
            card_rules.ReasonOfOtherGeneration(reason),
        ),
        (
            not reason.fits(age),
            card_rules.ReasonUnfit(f"{reason}, born {person.birth_date}"),
        ),
        (
            reason.group == "first" and bool(firsts),
            card_rules.ReasonUnfit(f"{reason}, a first card was applied for before"),
        ),
        (
            reason.once and reason.group != "first" and any(one.card_kind == kind for one in own),
            card_rules.ReasonUnfit(f"{reason}, a card of the generation was applied for before"),
        ),
        *((True, card_rules.ApplicationOpen(one.acceptance_number)) for one in had if is_open(one)),
        (
            reason.group == "replace" and held is not None and held.state == "93",
            card_rules.ReportLossFirst(held.acceptance_number if held else None),
        ),
        (
            until is not None and today <= until and waits,
            card_rules.TooSoon(f"until {until}"),
        ),
    )


def note_late(registrar: Registrar, birth: date, reason: CardReason, applied_on: date) -> None:
    """Tell the officer of a first card that was due earlier.

    Source: 居民身份证法 art. 7: within three months of the sixteenth birthday.
    """
    grown = limit("card_duty_age", applied_on)
    if reason.group != "first" or reason.fits(grown.amount - 1):
        return
    due = limit("card_first_application", applied_on)
    last = due.after(grown.after(birth))
    if applied_on > last:
        words = f"the first card was to be applied for by {last}"
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
