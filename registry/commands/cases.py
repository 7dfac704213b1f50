"""Number cases (重错号): a keeper proposed, consequences listed, parties told, a decision taken.

The register computes what speaks for each holder and lists what a change would touch; officers
decide, one proposing and another deciding on the listing as it stands. Nothing changes a number but
a decision. Source: 公通字[2004]6号; Deyang plan of 2004; 居民身份证法 art. 19.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.aggregates import Life, Number, NumberCase, Person, case_rules, rules
from registry.commands.base import CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_fitness import is_soldier
from registry.commands.case_evidence import evidence_of, proposal
from registry.commands.case_touching import listed, settle_about_number, touched_by
from registry.commands.number_faults import REASONS, open_fault
from registry.commands.numbering import end_holding, number_id
from registry.commands.particulars import reassign
from registry.events.numbers import (
    CardCalledIn,
    KeeperProposed,
    NumberCaseClosed,
    NumberCaseDecided,
    NumberChangeProven,
    PartyNotified,
)
from registry.registrar import Registrar
from registry.values import (
    CaseId,
    Digest,
    DuplicateResolution,
    KeeperReason,
    Name,
    NumberFaultKind,
    OfficeCode,
    PaperNumber,
    PersonId,
    Text,
)

#: A resolution that says nothing of the parties, or none is given.
OTHERWISE = "other"
#: The businesses under which the holding of whoever is no longer here ends.
MOVED_OUT, DIED = 106, 102


@command(STATION, COUNTY, CITY, PROVINCE)
class OpenNumberCase:
    """Open the case of a person whose number is wrong or missing (错号, 漏编立案).

    Shared numbers open theirs by themselves. Refused where nothing is wrong with the number.
    """

    person: PersonId

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the case."""
        one = registrar.load(Person, self.person)
        place = one.community or one.left_community
        registrar.refuse_if((not registrar.in_area(place), rules.OutsideArea(self.person)))
        case = open_fault(registrar, one)
        registrar.refuse_if((case is None, case_rules.NumberIsRight(self.person)))
        return {"case": case}


@command(COUNTY, CITY, PROVINCE)
class ProposeKeeper:
    """Propose who keeps a number that several people hold, and why (拟定保留方).

    keeper: absent, the register proposes by the first reason that tells the holders apart, and is
    refused where none does. Source: 公通字[2004]6号; table keeper_reason.
    """

    case: CaseId
    keeper: PersonId | None = None
    reason: KeeperReason | None = None
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the proposal with the evidence for each party."""
        case = case_in_area(registrar, self.case)
        registrar.refuse_if(
            (case.fault is not NumberFaultKind.DUPLICATE, case_rules.NotShared(self.case))
        )
        registrar.stop_if_refused()
        evidence = evidence_of(registrar, case)
        found = proposal(evidence)
        told = (self.keeper, self.reason) if self.keeper else found
        registrar.refuse_if(
            (self.keeper is None and found is None, case_rules.NoReasonTells(self.case)),
            (self.keeper is not None and self.reason is None, case_rules.ReasonNeeded(self.case)),
        )
        registrar.stop_if_refused()
        assert told is not None, "refused above"
        keeper, reason = told
        assert keeper is not None, "refused above"
        assert reason is not None, "refused above"
        registrar.enter(
            self.case,
            KeeperProposed(
                effective_on=registrar.today,
                keeper=keeper,
                reason=reason,
                evidence=tuple(" ".join(evidence[one]) for one in sorted(case.parties)),
                grounds=self.grounds,
            ),
        )
        return {"case": self.case, "keeper": keeper, "reason": reason}


@command(STATION, COUNTY, CITY)
class NotifyParty:
    """Record that a party to a number case was told of it (告知当事人)."""

    case: CaseId
    person: PersonId
    document: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the notice."""
        case_in_area(registrar, self.case)
        registrar.enter(
            self.case,
            PartyNotified(effective_on=registrar.today, person=self.person, document=self.document),
        )
        return {"case": self.case}


