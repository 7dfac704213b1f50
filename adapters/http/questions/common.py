"""What several questions share: parameters, and how timelines and lists of people are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from adapters.answers import Line, Page, Place, Resident
from adapters.http.asking import Answer, Ask, Turn, cursor_token
from adapters.http.parameters import path_id, typed, whole
from adapters.http.sight import BRIEF, IDENTITY, shown
from adapters.reading import past
from registry.aggregates import Person
from registry.days import moment_of
from registry.errors import Forbidden, NotFound
from registry.vocabulary import VOCABULARY

PERSON = path_id("person", "a person's identifier")
HOUSEHOLD = path_id("household", "a household's identifier")
DOORPLATE = path_id("doorplate", "a door plate's identifier")
STREET = path_id("street", "a street's identifier")
PLACE = path_id("place", "identifier of a division or community")
LIMIT = whole("limit", 1, 500, 100, "rows of a page")
FROM = typed("from", date, "the first day of the period", required=True)
UNTIL = typed("until", date, "the day after the period", required=True)


def seen_place(ask: Ask) -> Place:
    """The place asked for, which must belong to the officer's area."""
    one = ask.values["place"]
    found: Place = ask.found("place", ask.reader.place(one, ask.at), one)
    ask.sight.place(one)
    return found


def period(ask: Ask, *, running: bool = False) -> tuple[date, date]:
    """The period asked for, from a day until before another; running: it need not be over."""
    return past(ask.values["from"], ask.values["until"], ask.services.now, running=running)


def instant(microseconds: int) -> str:
    """An instant as answers tell it."""
    return moment_of(microseconds).isoformat(timespec="microseconds")


def names_of(ask: Ask, otherwise: Sequence[str]) -> tuple[str, ...]:
    """The fields of persons to be shown in a list."""
    if ask.values.get("fields") is not None:
        return ask.fields()
    seen = set(ask.fields())
    return tuple(name for name in otherwise if name in seen)


def people(ask: Ask, ids: Iterable[UUID], names: Sequence[str]) -> dict[UUID, dict[str, Any]]:
    """Some fields of several persons."""
    found: dict[UUID, Person] = ask.reader.persons(list(ids), ask.at)
    return {one: shown(person, names) for one, person in found.items()}


def history_of(ask: Ask, kind: str, stream: UUID, place: UUID | None) -> list[Line]:
    """The entries of a stream that belongs to the officer's area.

    place: where it stands at the point asked for. Where nothing of it stands, as when all was
    voided, it belongs to every place that its entries name.
    """
    lines = ask.reader.timeline(stream, ask.at.known, newer=True)
    if not lines:
        raise NotFound(kind, stream)
    if place is None:
        named = {getattr(line.event, name, None) for line in lines for name in PLACED}
        if not any(map(ask.sight.sees_place, named)):
            raise Forbidden(f"the {kind} belongs to another area; ask the office there")
    return lines


#: Fields of events that name a community.
PLACED = ("community", "from_community")


def timeline(ask: Ask, lines: Sequence[Line], kind: str, stream: UUID) -> Answer:
    """A whole history as it was recorded, those that do not stand any more included."""
    when = {line.position: line.recorded_at for line in lines}
    wanted = ask.values.get("valid_on")
    if wanted is not None:
        lines = [line for line in lines if line.effective_on <= wanted]
    entries = [_entry(ask, line, when) for line in lines]
    return Answer(
        {kind: stream, "entries": entries, **ask.point()},
        subjects=[stream],
        fields=["timeline"],
        rows=len(entries),
    )


def _entry(ask: Ask, line: Line, when: dict[int, int]) -> dict[str, Any]:
    word = VOCABULARY.get(type(line.event))  # None: of a newer program, and its code is told
    fields = dict(line.event.__dict__)
    hidden = []
    if not ask.sight.sees_reason(line.event, line.office):
        fields["reason"] = None
        hidden.append("reason")
    told: dict[str, Any] = {
        "version": line.version,
        "event": "of a newer program" if word is None else word.name,
        "business": None if word is None else word.business,
        "effective_on": line.effective_on,
        "recorded_at": instant(line.recorded_at),
        "officer": line.officer,
        "office": line.office,
        "submission": line.submission,
        "stands": line.voided_from is None,
        "fields": fields,
    }
    if line.voided_from is not None:
        told["voided_at"] = instant(when[line.voided_from]) if line.voided_from in when else None
    if hidden:
        told["hidden"] = hidden
    return told


def resident_page(ask: Ask, page: Page) -> Answer:
    """A page of a list of residents, and the cursor of the next one."""
    names = names_of(ask, BRIEF)
    found = people(ask, (one.person for one in page.residents), names)
    rows = [_resident(one, found) for one in page.residents]
    last = page.after
    return Answer(
        {
            "residents": rows,
            "next": None
            if last is None
            else cursor_token(ask, page.at, [last.community.bytes, last.person.bytes]),
            **ask.point_of(page.at),
        },
        subjects=[one.person for one in page.residents],
        fields=names,
        rows=len(rows),
    )


def _resident(one: Resident, found: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    placed = {"id": one.person, "household": one.household, "community": one.community}
    return {**placed, **found.get(one.person, {})}


def turn_of(ask: Ask) -> Turn | None:
    """Where a list goes on, if it does."""
    turn: Turn | None = ask.values.get("cursor")
    return turn


MEMBER = tuple(name for name in IDENTITY if name not in {"household", "community"})
