"""Births, deaths, supplements and deletions (出生, 死亡, 补录, 删除)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Person, Proof, rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.membership import (
    Heir,
    Home,
    NewHousehold,
    leave,
    refuse_minors_alone,
    settle,
)
from registry.commands.numbering import end_holding, give_number, record_number
from registry.commands.papers import refuse_unapproved
from registry.events.household import Member
from registry.events.papers import ProofUsed
from registry.events.person import (
    BirthRegistered,
    DeathRegistered,
    DetailsChanged,
    RecordDeleted,
    RecordSupplemented,
)
from registry.frozen import frozen
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    BirthKind,
    ChangeCategory,
    CitizenNumber,
    DeathCause,
    DeletionKind,
    DivisionCode,
    HouseholdId,
    HukouNature,
    MaritalStatus,
    Name,
    Nationality,
    PaperNumber,
    PersonId,
    Relationship,
    Sex,
    SupplementKind,
    Text,
)
from registry.vocabulary import Kind

WIDOWED, DIVORCED = MaritalStatus("30"), MaritalStatus("40")
OTHER_ITEM = ChangeCategory("91")


@frozen
class Entrant:
    """The main items of somebody who enters the register, and the household to live in."""

    household: HouseholdId | None = None
    new_household: NewHousehold | None = None
    relation: Relationship
    name: Name
    sex: Sex
    birth_date: date
    nationality: Nationality
    nature: HukouNature | None = None
    birth_place: DivisionCode | None = None
    native_place: DivisionCode | None = None
    mother: PersonId | None = None
    father: PersonId | None = None
    mother_name: Name | None = None
    father_name: Name | None = None
    guardian: PersonId | None = None
    guardian_name: Name | None = None

    def items(self, home: Home) -> dict[str, Any]:
        """What every event of entering says alike."""
        return {
            "household": home.household,
            "community": home.community,
            "sex": self.sex,
            "birth_date": self.birth_date,
            "nationality": self.nationality,
            "nature": self.nature,
            "name": self.name,
            "birth_place": self.birth_place,
            "native_place": self.native_place,
            "mother": self.mother,
            "father": self.father,
            "mother_name": self.mother_name,
            "father_name": self.father_name,
            "guardian": self.guardian,
            "guardian_name": self.guardian_name,
        }

    def refuse_unknown(self, registrar: Registrar) -> None:
        """Parents and guardian that are named by identifier must be in the register."""
        refuse_unknown(registrar, None, self.mother, self.father, self.guardian)
        remind_of_parents(registrar, self.mother, self.father, self.birth_date)

    def housed(self, registrar: Registrar, person: PersonId, on: date, business: int) -> Home:
        """Put the entrant into the household named or described."""
        self.refuse_unknown(registrar)
        member = Member(person=person, relation=self.relation)
        return settle(registrar, self.household, self.new_household, (member,), on, business)

    def refuse_alone(self, registrar: Registrar, person: PersonId, on: date) -> None:
        """Refuse to found a household for a minor without guardian, once the entrant is known."""
        if self.new_household is not None and self.new_household.household_type != "2":
            refuse_minors_alone(registrar, [person], on)


@command(STATION)
class RegisterBirth(Entrant):
    """Register a birth, also late, adopted or found, and give the number (出生登记).

    on: the day from which the child is a resident; the birth date unless it is an adoption (0108)
    or a birth of an earlier year (0109), where it is the day of registration. died_on: for a child
    that died before it was declared, when birth and death are entered together, from its birth on.
    Source: Household Registration Regulations (户口登记条例), art. 7 and 9.
    """

    birth_kind: BirthKind = BirthKind("0101")
    birth_certificate: PaperNumber | None = None
    substitute_proof: Text | None = None
    declarant: Name
    declarant_relation: Relationship | None = None
    on: date | None = None
    died_on: date | None = None
    death_cause: DeathCause | None = None

    def since(self, today: date) -> date:
        """The day from which the child is a resident."""
        late = self.birth_kind != "0101" and not self.died_on
        return self.on or (today if late else self.birth_date)

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the child on its own, the household's, the number's and the book's stream."""
        person = PersonId(registrar.new_id())
        registrar.places()
        late = self.birth_kind != "0101"
        on = self.since(registrar.today)
        parented = self.mother or self.father or self.mother_name or self.father_name
        registrar.refuse_if(
            (self.birth_date > on, rules.BirthAfterRegistration(self.birth_date)),
            (on > registrar.today, rules.NotYet(on)),
            (
                not (self.birth_certificate or self.substitute_proof),
                rules.ProofNeeded(),
            ),
            (not (parented or self.substitute_proof), rules.ParentUnknown()),
        )
        home = self.housed(registrar, person, on, 101)
        number = give_number(registrar, person, home.community, self.birth_date, self.sex)
        registrar.enter(
            person,
            BirthRegistered(
                effective_on=on,
                **self.items(home),
                number=number,
                birth_kind=self.birth_kind,
                birth_certificate=self.birth_certificate,
                substitute_proof=self.substitute_proof,
                declarant=self.declarant,
                declarant_relation=self.declarant_relation,
            ),
        )
        self.refuse_alone(registrar, person, on)
        if self.birth_certificate:
            proof = registrar.named(Kind.PROOF, self.birth_certificate)
            registrar.find(Proof, proof)
            registrar.enter(proof, ProofUsed(effective_on=registrar.today, person=person))
        if self.died_on is not None:
            self._bury(registrar, person, home)
        period = limit("birth_declaration", self.birth_date)
        if not late and registrar.today > period.after(self.birth_date):
            registrar.notice(
                "declared-late",
                period.document,
                f"the birth of {self.birth_date} was to be declared by"
                f" {period.after(self.birth_date)}",
            )
        return {"person": person, "number": number, "household": home.household}

    def _bury(self, registrar: Registrar, person: PersonId, home: Home) -> None:
        assert self.died_on is not None
        registrar.refuse_if((self.died_on < self.birth_date, rules.DeathBeforeBirth()))
        registrar.enter(
            person,
            DeathRegistered(
                effective_on=self.died_on,
                death_cause=self.death_cause or DeathCause("0200"),
                household=home.household,
                community=home.community,
                declarant=self.declarant,
            ),
        )
        leave(registrar, home.household, [person], self.died_on, 102)


