"""Questions about identity cards: where an application stands, who waits, who is late."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from adapters import addresses_due, calling, issuing, taking_back
from adapters.http.asking import Answer, Ask, cursor_token, question
from adapters.http.clocks import PAGE
from adapters.http.parameters import path_id, typed, whole
from adapters.http.questions.common import (
    LIMIT,
    PERSON,
    PLACE,
    history_of,
    seen_place,
    timeline,
    turn_of,
)
from adapters.http.questions.households import cursor_of
from adapters.http.questions.persons import seen_person
from adapters.http.sight import COUNTS, PEOPLE, TIMELINES
from adapters.issuing import Standing
from registry.commands.base import ADMINISTRATOR, CENTRE, CITY, PROVINCE
from registry.errors import Fault, Forbidden, Malformed
from registry.values import AcceptanceNumber, day_number

#: Who works on cards, or watches over it.
CARDS = PEOPLE | {CITY, PROVINCE, CENTRE}
UNITS = COUNTS | {CITY, PROVINCE, CENTRE, ADMINISTRATOR}
APPLICATION = path_id("application", "an application's identifier")
UUID_BYTES = 16
WITHIN = whole("within", 0, 366, 0, "days ahead: who comes of age or whose card expires in them")
FROM_AGE = whole("from_age", 0, 150, 0, "youngest, in completed years")
TO_AGE = whole("to_age", 0, 150, 150, "oldest, in completed years")
NUMBER = typed("number", AcceptanceNumber, "an acceptance number (受理号)", required=True)


def seen(ask: Ask, found: Standing) -> Standing:
    """An application, which must belong to the officer's area."""
    if not ask.sight.sees_place(found.community):
        raise Forbidden("the application belongs to another area; ask the office there")
    return found


def answered(ask: Ask, found: Standing) -> Answer:
    """An application as an answer."""
    body = {"application": dict(found.__dict__), **ask.point()}
    return Answer(body, [found.person], ["cards"])


@question("/card-applications/{application}", APPLICATION, roles=CARDS)
def card_application(ask: Ask) -> Answer:
    """Where an application for a card stands (办证进度), and by when it is due."""
    one: UUID = ask.values["application"]
    found = ask.found("application", issuing.application(ask.reader, one, ask.at), one)
    return answered(ask, seen(ask, found))


@question("/card-applications", NUMBER, roles=CARDS)
def card_application_numbered(ask: Ask) -> Answer:
    """Where the application with an acceptance number stands (办证进度)."""
    number = ask.values["number"]
    found = ask.found("application", issuing.numbered(ask.reader, number, ask.at), number)
    return answered(ask, seen(ask, found))


@question("/card-applications/{application}/timeline", APPLICATION, roles=TIMELINES)
def card_application_timeline(ask: Ask) -> Answer:
    """Every step of an application for a card, and who took it (办证历史)."""
    one: UUID = ask.values["application"]
    found = issuing.application(ask.reader, one, ask.at)
    if found is not None:
        seen(ask, found)
    place = None if found is None else found.community
    return timeline(ask, history_of(ask, "application", one, place), "application", one)


@question("/persons/{person}/cards", PERSON, roles=PEOPLE)
def person_cards(ask: Ask) -> Answer:
    """A person's applications and cards (持证情况), the newest first."""
    one = seen_person(ask)
    found = issuing.of_person(ask.reader, one.id, ask.at)
    body = {"person": one.id, "cards": [dict(each.__dict__) for each in found], **ask.point()}
    return Answer(body, [one.id], ["cards"], rows=len(found))


@question("/places/{place}/card-backlog", PLACE, roles=UNITS, personal=False)
def card_backlog(ask: Ask) -> Answer:
    """How many applications of a place wait, by unit and state, and how many are late (积压)."""
    one = seen_place(ask)
    found = issuing.backlog(ask.reader, one.id, ask.at)
    told = [dict(each.__dict__) for each in found]
    return Answer({"place": one.id, "backlog": told, **ask.point()}, rows=len(told))


@question("/places/{place}/card-overruns", PLACE, LIMIT, PAGE, roles=CARDS)
def card_overruns(ask: Ask) -> Answer:
    """Applications of a place that are over their time (超期), those due first at the top."""
    one = seen_place(ask)
    turn, limit = turn_of(ask), ask.values["limit"]
    at = ask.at if turn is None else turn.at
    after = None if turn is None else after_of(turn.last)
    found = issuing.overruns(ask.reader, one.id, at, after, limit + 1)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    following = last and cursor_token(ask, at, [day_number(last.due_on), last.id.bytes])
    body: dict[str, Any] = {
        "applications": [dict(each.__dict__) for each in shown],
        "next": following,
        **ask.point_of(at),
    }
    return Answer(body, [each.person for each in shown], ["cards"], rows=len(shown))


