"""The persons of an extract: their columns read, each value taken, kept as found or told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

from registry.commands.extract import DAWN, PERSONS, RELATIVES, Batch, Homes, Remark, namer
from registry.values import (
    CitizenNumber,
    DivisionCode,
    Education,
    HukouNature,
    MaritalStatus,
    MilitaryService,
    Name,
    Nationality,
    PersonId,
    Sex,
    Text,
    explain_number,
)
from registry.vocabulary import Kind


class Unusable:
    """Marks a text that is no value of its kind."""


UNUSABLE = Unusable()


class Read(dict[str, Any]):
    """Texts of one kind and what each one says: its value, None where it is empty, or UNUSABLE."""

    def __init__(self, kind: Callable[[str], Any], keep: int = 100_000) -> None:
        self.kind, self.keep = kind, keep

    def __missing__(self, text: str) -> Any:
        value: Any = None
        if text:
            try:
                value = self.kind(text)
            except ValueError:
                value = UNUSABLE
        if len(self) < self.keep:
            self[text] = value
        return value


def read_date(text: str) -> date:
    """A day, written with hyphens or without."""
    if not DATE.fullmatch(text):
        raise ValueError("a date is YYYY-MM-DD or YYYYMMDD")
    return date.fromisoformat(text)


def read_birth(text: str) -> date:
    """A birth date."""
    day = read_date(text)
    if day.year < FIRST_BIRTH_YEAR:
        raise ValueError(f"nobody here was born before {FIRST_BIRTH_YEAR}")
    return day


def read_sex(text: str) -> Sex:
    """A sex by its code."""
    return Sex(int(text))


def read_height(text: str) -> int:
    """A height in centimetres that somebody can have."""
    height = int(text)
    if not 20 <= height <= 260:
        raise ValueError("a height is 20 to 260 cm")
    return height


DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}", re.ASCII)
FIRST_BIRTH_YEAR = 1800
#: A date of which the day, or day and month, are not known, as it is kept (yyyymm00, yyyy0000).
IN_PART = re.compile(r"([0-9]{4})-?(?:(?:(0[1-9]|1[0-2])-?(?:00)?)|0000|00-00)?", re.ASCII)

#: The kinds of the columns that an event takes over as they are, by field.
KINDS: dict[str, Callable[[str], Any]] = {
    "sex": read_sex,
    "nationality": Nationality,
    "nature": HukouNature,
    "mother_name": Name,
    "father_name": Name,
    "guardian_name": Name,
    "education": Education,
    "marital_status": MaritalStatus,
    "military_service": MilitaryService,
    "height_cm": read_height,
    "birth_place": DivisionCode,
    "native_place": DivisionCode,
    "former_name": Name,
    "occupation": Text,
    "workplace": Text,
    "other_address": Text,
    "spouse_name": Name,
}
#: Of these nobody should be without.
EXPECTED = ("sex", "nationality")


@cache
def reader(kind: Callable[[str], Any]) -> Read:
    """What was read before; texts that hardly come twice are not kept."""
    return Read(kind, keep=0 if kind in (Name, Text) else 100_000)


class People:
    """The persons of some households, their columns read."""

    def __init__(self, batch: Batch, homes: Homes, findings: list[Remark]) -> None:
        self.batch, self.findings = batch, findings
        self.shared, self.absent = homes.shared, homes.absent
        self.columns = columns = homes.persons
        self.keys, self.rows = columns["key"], homes.rows
        self.relations = columns["relation"]
        self.stream = batch.streams(PERSONS)
        self.ids = [PersonId(self.stream(key)) for key in self.keys]
        self.by_key = dict(zip(self.keys, self.ids, strict=True))
        self.number_stream = namer(batch.namespace, f"{Kind.NUMBER}/")
        self.births = self._births(columns["birth_date"])
        self.since = self._since(columns.get("since"))
        self.names = self._names(columns["name"])
        self.numbers = self._numbers(columns["number"], homes.right)
        self.values: list[tuple[str, list[Any]]] = []
        for name, kind in KINDS.items():
            if name in columns or name in EXPECTED:
                self._read(name, kind, columns.get(name))
        for name, field_name in RELATIVES.items():
            if name in columns:
                self._relatives(name, field_name, columns[name])

    def remark(self, member: int, what: str) -> Remark:
        """Something to be said of a person's row."""
        return Remark(PERSONS, self.rows[member] + 1, self.keys[member], what)

    def find(self, member: int, what: str) -> None:
        """Note a finding."""
        self.findings.append(self.remark(member, what))

    def _read(self, name: str, kind: Callable[[str], Any], texts: Sequence[str] | None) -> None:
        if texts is None:
            values: list[Any] = [None] * len(self.keys)
        else:
            values = list(map(reader(kind).__getitem__, texts))
        if UNUSABLE in values:
            for member, value in enumerate(values):
                if value is UNUSABLE:
                    self.find(member, f"{name.replace('_', '-')}-unusable")
                    values[member] = None
        elif name in EXPECTED and None in values:
            for member, value in enumerate(values):
                if value is None:
                    self.find(member, f"{name}-missing")
        self.values.append((name, values))

    def _relatives(self, name: str, field_name: str, keys: Sequence[str]) -> None:
        absent, known = self.absent, self.by_key
        values: list[PersonId | None] = [None] * len(keys)
        for member, key in enumerate(keys):
            if not key:
                continue
            values[member] = known.get(key) or PersonId(self.stream(key))
            if key in absent:  # a later piece of the extract may bring whom the key means
                self.find(member, f"{field_name}-unknown")
        self.values.append((field_name, values))

    def _births(self, texts: Sequence[str]) -> list[tuple[date | None, str | None]]:
        read = reader(read_birth)
        today = self.batch.today
        found: list[tuple[date | None, str | None]] = []
        for member, text in enumerate(texts):
            day = read[text]
            if day.__class__ is date and day <= today:
                found.append((day, None))
            elif not text:
                self.find(member, "birth-date-missing")
                found.append((None, None))
            elif part := IN_PART.fullmatch(text):
                self.find(member, "birth-date-in-part")
                found.append((None, f"{part[1]}{part[2] or '00'}00"))
            else:
                self.find(member, "birth-date-unusable")
                found.append((None, text))
        return found

    def _since(self, texts: Sequence[str] | None) -> list[date | None]:
        if texts is None:
            return [None] * len(self.keys)
        today, read = self.batch.today, reader(read_date)
        found: list[date | None] = []
        for member, text in enumerate(texts):
            day = read[text]
            if day is UNUSABLE or (day is not None and not DAWN <= day <= today):
                self.find(member, "since-unusable")
                day = None
            found.append(day)
        return found

    def _names(self, texts: Sequence[str]) -> list[Name | None]:
        read = reader(Name)
        found: list[Name | None] = []
        for member, text in enumerate(texts):
            name = read[text]
            if name is None or name is UNUSABLE:
                self.find(member, "name-unusable" if text else "name-missing")
                name = None
            found.append(name)
        return found

    def _numbers(self, texts: Sequence[str], right: Sequence[bool]) -> list[CitizenNumber | None]:
        found: list[CitizenNumber | None] = []
        for member, (text, sound) in enumerate(zip(texts, right, strict=True)):
            if sound:
                found.append(str.__new__(CitizenNumber, text))  # it was checked
                continue
            found.append(None)
            if not text:
                self.find(member, "number-missing")
            for fault in explain_number(text, self.batch.today) if text else ():
                self.find(member, f"number-{fault.code}")
        return found

    def day_of(self, member: int, least: date, remark: bool = False) -> date:
        """The day from which somebody is a resident: never before the birth or the household."""
        told, birth = self.since[member], self.births[member][0]
        day = told or self.batch.baseline
        if birth is not None and birth > day:
            day = birth
            if remark and told:
                self.find(member, "since-before-birth")
        if day >= least:
            return day
        if remark and told:
            self.find(member, "since-before-household")
        return least
