"""What bears a number or name that nothing else there may bear: households, plates, streets.

A household number (户号) is unique inside a police station, a door-plate number on its street, the
name of a street in its division. No stream lists who bears them; the read models do. They need not
have come quite as far as the log, unless it has gone on about that very number, or where it is to
be borne, or is taken as far as they know. What is entered after that the store looks through
itself, under its lock, so that of two who claim one number at once one is turned away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Select

from adapters.appending import Found, Named
from adapters.occupancy import caught_up
from adapters.projector import Projector
from adapters.reading import Reader, reading
from registry.aggregates import Household, rules
from registry.codec import canonical
from registry.commands.addresses import ChangeDoorplate, NameStreet, RegisterDoorplate, RenameStreet
from registry.commands.findings import SettleFinding
from registry.commands.households import ChangeHousehold, FoundHousehold
from registry.commands.relocation import MoveHousehold
from registry.commands.vital import RegisterBirth
from registry.days import day_at
from registry.errors import Rule
from registry.projections import addresses, households, places
from registry.projections.base import At
from registry.store import EntryStore, field_of
from registry.values import CommunityId, HouseholdNumber, StreetId, Text, day_number
from registry.vocabulary import VOCABULARY, Kind

#: Entries by which the read models may be behind the log: the store looks through so many.
NEAR = 1_000
#: The read models that are asked; others need not have come as far.
ASKED = (households.HOUSEHOLDS, places.PLACES, addresses.STREETS, addresses.DOORPLATES)
#: Codes of entries on the tree of places, which may put communities in another station's care.
OF_PLACES = frozenset(word.code for word in VOCABULARY.values() if word.kind is Kind.PLACES)
CLAIMING = (
    *(ChangeDoorplate, NameStreet, RegisterDoorplate, RenameStreet),
    *(ChangeHousehold, FoundHousehold, MoveHousehold),
)


@dataclass(frozen=True)
class Claim:
    """A number or name that something is to bear.

    told: how entries say so that give it, or that put its community in a station's care, by which
    the store knows them. bearers: asks who bears it. own: who may. rule: what stands in the way
    where anybody else does.
    """

    told: tuple[str, ...]
    bearers: Select[Any]
    own: frozenset[bytes]
    rule: Rule


Told = tuple[dict[UUID | str, int], tuple[Rule, ...]]


class _NotSeen(Exception):
    """The read models know nothing of what a command names, so far."""


def claims(command: object) -> bool:
    """Whether a command may give something a number or name that is to be unique."""
    if isinstance(command, SettleFinding):
        return command.tells_number_alone
    founds = getattr(command, "new_household", None) is not None
    return founds or isinstance(command, CLAIMING)


def doubled(command: object, engine: Engine, projector: Projector, now: int) -> Told:
    """What was asked about, and how far the read models had come; and the rules in the way.

    A number must be free from the day of the command on, since it names the one or the other in
    every question about a day. Withdrawn plates and closed households give theirs back. It is about
    what is recorded: what another command of the same batch gives up is not free yet.
    Source: 公通字[1995]91号; 地名管理条例 art. 4; GA 214 businesses 201, 202, 301 and 302.
    """
    if not claims(command):
        return {}, ()
    head = projector.store.head()[0]
    known = projector.position()
    if known < head - NEAR:  # others may be new, and be filled for hours
        known = _reached(projector)
    if head - NEAR <= known < head:
        try:
            told = _looked_up(command, engine, At(day_at(now), known))
        except _NotSeen:
            pass
        else:
            if not told[1] and not _gone_on(projector.store, told[0], known, head):
                return told
    if known < head:
        known = _reached(projector)
    if known < head:
        known = caught_up(projector)
    try:
        return _looked_up(command, engine, At(day_at(now), known))
    except _NotSeen:
        return {}, ()  # it is not there, which the decision will say


def _reached(projector: Projector) -> int:
    """The position that the read models which are asked have reached."""
    reached = projector.positions()
    return min(reached.get(one.name, 0) for one in ASKED)


def _gone_on(store: EntryStore, asked: Mapping[UUID | str, int], known: int, head: int) -> bool:
    """Whether what was entered since names what was asked about, or may be about a station."""
    if not asked:
        return False
    rows = store.rows(known, head - known, head)
    if any(row.code in OF_PLACES for row in rows):
        return True
    return bool(Named([asked], Found(head), lambda first, last: rows).since(asked))


def _looked_up(command: object, engine: Engine, at: At) -> Told:
    asked: dict[UUID | str, int] = {}
    found: list[Rule] = []
    with reading(engine) as reader:
        for one in _claimed(reader, command, at):
            if isinstance(one, str):
                asked[one] = at.known
                continue
            asked.update(dict.fromkeys(one.told, at.known))
            if _borne_by(reader, one.bearers) - one.own:
                found.append(one.rule)
    return asked, tuple(found)


def _claimed(reader: Reader, command: Any, at: At) -> Iterator[Claim | str]:
    """The numbers and names that a command gives, and the words by which it is known where."""
    on = _day(command, at.valid_on)
    then = replace(at, valid_on=on)
    match command:
        case FoundHousehold():
            yield field_of(command.doorplate, "community")
            yield _number(command.household_number, _at_plate(reader, command, at), on, at)
        case ChangeHousehold() if command.household_number is not None:
            house = _seen(reader.household(command.household, then))
            yield from _borne(house)
            if command.household_number != house.household_number:
                yield _number(command.household_number, house.community, on, at, house.id)
        case MoveHousehold():
            house = _seen(reader.household(command.household, then))
            yield from _borne(house)
            yield field_of(command.doorplate, "community")
            number = command.household_number or house.household_number
            claim = _number(number, _at_plate(reader, command, at), on, at, house.id)
            if number == house.household_number:  # who bears it where it is, from long ago
                before = _number(number, house.community, on, at).bearers
                claim = replace(claim, own=claim.own | _borne_by(reader, before))
            yield claim
        case SettleFinding(household=UUID() as home):
            house = _seen(reader.household(home, then))
            if house.closed_on is None:
                yield from _borne(house)
                yield _number(house.household_number, house.community, on, at, house.id)
        case NameStreet():
            yield _name(command.street_name, command.division, on, at)
        case RenameStreet():  # no street passes to another division
            street = _seen(reader.street(command.street, then))
            yield _name(command.street_name, street.division, on, at, street.id)
        case RegisterDoorplate():
            yield _plate(command, command.street, on, at)
        case ChangeDoorplate():
            plate = _seen(reader.doorplate(command.doorplate, then))
            if command.street is None:
                yield field_of(plate.id, "street")
            yield _plate(command, command.street or plate.street, on, at, plate.id)
        case _ if (new := getattr(command, "new_household", None)) is not None:
            yield field_of(new.doorplate, "community")
            yield _number(new.household_number, _at_plate(reader, new, at), on, at)


def _borne(house: Household) -> Iterator[str]:
    """What a household bears, and where, as its own stream tells."""
    yield field_of(house.id, "community")
    yield field_of(house.id, "household_number")


def _day(command: Any, today: date) -> date:
    """The day of a command; of one that is refused for a day ahead, today."""
    if isinstance(command, SettleFinding):  # about what is so now, whenever it was looked at
        return today
    on = command.since(today) if isinstance(command, RegisterBirth) else command.on
    return min(on or today, today)


def _seen(state: Any) -> Any:
    if state is None:
        raise _NotSeen
    return state


def _at_plate(reader: Reader, told: Any, at: At) -> CommunityId:
    """The community of the door plate that is told."""
    community: CommunityId = _seen(reader.doorplate(told.doorplate, at)).community
    return community


def _borne_by(reader: Reader, query: Select[Any]) -> frozenset[bytes]:
    """Who bears a number or name."""
    return frozenset(row[0] for row in reader.connection.execute(query))


def _number(number: HouseholdNumber, community: CommunityId, on: date, at: At, *own: UUID) -> Claim:
    bearers = households.numbered_over(number, community, day_number(on), at)
    claim = _claim(bearers, own, rules.HouseholdNumberTaken(number), household_number=number)
    assigned = _told(community=community) + ',"station":'
    return replace(claim, told=(*claim.told, assigned))


def _name(name: Text, division: UUID, on: date, at: At, *own: UUID) -> Claim:
    bearers = addresses.streets_over(name, division, day_number(on), at)
    return _claim(bearers, own, rules.StreetNameTaken(name), street_name=name)


def _plate(
    told: RegisterDoorplate | ChangeDoorplate, street: StreetId, on: date, at: At, *own: UUID
) -> Claim:
    number, detail = told.plate_number, told.plate_detail
    bearers = addresses.doorplates_over(street, number, detail, day_number(on), at)
    rule = rules.PlateNumberTaken(number)
    return _claim(bearers, own, rule, street=street, plate_number=number)


def _claim(bearers: Select[Any], own: tuple[UUID, ...], rule: Rule, **fields: str | UUID) -> Claim:
    return Claim((_told(**fields),), bearers, frozenset(one.bytes for one in own), rule)


def _told(**fields: str | UUID) -> str:
    """How the public half of an entry, which is canonical, tells fields that follow one another."""
    return canonical(fields).decode()[1:-1]