def after_of(last: Any) -> tuple[int, bytes]:
    """Where the list goes on; a cursor of another list of the place does not fit."""
    if not (len(last) == 2 and isinstance(last[0], int) and isinstance(last[1], bytes)):
        raise Malformed([Fault("cursor", "not-a-token", "it is the cursor of another list")])
    return last[0], last[1]


@question(
    "/places/{place}/card-call-up", PLACE, WITHIN, FROM_AGE, TO_AGE, LIMIT, PAGE, roles=PEOPLE
)
def card_call_up(ask: Ask) -> Answer:
    """Residents of a place who are to be called up for a card (集中换领通知), a page at a time.

    Who is of age and has no card, has one of the first generation only, or whose card has expired
    or says an item of before; not who has applied. A page is one of residents, so that it may name
    few of them or none.
    """
    one = seen_place(ask)
    ages = (ask.values["from_age"], ask.values["to_age"])
    cursor = cursor_of(ask)
    limit, within = ask.values["limit"], ask.values["within"]
    found = calling.call_up(ask.reader, one.id, ask.at, cursor, limit, within, ages)
    last = found.after
    body: dict[str, Any] = {
        "called_up": [dict(each.__dict__) for each in found.called],
        "residents": found.looked_at,
        "next": last and cursor_token(ask, found.at, [last.community.bytes, last.person.bytes]),
        **ask.point_of(found.at),
    }
    named = [each.person for each in found.called]
    return Answer(body, named, ["name", "birth_date", "cards"], rows=len(named))


@question("/places/{place}/card-addresses-due", PLACE, LIMIT, PAGE, roles=CARDS)
def card_addresses_due(ask: Ask) -> Answer:
    """Residents whose cards say another address (应追加住址), a page of residents at a time.

    Who has moved, alone or with the household, or never moved after all, since the card was signed.
    The address is to be appended to the chip; `exchange`: it has no room left for one.
    """
    one = seen_place(ask)
    cursor = cursor_of(ask)
    found = addresses_due.addresses_due(ask.reader, one.id, ask.at, cursor, ask.values["limit"])
    last = found.after
    body: dict[str, Any] = {
        "due": [dict(each.__dict__) for each in found.due],
        "residents": found.looked_at,
        "next": last and cursor_token(ask, found.at, [last.community.bytes, last.person.bytes]),
        **ask.point_of(found.at),
    }
    named = [each.person for each in found.due]
    return Answer(body, named, ["cards"], rows=len(named))


@question("/places/{place}/cards-to-take-back", PLACE, LIMIT, PAGE, roles=PEOPLE)
def cards_to_take_back(ask: Ask) -> Answer:
    """Cards that are out and whose holders are no more (应收缴证件), of a place.

    Where they were applied for, and where the holder was registered last. `why`: `died`, `abroad`,
    `deleted` where the record was one of two and `kept` is the other, `reversed` where it was none;
    `reason` is what SurrenderCard names. All are null where the holder belongs to another area: the
    office there is told. A page may name fewer than it looked at.
    """
    one = seen_place(ask)
    turn = turn_of(ask)
    at = ask.at if turn is None else turn.at
    after = None if turn is None else card_after(turn.last)
    sees, limit = ask.sight.sees_person, ask.values["limit"]
    found = taking_back.to_take_back(ask.reader, one.id, at, sees, after, limit)
    body: dict[str, Any] = {
        "cards": [dict(each.__dict__) for each in found.cards],
        "next": found.after and cursor_token(ask, at, [found.after.bytes]),
        **ask.point_of(at),
    }
    return Answer(body, found.subjects, taking_back.FIELDS, rows=len(found.cards))


def card_after(last: Any) -> UUID:
    """Where the list goes on; a cursor of another list of the place does not fit."""
    if not (len(last) == 1 and isinstance(last[0], bytes) and len(last[0]) == UUID_BYTES):
        raise Malformed([Fault("cursor", "not-a-token", "it is the cursor of another list")])
    return UUID(bytes=last[0])


@question("/places/{place}/card-readiness", PLACE, roles=UNITS, personal=False)
def card_readiness(ask: Ask) -> Answer:
    """Which counties of a place may make cards (建库验收); the others give temporary ones.

    `alarm`: no card at all can be had there, since the first generation is made no more either.
    """
    one = seen_place(ask)
    found = issuing.readiness(ask.reader, one.id, ask.at)
    told = [dict(each.__dict__) for each in found]
    waiting = [each.code for each in found if each.baseline_on is None]
    return Answer({"place": one.id, "counties": told, "not_ready": waiting, **ask.point()})