@command(STATION)
class RegisterDeath:
    """Register a death (死亡注销); a head leaves an heir, the last member closes the house.

    The spouse becomes widowed, and the number stays used.
    Source: Household Registration Regulations (户口登记条例), art. 8.
    """

    person: PersonId
    died_on: date
    death_cause: DeathCause = DeathCause("0200")
    declarant: Name
    heir: Heir | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the death, the household's loss and the widowhood."""
        one = registrar.load(Person, self.person, self.died_on)
        registrar.enter(
            self.person,
            DeathRegistered(
                effective_on=self.died_on,
                death_cause=self.death_cause,
                household=one.household,
                community=one.community,
                declarant=self.declarant,
            ),
        )
        if one.resident and one.household is not None:
            leave(registrar, one.household, [self.person], self.died_on, 102, self.heir)
        if one.spouse is not None:
            self._widow(registrar, one.spouse)
        period = limit("death_declaration_country", self.died_on)
        if registrar.today > period.after(self.died_on):
            registrar.notice(
                "declared-late",
                period.document,
                f"the death of {self.died_on} was to be declared by {period.after(self.died_on)}",
            )
        return {"person": self.person, "household": one.household}

    def _widow(self, registrar: Registrar, spouse: PersonId) -> None:
        widow = registrar.find(Person, spouse, self.died_on)
        if widow is None or not widow.resident or widow.spouse != self.person:
            return
        if widow.marital_status == DIVORCED:
            return
        if not registrar.in_area(widow.community):
            registrar.notice(
                "spouse-elsewhere",
                "户口登记条例 art. 19",
                "the spouse is registered in another office's area, which enters the widowhood",
            )
            return
        registrar.enter(
            spouse,
            DetailsChanged(
                effective_on=self.died_on,
                category=OTHER_ITEM,
                marital_status=WIDOWED,
                declarant=self.declarant,
            ),
        )


