"""What bears a number or name that nothing else there may bear: households, plates, streets.

A household number (户号) is unique inside a police station, a door-plate number on its street, the
name of a street in its division. No stream lists who bears them; the read models do. They need not
have come quite as far as the log: what was entered since the store looks through itself, under its
lock, so that of two who claim one number at once one is turned away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Select

from adapters.occupancy import caught_up
from adapters.projector import Projector
from adapters.reading import Reader, reading
from registry.aggregates import rules
from registry.codec import canonical
from registry.commands.addresses import ChangeDoorplate, NameStreet, RegisterDoorplate, RenameStreet
from registry.commands.households import ChangeHousehold, FoundHousehold
from registry.commands.relocation import MoveHousehold
from registry.commands.vital import RegisterBirth
from registry.days import day_at
from registry.errors import Rule
from registry.projections import addresses, households, places
from registry.projections.base import At
from registry.values import CommunityId, HouseholdNumber, StreetId, Text, day_number

#: Entries by which the read models may be behind the log: the store looks through so many.
NEAR = 1_000
#: The read models that are asked; others need not have come as far.
ASKED = (households.HOUSEHOLDS, places.PLACES, addresses.STREETS, addresses.DOORPLATES)
CLAIMING = (
    *(ChangeDoorplate, NameStreet, RegisterDoorplate, RenameStreet),
    *(ChangeHousehold, FoundHousehold, MoveHousehold),
)


@dataclass(frozen=True)
class Claim:
    """A number or name that something is to bear.

    told: how an entry that gives it says so, by which the store knows one. bearers: asks who bears
    it. own: who may. rule: what stands in the way where anybody else does.
    """

    told: str
    bearers: Select[Any]
    own: frozenset[bytes]
    rule: Rule


class _NotSeen(Exception):
    """The read models know nothing of what a command names, so far."""


def claims(command: object) -> bool:
    """Whether a command may give something a number or name that is to be unique."""
    founds = getattr(command, "new_household", None) is not None
    return founds or isinstance(command, CLAIMING)


def doubled(
    command: object, engine: Engine, projector: Projector, now: int
) -> tuple[dict[UUID | str, int], tuple[Rule, ...]]:
    """What was asked about, and how far the read models had come; and the rules in the way.

    A number must be free from the day of the command on, since it names the one or the other in
    every question about a day. Withdrawn plates and closed households give theirs back.
    Source: 公通字[1995]91号; 地名管理条例 art. 4; GA 214 businesses 201, 202, 301 and 302.
    """
    if not claims(command):
        return {}, ()
    near = projector.store.head()[0] - NEAR
    known = projector.position()
    if known < near:  # others may be new, and be filled for hours
        reached = projector.positions()
        known = min(reached.get(one.name, 0) for one in ASKED)
    if known < near:
        known = caught_up(projector)
    try:
        return _looked_up(command, engine, At(day_at(now), known))
    except _NotSeen:
        at = At(day_at(now), caught_up(projector))
    try:
        return _looked_up(command, engine, at)
    except _NotSeen:
        return {}, ()  # it is not there, which the decision will say


def _looked_up(
    command: object, engine: Engine, at: At
) -> tuple[dict[UUID | str, int], tuple[Rule, ...]]:
    asked: dict[UUID | str, int] = {}
    found: list[Rule] = []
    with reading(engine) as reader:
        for claim in _claimed(reader, command, at):
            asked[claim.told] = at.known
            if _borne_by(reader, claim.bearers) - claim.own:
                found.append(claim.rule)
    return asked, tuple(found)


def _claimed(reader: Reader, command: Any, at: At) -> Iterator[Claim]:
    """The numbers and names that a command gives."""
    on = _day(command, at.valid_on)
    then = replace(at, valid_on=on)
    match command:
        case FoundHousehold():
            yield _number(command.household_number, _at_plate(reader, command, at), on, at)
        case ChangeHousehold():
            house = _seen(reader.household(command.household, then))
            if command.household_number not in (None, house.household_number):
                yield _number(command.household_number, house.community, on, at, house.id)
        case MoveHousehold():
            house = _seen(reader.household(command.household, then))
            number = command.household_number or house.household_number
            claim = _number(number, _at_plate(reader, command, at), on, at, house.id)
            if number == house.household_number:  # who bears it where it is, from long ago
                before = _number(number, house.community, on, at).bearers
                claim = replace(claim, own=claim.own | _borne_by(reader, before))
            yield claim
        case NameStreet():
            yield _name(command.street_name, command.division, on, at)
        case RenameStreet():
            street = _seen(reader.street(command.street, then))
            yield _name(command.street_name, street.division, on, at, street.id)
        case RegisterDoorplate():
            yield _plate(command, command.street, on, at)
        case ChangeDoorplate():
            plate = _seen(reader.doorplate(command.doorplate, then))
            yield _plate(command, command.street or plate.street, on, at, plate.id)
        case _:
            new = command.new_household
            yield _number(new.household_number, _at_plate(reader, new, at), on, at)


def _day(command: Any, today: date) -> date:
    """The day of a command; of one that is refused for a day ahead, today."""
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
    return _claim(bearers, own, rules.HouseholdNumberTaken(number), household_number=number)


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
    # Fields follow one another in the public half of an entry, which is canonical.
    told = canonical(fields).decode()[1:-1]
    return Claim(told, bearers, frozenset(one.bytes for one in own), rule)
