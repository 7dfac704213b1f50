"""Counts over several read models, as the reports of the statistics need them (统计汇总)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, select

from registry.projections.addresses import doorplates, streets
from registry.projections.base import At, visible
from registry.projections.cash_books import cash_book_classes, cash_books, relief_lists
from registry.projections.households import households
from registry.projections.issuance import WAITING, issuance
from registry.projections.numbers import cases
from registry.projections.packages import packages, within
from registry.projections.places import places, under
from registry.projections.registrations import registrations
from registry.projections.residences import residences
from registry.values import OfficeCode


def _number(condition: Any) -> Any:
    """How many rows a condition holds for."""
    return func.sum(case((condition, 1), else_=0))


def streets_by_division(division: UUID, at: At) -> Select[Any]:
    """How many streets have a name, by the division that they were named in."""
    here = under(division, at)
    return (
        select(streets.c.division, func.count().label("streets"))
        .join(here, here.c.place == streets.c.division)
        .where(streets.c.closed_on.is_(None), visible(streets, at))
        .group_by(streets.c.division)
    )


def plates_by_community(division: UUID, at: At) -> Select[Any]:
    """How many door plates are in use, by community."""
    here = under(division, at)
    return (
        select(doorplates.c.community, func.count().label("plates"))
        .join(here, here.c.place == doorplates.c.community)
        .where(doorplates.c.closed_on.is_(None), visible(doorplates, at))
        .group_by(doorplates.c.community)
    )


def households_by_community(division: UUID, at: At) -> Select[Any]:
    """How many households there are, and how many stand at a plate in use, by community."""
    here = under(division, at)
    plate = and_(doorplates.c.doorplate == households.c.doorplate, visible(doorplates, at))
    coded = and_(doorplates.c.doorplate.is_not(None), doorplates.c.closed_on.is_(None))
    return (
        select(
            households.c.community,
            func.count().label("households"),
            _number(coded).label("coded"),
        )
        .select_from(
            households.join(here, here.c.place == households.c.community).outerjoin(
                doorplates, plate
            )
        )
        .where(households.c.closed_on.is_(None), visible(households, at))
        .group_by(households.c.community)
    )


def overruns(division: UUID, at: At) -> Select[Any]:
    """Applications that wait, by unit and state, and how many of them for too long.

    over_stage: over the limit of the stage. overdue: over the time of the law, prolonged where it
    was. over_60, over_90: days since the acceptance. age: the sum of days since the acceptance.
    """
    here = under(division, at)
    age = at.day - issuance.c.accepted_on
    unit = (issuance.c.county, issuance.c.station, issuance.c.state)
    return (
        select(
            *unit,
            func.count().label("waiting"),
            _number(issuance.c.stage_due < at.day).label("over_stage"),
            _number(issuance.c.due_on < at.day).label("overdue"),
            _number(age > 60).label("over_60"),
            _number(age > 90).label("over_90"),
            func.sum(age).label("age"),
        )
        .join(here, here.c.place == issuance.c.community)
        .where(issuance.c.state.in_(WAITING), visible(issuance, at))
        .group_by(*unit)
        .order_by(*unit)
    )


def parcels(office: OfficeCode, at: At, first: int, last: int) -> Select[Any]:
    """Packages that an office or its parts sent from one day to another, and their fates.

    By sender, receiver, content, fate and what was wrong. lag: the sum of days until they came;
    longest: the most of them; late: that came after their day, or have not come by then.
    """
    what = (
        *(packages.c.sender, packages.c.receiver, packages.c.content),
        *(packages.c.state, packages.c.anomaly),
    )
    lag = packages.c.received_on - packages.c.sent_on
    late = func.coalesce(packages.c.received_on, at.day) > packages.c.due_on
    return (
        select(
            *what,
            func.count().label("packages"),
            func.sum(packages.c.members).label("members"),
            func.sum(case((packages.c.again > 0, 1), else_=0)).label("again"),
            func.count(packages.c.received_on).label("came"),
            func.sum(lag).label("lag"),
            func.max(lag).label("longest"),
            _number(late).label("late"),
        )
        .where(
            within(packages.c.sender, office),
            packages.c.sent_on >= first,
            packages.c.sent_on <= last,
            visible(packages, at),
        )
        .group_by(*what)
        .order_by(*what)
    )


def takings(office: OfficeCode, at: At, first: int, last: int) -> Select[Any]:
    """What each office took from one day to another, by class of fees; amounts in fen."""
    table = cash_book_classes
    names = ("fees", "reduced", "waived", "refunded", "tariff_fen", "collected_fen", "returned_fen")
    return (
        select(
            table.c.office,
            table.c.fee_class,
            *(func.sum(table.c[name]).label(name) for name in names),
        )
        .where(
            *(within(table.c.office, office), table.c.day >= first, table.c.day <= last),
            visible(table, at),
        )
        .group_by(table.c.office, table.c.fee_class)
        .order_by(table.c.office, table.c.fee_class)
    )


def tills(office: OfficeCode, at: At, first: int, last: int) -> Select[Any]:
    """What became of the money of each office: booked, counted, paid in; amounts in fen.

    difference: of the counted days, what was counted less what was booked. open_days: not counted.
    """
    table = cash_books
    counted = table.c.counted_fen - table.c.booked_fen
    return (
        select(
            table.c.office,
            func.sum(table.c.booked_fen).label("booked_fen"),
            func.sum(func.coalesce(counted, 0)).label("difference_fen"),
            func.sum(table.c.remitted_fen).label("remitted_fen"),
            _number(table.c.counted_fen.is_(None)).label("open_days"),
        )
        .where(
            *(within(table.c.office, office), table.c.day >= first, table.c.day <= last),
            visible(table, at),
        )
        .group_by(table.c.office)
        .order_by(table.c.office)
    )


def reliefs(division: UUID, at: At) -> Select[Any]:
    """The lists of reliefs that came in by the day, of the counties in a division."""
    counties = (
        select(places.c.code)
        .join(here := under(division, at), here.c.place == places.c.place)
        .where(visible(places, at), places.c.code.is_not(None))
    )
    return (
        select(relief_lists)
        .where(relief_lists.c.county.in_(counties), visible(relief_lists, at))
        .order_by(relief_lists.c.county, relief_lists.c.received_on, relief_lists.c.document)
    )


def most_parties(at: At) -> Select[Any]:
    """How many bytes the parties of a number case take at most; sixteen a person."""
    return select(func.max(func.length(cases.c.parties))).where(visible(cases, at))


def number_cases(at: At, party: int) -> Select[Any]:
    """Number cases with the community of one of their parties, counted from 0.

    None where that party is registered nowhere now; nothing of cases that have fewer.
    """
    one = func.substr(cases.c.parties, 16 * party + 1, 16)
    home = and_(residences.c.person == one, visible(residences, at))
    return (
        select(cases.c.case, cases.c.fault, cases.c.open, residences.c.community)
        .select_from(cases.outerjoin(residences, home))
        .where(visible(cases, at), func.length(cases.c.parties) > 16 * party)
    )


def registration_cases(at: At, party: int) -> Select[Any]:
    """Cases about registrations, with the community in which they were found, or of a party.

    party: counted from 0; nothing of cases that have fewer, save that who has none is found at 0.
    """
    table = registrations
    one = func.substr(table.c.persons, 16 * party + 1, 16)
    home = and_(residences.c.person == one, visible(residences, at))
    community = func.coalesce(table.c.community, residences.c.community).label("community")
    there = func.length(table.c.persons) > 16 * party
    return (
        select(table.c.case, table.c.fault, table.c.open, community)
        .select_from(table.outerjoin(residences, home))
        .where(visible(table, at), there if party else table.c.case.is_not(None))
    )
