"""Lists of people who pay less for their cards, held against the register row by row (减免名单)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from registry.aggregates import Household, Number, Person, Relief, fee_rules, rules
from registry.commands.base import COUNTY, EXCHANGE_OFFICE, command
from registry.commands.fees import relief_id
from registry.commands.numbering import number_id
from registry.errors import Rule
from registry.events.fees import (
    ReliefGranted,
    ReliefListReceived,
    ReliefRowUnmatched,
    ReliefWithdrawn,
)
from registry.registrar import Registrar
from registry.values import (
    CitizenNumber,
    DivisionCode,
    DivisionId,
    Level,
    PersonId,
    ReliefKind,
    ReliefListId,
    RowFault,
    Text,
    comparison_key,
)
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class ReliefRow:
    """A row of a list, as it came."""

    name: str
    number: str


@command(EXCHANGE_OFFICE, COUNTY)
class ReceiveReliefList:
    """Take in a list of people who pay less, and hold it against the register (接收减免名单).

    declared: how many rows the sender says there are; another number refuses the whole list. A row
    fits who holds its number, bears its name and is registered in the county; of poor households
    one row means everybody who is registered there. Rows that fit nobody are recorded and told.
    document: the number under which the list was sent, which is taken in once.
    Source: 德办发(2004)39号: 低保 from civil affairs, 农村特困户 from the poverty office.
    """

    division: DivisionId
    relief: ReliefKind
    document: str
    declared: int
    rows: tuple[ReliefRow, ...]
    valid_from: date
    valid_until: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the list, whom it relieves, and what fits nobody."""
        county = self._county(registrar)
        today, many = registrar.today, len(self.rows)
        stream = list_id(registrar, county, self.relief, self.document)
        registrar.entries(stream)
        found = matched(registrar, self.division, self.rows)
        persons = list(dict.fromkeys(self._relieved(registrar, found)))
        registrar.prefetch([relief_id(registrar, person) for person in persons])
        unmatched = [(row, one) for row, one in enumerate(found, 1) if isinstance(one, RowFault)]
        registrar.enter(
            stream,
            ReliefListReceived(
                effective_on=today,
                relief=self.relief,
                county=county,
                document=self.document,
                declared=self.declared,
                matched=many - len(unmatched),
                unmatched=len(unmatched),
                granted=len(persons),
                valid_from=self.valid_from,
                valid_until=self.valid_until,
            ),
        )
        for row, fault in unmatched:
            told = self.rows[row - 1]
            registrar.enter(
                stream,
                ReliefRowUnmatched(
                    effective_on=today,
                    row=row,
                    fault=fault,
                    name=told.name,
                    number_as_found=told.number,
                ),
            )
        for person in persons:
            registrar.enter(
                relief_id(registrar, person),
                ReliefGranted(
                    effective_on=today,
                    person=person,
                    relief=self.relief,
                    relief_list=stream,
                    valid_from=self.valid_from,
                    valid_until=self.valid_until,
                ),
            )
        faults = [{"row": row, "fault": fault.value} for row, fault in unmatched]
        matching = {"matched": many - len(unmatched), "granted": len(persons)}
        return {"relief_list": stream, **matching, "unmatched": faults}

    def _county(self, registrar: Registrar) -> DivisionCode:
        fact = registrar.places().fact(self.division, registrar.today)
        counts = f"{self.declared} declared, {len(self.rows)} came"
        wrong: list[tuple[bool, Rule]] = [
            (not registrar.in_area(self.division), rules.OutsideArea(self.division)),
            (not self.relief.listed, fee_rules.ListHasNoSuchPeople(self.relief.name_zh)),
            (self.declared != len(self.rows), fee_rules.ListCountDiffers(counts)),
            (self.valid_until < self.valid_from, fee_rules.ListOutOfTime(self.valid_until)),
        ]
        registrar.refuse_if(*wrong)
        if fact is None or fact.level is not Level.COUNTY or fact.code is None:
            registrar.refuse_if((True, rules.DivisionUnknown(self.division)))
        registrar.stop_if_refused()
        assert fact is not None, "refused above"
        assert fact.code is not None, "refused above"
        return fact.code

    def _relieved(
        self, registrar: Registrar, found: Sequence[Person | RowFault]
    ) -> Iterator[PersonId]:
        people = [one for one in found if isinstance(one, Person)]
        if not self.relief.household:
            yield from (one.id for one in people)
            return
        homes = {one.household: one.id for one in people if one.household is not None}
        registrar.prefetch(tuple(homes))
        for home, person in homes.items():
            house = registrar.load(Household, home)
            yield from (person,) if house.collective else house.members


@command(EXCHANGE_OFFICE, COUNTY)
class WithdrawRelief:
    """Take somebody off a list, from today on (移出减免名单). Source: 财综[2004]8号."""

    person: PersonId
    relief_list: ReliefListId
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end."""
        person = registrar.load(Person, self.person)
        outside = not registrar.in_area(person.community or person.left_community)
        registrar.refuse_if((outside, rules.OutsideArea(self.person)))
        stream = relief_id(registrar, self.person)
        known = registrar.find(Relief, stream)
        if known is None:
            registrar.refuse_if((True, fee_rules.NotOnTheList(self.relief_list)))
            registrar.stop_if_refused()
        registrar.enter(
            stream,
            ReliefWithdrawn(
                effective_on=registrar.today, relief_list=self.relief_list, grounds=self.grounds
            ),
        )
        return {"person": self.person}


def list_id(
    registrar: Registrar, county: DivisionCode, relief: ReliefKind, document: str
) -> ReliefListId:
    """The ledger of a list by who sent it under which number."""
    return ReliefListId(registrar.named(Kind.RELIEF_LIST, f"{county}/{relief}/{document}"))


def matched(
    registrar: Registrar, county: DivisionId, rows: Sequence[ReliefRow]
) -> list[Person | RowFault]:
    """Whom each row means, or why it means nobody; what is needed is asked for at once."""
    numbers = [_number(row.number) for row in rows]
    streams = {number: number_id(registrar, number) for number in numbers if number is not None}
    registrar.prefetch(tuple(streams.values()))
    holders = {
        number: known.held_by if (known := registrar.find(Number, stream)) else ()
        for number, stream in streams.items()
    }
    registrar.prefetch([one for held in holders.values() if len(held) == 1 for one in held])
    found: list[Person | RowFault] = []
    seen: set[UUID] = set()
    for row, number in zip(rows, numbers, strict=True):
        one = _fits(registrar, county, row, number, holders.get(number, ()) if number else ())
        if isinstance(one, Person):
            one = RowFault.TWICE if one.id in seen else one
        if isinstance(one, Person):
            seen.add(one.id)
        found.append(one)
    return found


def _fits(
    registrar: Registrar,
    county: DivisionId,
    row: ReliefRow,
    number: CitizenNumber | None,
    holders: Sequence[PersonId],
) -> Person | RowFault:
    if number is None:
        return RowFault.NUMBER_WRONG
    if len(holders) != 1:
        return RowFault.TWO_HOLDERS if holders else RowFault.NUMBER_UNKNOWN
    person = registrar.load(Person, holders[0])
    if person.name is None or comparison_key(person.name) != comparison_key(row.name):
        return RowFault.NAME_DIFFERS
    above = registrar.places().above(person.community, registrar.today) if person.community else ()
    inside = any(place == county for place, _ in above)
    return person if person.resident and inside else RowFault.NOT_RESIDENT


def _number(text: str) -> CitizenNumber | None:
    try:
        return CitizenNumber(text.strip())
    except ValueError:
        return None