@command(STATION, COUNTY, CITY, PROVINCE)
class ListNumberChange:
    """List everything that a change of parties' numbers would touch (变更影响清单); enters nothing.

    The digest that comes with the list is what a decision names.
    """

    case: CaseId
    changed: tuple[PersonId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Look, and tell."""
        case = case_in_area(registrar, self.case)
        touched = touched_by(registrar, case, self.changed)
        return {"case": self.case, "touched": touched, "digest": listed(touched)}


@dataclass(frozen=True, kw_only=True)
class NumberChange:
    """Whose number is changed by a decision, and the paper that will prove it (变更证明).

    station: from whose segments the new number is drawn, where that is not the decider's.
    """

    person: PersonId
    station: OfficeCode | None = None
    proof: PaperNumber
    declarant: Name


@command(COUNTY, CITY, PROVINCE)
class DecideNumberCase:
    """Decide a number case: who keeps the number, who is given another or a first one (处理决定).

    touched: the digest of the list that was looked at; refused where anything in it has changed.
    document: the approval. Of a shared number the decider is not who proposed the keeper, and all
    parties have been told. New numbers are drawn, papers proven, cards called in, what was found
    about the numbers settled and the case closed in the same append; the old number stays known,
    and valid at its time.
    Source: 公通字[2004]6号; 居民身份证法 art. 19; GA/T 2000.24-2014, categories 11, 12 and 19.
    """

    case: CaseId
    keeper: PersonId | None = None
    changes: tuple[NumberChange, ...]
    touched: Digest
    document: PaperNumber
    resolution: DuplicateResolution | None = None
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the decision and all that follows from it."""
        case = case_in_area(registrar, self.case)
        changed = tuple(one.person for one in self.changes)
        self._refuse(registrar, case, changed)
        registrar.stop_if_refused()
        touched = touched_by(registrar, case, changed)
        if listed(touched) != self.touched:
            registrar.refuse_if((True, case_rules.ListingStale(self.case)))
            registrar.stop_if_refused()
        self._enter_decision(registrar, changed)
        today, why = registrar.today, REASONS[case.fault]
        numbers = {}
        for one in self.changes:
            person = registrar.load(Person, one.person)
            number = reassign(
                registrar, person, why, self.document, one.declarant, today, one.station
            )
            if number is None:
                continue
            numbers[str(one.person)] = number
            proven = NumberChangeProven(
                effective_on=today,
                person=one.person,
                number=number_id(registrar, number),
                paper=one.proof,
            )
            registrar.enter(self.case, proven)
        for line in touched:
            if line["what"] == "card":
                called = CardCalledIn(
                    effective_on=today,
                    person=line["person"],
                    application=line["stream"],
                )
                registrar.enter(self.case, called)
        close(registrar, case, self.keeper, self.resolution, self.grounds, changed)
        return {"case": self.case, "numbers": numbers}

    def _enter_decision(self, registrar: Registrar, changed: tuple[PersonId, ...]) -> None:
        registrar.enter(
            self.case,
            NumberCaseDecided(
                effective_on=registrar.today,
                keeper=self.keeper,
                changed=changed,
                touched=self.touched,
                document=self.document,
                grounds=self.grounds,
            ),
        )

    def _refuse(self, registrar: Registrar, case: NumberCase, changed: Sequence[PersonId]) -> None:
        shared = case.fault is NumberFaultKind.DUPLICATE
        proposer = next(
            (
                entry.officer
                for entry in reversed(registrar.entries(self.case))
                if isinstance(entry.event, KeeperProposed)
            ),
            None,
        )
        untold = sorted(case.parties - case.notified)
        registrar.refuse_if(
            (not case.open, rules.CaseIsClosed(self.case)),
            (not changed or self.keeper in changed, case_rules.NobodyChanges(self.case)),
            *((True, rules.NotParty(one)) for one in changed if one not in case.parties),
        )
        named = [one for one in (self.keeper, *changed) if one in case.parties]
        registrar.prefetch(named)
        for person in named:
            ended = registrar.load(Person, person).life is not Life.LIVING
            registrar.refuse_if((ended, rules.AlreadyDeceased(person)))
        if shared:
            registrar.refuse_if(
                (case.proposed is None, case_rules.KeeperNotProposed(self.case)),
                (proposer == registrar.authority.officer, case_rules.ProposedByTheSame(self.case)),
                *((True, case_rules.PartyNotTold(one)) for one in untold),
            )


@command(COUNTY)
class CloseNumberCase:
    """Close a case once its fault is gone by another business (结案).

    Of a shared number at most one party still holds it here: the others moved out, died, were
    cancelled or have another number; the resolution says which. Of whoever moved out or died the
    holding here ends, but for one where nobody else holds it; settling here again, or a death that
    proves wrong, resumes it and opens the case anew.
    Source: GA 214 duplicate_resolution.
    """

    case: CaseId
    keeper: PersonId | None = None
    resolution: DuplicateResolution | None = None
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end of the case."""
        case = case_in_area(registrar, self.case)
        close(registrar, case, self.keeper, self.resolution, self.grounds)
        return {"case": self.case}


def close(
    registrar: Registrar,
    case: NumberCase,
    keeper: PersonId | None,
    resolution: DuplicateResolution | None,
    grounds: Text,
    changed: Collection[PersonId] = (),
) -> None:
    """Close a case whose fault is gone, with what was found about it; refused where it is not.

    changed: whose numbers the decision of the case changes.
    """
    if case.fault is NumberFaultKind.DUPLICATE:
        assert case.number is not None, "a shared number is a number"
        number = registrar.load(Number, case.number)
        registrar.prefetch(case.parties)
        others = [registrar.load(Person, one) for one in number.held_by if one != keeper]
        living = (one for one in others if one.life is Life.LIVING)
        bound = (one for one in living if one.resident or is_soldier(one))
        registrar.refuse_if(*((True, rules.StillHeld(one.id)) for one in bound))
        people = [registrar.find(Person, one) for one in case.parties]
        facts = {cleared_by(one, number) for one in people if one is not None}
        said = resolution.row["cleared_by"] if resolution is not None else OTHERWISE
        registrar.refuse_if(
            (said != OTHERWISE and said not in facts, case_rules.ResolutionUnfit(resolution))
        )
        if keeper not in number.held_by:
            # Somebody goes on holding it: with whoever comes with it later, it is shared again.
            others = sorted(others, key=lambda one: one.life is not Life.LIVING)[1:]
        for one in others:
            # Of the dead, too: a death that proves wrong resumes the holding, and opens the case.
            business = MOVED_OUT if one.life is Life.LIVING else DIED
            end_holding(registrar, one.id, number.number, business)
    else:
        for party in case.parties:
            fault = open_fault(registrar, registrar.load(Person, party), only_tell=True)
            registrar.refuse_if((fault == case.id, case_rules.StillFaulty(party)))
    settle_about_number(registrar, case, changed)
    registrar.enter(
        case.id,
        NumberCaseClosed(
            effective_on=registrar.today, keeper=keeper, resolution=resolution, grounds=grounds
        ),
    )


def cleared_by(one: Person, number: Number) -> str | None:
    """What became of a party that clears a shared number; None: nothing, the number is held.

    A soldier is registered nowhere, keeps the number and comes back with it.
    """
    if one.life is not Life.LIVING:
        return "dead" if one.life is Life.DEAD else "cancelled"
    if one.number != number.number:
        return "renumbered"
    return None if one.resident or is_soldier(one) else "left"


def case_in_area(registrar: Registrar, stream: CaseId) -> NumberCase:
    """A case with a party in the officer's area."""
    case = registrar.load(NumberCase, stream)
    registrar.prefetch(case.parties)
    people = [registrar.find(Person, person) for person in case.parties]
    places = [one.community or one.left_community for one in people if one is not None]
    registrar.refuse_if(
        (
            bool(places) and not any(registrar.in_area(place) for place in places),
            rules.OutsideArea(stream),
        )
    )
    return case
