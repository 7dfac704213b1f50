"""Changes and corrections of what is registered about a person (变更, 更正).

A change is so from its date; a correction says that a version of the timeline was wrong, and holds
from that version's date on Source: 户口登记条例 art. 17 and 18; GA/T 2000.24-2014.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from registry.aggregates import Person, rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.numbering import (
    end_holding,
    give_number,
    number_id,
    record_number,
)
from registry.entry import Entry
from registry.errors import NotFound
from registry.events.person import (
    BirthDateCorrected,
    NameChanged,
    NameCorrected,
    NationalityChanged,
    NationalityCorrected,
    NumberReassigned,
    SexChanged,
    SexCorrected,
)
from registry.frozen import frozen
from registry.history import standing
from registry.registrar import Registrar
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    Name,
    Nationality,
    OfficeCode,
    PaperNumber,
    PersonId,
    Sex,
)
from registry.vocabulary import Kind

#: The category under which somebody who has no number is given one.
MISSING = ChangeCategory("19")


#: Kinds of category for a change and for a correction.
CHANGES, CORRECTIONS = ("change", "other"), ("correction", "other")


def corrected(registrar: Registrar, person: PersonId, version: int) -> Entry:
    """The entry that a correction names."""
    one = registrar.find(Person, person)
    entries = registrar.entries(person)
    if not entries:
        raise NotFound(Kind.PERSON, person)
    registrar.refuse_elsewhere(one)
    if not 1 <= version <= len(entries):
        registrar.refuse_if((True, rules.NothingToCorrect(version)))
        registrar.stop_if_refused()
    return entries[version - 1]


def as_corrected(registrar: Registrar, entry: Entry, items: Collection[str]) -> Entry:
    """The entry that says now what one said: itself or its last standing correction."""
    last, line = entry, {entry.version}
    for one in standing(registrar.entries(entry.stream)):
        if getattr(one.event, "corrects", None) in line:
            line.add(one.version)
            if all(hasattr(one.event, name) for name in items):
                last = one
    return last


def check_category(
    registrar: Registrar,
    category: ChangeCategory,
    items: Collection[str],
    kinds: Collection[str],
    approval: PaperNumber | None,
) -> None:
    """A category belongs to its item, as change or correction; a main item needs an approval."""
    row = category.row
    if row["item"] not in items or row["kind"] not in kinds:
        registrar.refuse_if((True, rules.CategoryUnfit(f"{category} {category.name_zh}")))
    if category.needs_approval and approval is None:
        registrar.refuse_if((True, rules.ApprovalNeeded(category)))


@frozen
class Approved:
    """What every change of a main item says: whose, under which category and approval."""

    person: PersonId
    category: ChangeCategory
    approval: PaperNumber | None = None
    declarant: Name


@frozen
class Change(Approved):
    """A change of a main item from a day on, today unless given."""

    on: date | None = None


@frozen
class Correction(Approved):
    """A correction of what a version of the timeline says."""

    corrects: int


def change(registrar: Registrar, of: Change, item: str, kind: type[Any], **values: Any) -> None:
    """Enter a change of a main item."""
    on = of.on or registrar.today
    one = registrar.load(Person, of.person, on)
    check_category(registrar, of.category, {item}, CHANGES, of.approval)
    same = all(getattr(one, name) == value for name, value in values.items())
    registrar.refuse_if((same, rules.NothingChanges(item)))
    registrar.enter(
        of.person,
        kind(
            effective_on=on,
            category=of.category,
            declarant=of.declarant,
            approval=of.approval,
            **values,
        ),
    )


def correct(
    registrar: Registrar, of: Correction, item: str, kind: type[Any], **values: Any
) -> None:
    """Enter a correction of a main item."""
    check_category(registrar, of.category, {item}, CORRECTIONS, of.approval)
    entry = corrected(registrar, of.person, of.corrects)
    told = as_corrected(registrar, entry, values).event
    same = all(getattr(told, name, None) == value for name, value in values.items())
    registrar.refuse_if((same, rules.NothingChanges(item)))
    registrar.enter(
        of.person,
        kind(
            effective_on=entry.effective_on,
            corrects=of.corrects,
            category=of.category,
            declarant=of.declarant,
            approval=of.approval,
            **values,
        ),
    )


def renumber(registrar: Registrar, of: Approved) -> CitizenNumber | None:
    """Give another number where birth date or sex no longer agree with it (category 19)."""
    one = registrar.load(Person, of.person, registrar.today)
    number = one.number
    if number is None or (number.birth_date, number.sex) == (one.birth_date, one.sex):
        return number
    return reassign(
        registrar, one, ChangeCategory("19"), of.approval, of.declarant, registrar.today
    )


def reassign(
    registrar: Registrar,
    one: Person,
    category: ChangeCategory,
    approval: PaperNumber | None,
    declarant: Name,
    on: date,
    station: OfficeCode | None = None,
) -> CitizenNumber | None:
    """End the old holding and give a number that agrees with birth date and sex.

    station: from whose segments it is drawn; the officer's own unless it is named.
    """
    place = one.community or one.left_community
    registrar.refuse_if(
        (place is None, rules.NotRegistered(one.id)),
        (one.birth_date is None or one.sex is None, rules.NumberMismatch(one.id)),
    )
    if place is None or one.birth_date is None or one.sex is None:
        return None
    number = give_number(registrar, one.id, place, one.birth_date, one.sex, station)
    if number is None:
        return None
    if one.number is not None:
        end_holding(registrar, one.id, one.number, 107)
    registrar.enter(
        one.id,
        NumberReassigned(
            effective_on=on,
            category=category,
            number=number,
            declarant=declarant,
            approval=approval,
        ),
    )
    return number


@command(STATION)
class ChangeName(Change):
    """Register that a person took another name (变更姓名). Source: 户口登记条例 art. 18."""

    name: Name

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the change."""
        change(registrar, self, "name", NameChanged, name=self.name)
        return {"person": self.person}


