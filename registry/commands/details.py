"""Lesser items, guardians, parents, nature of a registration: changes and corrections (变更, 更正).

Source: 户口登记条例 art. 17; GA/T 2000.24-2014, categories 23 and 60 to 92.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Person, rules
from registry.commands.base import STATION, command
from registry.commands.papers import refuse_unapproved
from registry.commands.particulars import CHANGES, CORRECTIONS, check_category, corrected
from registry.commands.vital import refuse_unknown, remind_of_parents
from registry.events.person import (
    Details,
    DetailsChanged,
    DetailsCorrected,
    GuardianNamed,
    NatureChanged,
    ParentsCorrected,
)
from registry.registrar import Registrar
from registry.values import (
    ChangeCategory,
    HukouNature,
    Name,
    PaperNumber,
    PersonId,
    Relationship,
)

#: Items that are no main items.
LESSER = ("other", "former_name", "birth_place", "native_place")
#: Fields of a command that carries lesser items.
ITEMS = tuple(Details.__dataclass_fields__)


@command(STATION)
class ChangeDetails(Details):
    """Register that lesser items changed; what is left out stays as it was (变更其他项目).

    Source: GA/T 2000.24-2014, category 91.
    """

    person: PersonId
    category: ChangeCategory = ChangeCategory("91")
    declarant: Name
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the change."""
        on = self.on or registrar.today
        one = registrar.load(Person, self.person, on)
        told = details(self)
        check_category(registrar, self.category, LESSER, CHANGES, None)
        refuse_unknown(registrar, self.person, self.spouse)
        same = all(getattr(one, name) == value for name, value in told.items())
        registrar.refuse_if((same, rules.NothingChanges()))
        registrar.enter(
            self.person,
            DetailsChanged(
                effective_on=on, category=self.category, declarant=self.declarant, **told
            ),
        )
        return {"person": self.person}


@command(STATION)
class CorrectDetails(Details):
    """Put right lesser items that had been written wrongly (更正其他项目).

    Source: GA/T 2000.24-2014, category 92.
    """

    person: PersonId
    corrects: int
    category: ChangeCategory = ChangeCategory("92")
    declarant: Name

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the correction."""
        entry = corrected(registrar, self.person, self.corrects)
        told = details(self)
        check_category(registrar, self.category, LESSER, CORRECTIONS, None)
        refuse_unknown(registrar, self.person, self.spouse)
        same = all(getattr(entry.event, name, None) == value for name, value in told.items())
        # An entry of details alone wrote those that it names.
        partial = isinstance(entry.event, (DetailsChanged, DetailsCorrected))
        unwritten = [name for name in told if getattr(entry.event, name, None) is None]
        registrar.refuse_if(
            (same, rules.NothingChanges()),
            (partial and bool(unwritten), rules.NothingToCorrect(self.corrects)),
        )
        registrar.enter(
            self.person,
            DetailsCorrected(
                effective_on=entry.effective_on,
                corrects=self.corrects,
                category=self.category,
                declarant=self.declarant,
                **told,
            ),
        )
        return {"person": self.person}


def details(of: Details) -> dict[str, Any]:
    """The lesser items that a command carries, without those that it leaves out."""
    values = vars(of)
    return {name: value for name in ITEMS if (value := values[name]) is not None}


@command(STATION)
class ChangeNature:
    """Register, with an approval, that a registration is of another nature (户别变更).

    Source: GA 214 business 110.
    """

    person: PersonId
    nature: HukouNature
    approval: PaperNumber | None = None
    declarant: Name
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the change."""
        refuse_unapproved(registrar, "110", self.approval)
        on = self.on or registrar.today
        one = registrar.load(Person, self.person, on)
        registrar.refuse_if((one.nature == self.nature, rules.NothingChanges("nature")))
        registrar.enter(
            self.person,
            NatureChanged(
                effective_on=on,
                nature=self.nature,
                declarant=self.declarant,
                approval=self.approval,
            ),
        )
        return {"person": self.person}


@command(STATION)
class NameGuardian:
    """Name a guardian for a person, or end a guardianship (监护人).

    Source: 公通字[1995]91号, permanent-resident form.
    """

    person: PersonId
    guardian: PersonId | None = None
    guardian_name: Name | None = None
    guardian_relation: Relationship | None = None
    declarant: Name
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the guardian."""
        on = self.on or registrar.today
        registrar.load(Person, self.person, on)
        refuse_unknown(registrar, self.person, self.guardian)
        registrar.enter(
            self.person,
            GuardianNamed(
                effective_on=on,
                guardian=self.guardian,
                guardian_name=self.guardian_name,
                guardian_relation=self.guardian_relation,
                declarant=self.declarant,
            ),
        )
        return {"person": self.person}


@command(STATION)
class CorrectParents:
    """Put right who the parents are (更正父母). Source: GA/T 2000.24-2014, category 92."""

    person: PersonId
    corrects: int
    mother: PersonId | None = None
    father: PersonId | None = None
    mother_name: Name | None = None
    father_name: Name | None = None
    declarant: Name

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the correction."""
        entry = corrected(registrar, self.person, self.corrects)
        refuse_unknown(registrar, self.person, self.mother, self.father)
        child = registrar.load(Person, self.person)
        remind_of_parents(registrar, self.mother, self.father, child.birth_date)
        registrar.enter(
            self.person,
            ParentsCorrected(
                effective_on=entry.effective_on,
                corrects=self.corrects,
                mother=self.mother,
                father=self.father,
                mother_name=self.mother_name,
                father_name=self.father_name,
                declarant=self.declarant,
            ),
        )
        return {"person": self.person}