@command(COUNTY)
class SupplementRecord(Entrant):
    """Enter a resident whom the register had missed (户籍补录), with an approval.

    number: the one that the person holds already; without it one is given.
    Source: GA 214 business 108.
    """

    number: CitizenNumber | None = None
    supplement_kind: SupplementKind = SupplementKind("0799")
    grounds: Text
    approval: PaperNumber | None = None
    declarant: Name
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the person, the household's gain and the number."""
        refuse_unapproved(registrar, "108", self.approval)
        person = PersonId(registrar.new_id())
        registrar.places()
        on = self.on or registrar.today
        registrar.refuse_if((self.birth_date > on, rules.BirthAfterRegistration(self.birth_date)))
        home = self.housed(registrar, person, on, 108)
        number = self.number
        if number is None:
            number = give_number(registrar, person, home.community, self.birth_date, self.sex)
        else:
            refuse_mismatch(registrar, number, self.birth_date, self.sex)
            record_number(registrar, person, number)
        registrar.enter(
            person,
            RecordSupplemented(
                effective_on=on,
                **self.items(home),
                number=number,
                supplement_kind=self.supplement_kind,
                grounds=self.grounds,
                declarant=self.declarant,
                approval=self.approval,
            ),
        )
        self.refuse_alone(registrar, person, on)
        return {"person": person, "number": number, "household": home.household}


@command(COUNTY)
class DeleteRecord:
    """End a record that should not be, naming the one that is kept, with an approval (户籍删除).

    Source: GA 214 business 109.
    """

    person: PersonId
    kept: PersonId | None = None
    deletion_kind: DeletionKind = DeletionKind("0801")
    grounds: Text
    approval: PaperNumber | None = None
    heir: Heir | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the deletion and the household's loss."""
        refuse_unapproved(registrar, "109", self.approval)
        on = self.on or registrar.today
        one = registrar.load(Person, self.person, on)
        duplicate = self.deletion_kind == "0801"
        kept = registrar.find(Person, self.kept, on) if self.kept else None
        registrar.refuse_if(
            (
                duplicate and (kept is None or kept.life != 0 or self.kept == self.person),
                rules.DuplicateRecord(self.kept),
            ),
        )
        registrar.enter(
            self.person,
            RecordDeleted(
                effective_on=on,
                deletion_kind=self.deletion_kind,
                kept=self.kept,
                household=one.household,
                community=one.community,
                grounds=self.grounds,
                approval=self.approval,
            ),
        )
        if one.resident and one.household is not None:
            leave(registrar, one.household, [self.person], on, 109, self.heir)
        if one.number is not None:
            end_holding(registrar, self.person, one.number, 109)
        return {"person": self.person, "kept": self.kept}


def refuse_unknown(registrar: Registrar, person: PersonId | None, *kin: PersonId | None) -> None:
    """Kin that are named by identifier are in the register, and are somebody else."""
    named = [one for one in kin if one is not None]
    if not named:
        return
    registrar.prefetch(named)
    registrar.refuse_if(
        *((registrar.find(Person, one) is None, rules.PersonUnknown(one)) for one in named),
        *((one == person, rules.OwnKin(one)) for one in named),
    )


def remind_of_parents(
    registrar: Registrar, mother: PersonId | None, father: PersonId | None, birth: date | None
) -> None:
    """Tell the officer where whoever is named can hardly be the parent, by what is registered."""
    for parent, sex, word in ((mother, Sex.FEMALE, "mother"), (father, Sex.MALE, "father")):
        one = registrar.find(Person, parent) if parent is not None else None
        if one is None or not registrar.in_area(one.community or one.left_community):
            continue
        doubts = []
        if one.sex is not None and one.sex is not sex:
            doubts.append(f"is registered as {one.sex.name.lower()}")
        if birth is not None and one.birth_date is not None and one.birth_date >= birth:
            doubts.append("is not older than the child")
        for doubt in doubts:
            registrar.notice("parent-doubtful", "户口登记条例 art. 7", f"the {word} {doubt}")


def refuse_mismatch(registrar: Registrar, number: CitizenNumber, birth: date, sex: Sex) -> None:
    """Birth date and sex are part of a number. Source: GB 11643-1999."""
    registrar.refuse_if(
        ((number.birth_date, number.sex) != (birth, sex), rules.NumberMismatch(number.masked))
    )