@command(STATION)
class CorrectName(Correction):
    """Put right a name that had been written wrongly (更正姓名). Source: 户口登记条例 art. 17."""

    name: Name

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the correction."""
        correct(registrar, self, "name", NameCorrected, name=self.name)
        return {"person": self.person}


@command(COUNTY)
class ChangeSex(Change):
    """Register that a person's sex changed; the number follows (变更性别).

    Source: GA/T 2000.24-2014, category 31.
    """

    sex: Sex

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the change and the number that follows."""
        change(registrar, self, "sex", SexChanged, sex=self.sex)
        return {"person": self.person, "number": renumber(registrar, self)}


@command(COUNTY)
class CorrectSex(Correction):
    """Put right a sex that had been written wrongly; the number follows (更正性别).

    Source: GA/T 2000.24-2014, category 32.
    """

    sex: Sex

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the correction and the number that follows."""
        correct(registrar, self, "sex", SexCorrected, sex=self.sex)
        return {"person": self.person, "number": renumber(registrar, self)}


@command(COUNTY)
class CorrectBirthDate(Correction):
    """Put right a birth date; the number follows (更正出生日期).

    Source: GA/T 2000.24-2014, category 41.
    """

    birth_date: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the correction and the number that follows."""
        registrar.refuse_if(
            (self.birth_date > registrar.today, rules.BirthAfterRegistration(self.birth_date))
        )
        correct(registrar, self, "birth_date", BirthDateCorrected, birth_date=self.birth_date)
        return {"person": self.person, "number": renumber(registrar, self)}


@command(STATION)
class ChangeNationality(Change):
    """Register that a person chose the other parent's nationality (变更民族).

    Source: GA/T 2000.24-2014, category 51.
    """

    nationality: Nationality

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the change."""
        change(registrar, self, "nationality", NationalityChanged, nationality=self.nationality)
        return {"person": self.person}


@command(STATION)
class CorrectNationality(Correction):
    """Put right a nationality that had been written wrongly (更正民族).

    Source: GA/T 2000.24-2014, category 52.
    """

    nationality: Nationality

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the correction."""
        correct(registrar, self, "nationality", NationalityCorrected, nationality=self.nationality)
        return {"person": self.person}


@command(COUNTY)
class ReassignNumber(Change):
    """Give the first number to a person who has none (补编), category 19.

    A number that is shared or wrong is changed by the decision of its case (DecideNumberCase)
    alone, and a corrected birth date or sex brings its number along.
    Source: GB 11643-1999; 居民身份证法 art. 19; GA/T 2000.24-2014, category 19.
    """

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the first number on the person's, the number's and the book's stream."""
        on = self.on or registrar.today
        one = registrar.load(Person, self.person, on)
        registrar.refuse_elsewhere(registrar.find(Person, self.person))
        check_category(registrar, self.category, {"id_number"}, CORRECTIONS, self.approval)
        numbered = one.number is not None or one.number_as_found is not None
        registrar.refuse_if(
            (numbered or self.category != MISSING, rules.NumberStays(self.category)),
        )
        registrar.stop_if_refused()
        number = reassign(registrar, one, self.category, self.approval, self.declarant, on)
        return {"person": self.person, "number": number}


@command(COUNTY)
class RecordNumber(Change):
    """Record the number that a person was found to hold from elsewhere or earlier (录入).

    A second holder is recorded and opens a case. Source: number_assignment_status operation 2.
    """

    number: CitizenNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the number on the person's and the number's stream."""
        on = self.on or registrar.today
        one = registrar.load(Person, self.person, on)
        registrar.refuse_elsewhere(registrar.find(Person, self.person))
        check_category(registrar, self.category, {"id_number"}, CORRECTIONS, self.approval)
        registrar.refuse_if(
            (one.number is not None, rules.NumberStays(self.category)),
            (
                (self.number.birth_date, self.number.sex) != (one.birth_date, one.sex),
                rules.NumberMismatch(self.number.masked),
            ),
        )
        number_id(registrar, self.number)
        record_number(registrar, self.person, self.number)
        registrar.enter(
            self.person,
            NumberReassigned(
                effective_on=on,
                category=self.category,
                number=self.number,
                declarant=self.declarant,
                approval=self.approval,
            ),
        )
        return {"person": self.person}
