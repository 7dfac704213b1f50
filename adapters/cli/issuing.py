"""Verbs that ask about identity cards: where an application stands, who waits, who is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking, labelled
from adapters.cli.frame import ID, answer, as_json, malformed, show_fields, show_table
from adapters.cli.looking import PEOPLE
from registry.errors import Fault, Malformed, NotFound
from registry.values import AcceptanceNumber, CardKind, CardReason, CardState

if TYPE_CHECKING:
    from adapters.issuing import Standing

#: Who works on cards, or watches over it.
CARDS = (*PEOPLE, "city", "province", "production-centre")


@click.command()
@click.argument("application", metavar="ID|NUMBER")
@asking()
@as_json
def card(desk: Desk, application: str) -> None:
    """Show where an application for a card stands (办证进度), by identifier or acceptance number.

    \b
    registry card 5106030012007060100001 --purpose identity-card
    """
    from adapters import issuing

    desk.need(*CARDS)
    if len(application) == 22:
        try:
            number = AcceptanceNumber(application)
        except ValueError as error:
            raise malformed("ID|NUMBER", str(error)) from error
        found = issuing.numbered(desk.reader, number, desk.at)
    else:
        try:
            found = issuing.application(desk.reader, UUID(application), desk.at)
        except ValueError as error:
            fault = Fault("ID|NUMBER", "invalid", "give an identifier or 22 digits")
            raise Malformed([fault]) from error
    if found is None:
        desk.log("card", "nothing")
        raise NotFound("application", application)
    desk.guard_place("card", found.community, found.id)
    told = desk.shown(found)

    def text() -> None:
        plain = {name: value for name, value in told.items() if value is not None}
        show_fields({**plain, **_words(found)})

    desk.tell("card", told, text, subjects=[found.person], fields=told)


@click.command()
@click.argument("person", type=ID)
@asking()
@as_json
def cards(desk: Desk, person: UUID) -> None:
    """List a person's applications and cards (持证情况), the newest first."""
    from adapters import issuing

    desk.need(*CARDS)
    known = desk.reader.person(person, desk.at)
    if known is None:
        raise desk.missing("cards", "person", person)
    desk.guard_person("cards", known, person)
    _list(desk, "cards", issuing.of_person(desk.reader, person, desk.at), [person])


@click.command()
@click.option("--division", type=ID, required=True, help="Of this division or community.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@asking()
@as_json
def overdue(desk: Desk, division: UUID, limit: int) -> None:
    """List applications for cards that are over their time (超期), those due first at the top."""
    from adapters import issuing

    desk.need(*CARDS)
    desk.guard_place("overdue", division, division)
    found = issuing.overruns(desk.reader, division, desk.at, None, limit)
    _list(desk, "overdue", found, [one.person for one in found])


@click.command()
@click.option("--division", type=ID, required=True, help="Of this division or community.")
@asking(personal=False)
@as_json
def backlog(desk: Desk, division: UUID) -> None:
    """Count the applications for cards that wait (积压), by unit and state."""
    from adapters import issuing

    found = issuing.backlog(desk.reader, division, desk.at)
    heads = ["county", "station", "state", "with", "waiting", "oldest since", "late", "overdue"]
    rows = [[*vars(one).values()] for one in found]
    for row in rows:
        row[2] = "temporary card" if row[2] is None else labelled(CardState(row[2]))
    told: list[dict[str, Any]] = [dict(vars(one)) for one in found]
    answer(told, lambda: show_table("backlog", heads, rows))


@click.command("take-back")
@click.option(
    "--division", type=ID, required=True, help="Applied for in this place, or of who lived there."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=500, show_default=True)
@click.option("--after", type=ID, help="Go on after the card with which a page ended.")
@asking()
@as_json
def take_back(desk: Desk, division: UUID, limit: int, after: UUID | None) -> None:
    """List cards that are out and whose holders are no more (应收缴证件), LIMIT a page.

    Who died or settled abroad, whose record was deleted as one of two, or whose registration was
    undone. They are taken back (SurrenderCard, SurrenderTemporaryCard) and destroyed by two.
    What became of a holder is told where the holder was registered last.

    \b
    registry take-back --division $COUNTY --purpose identity-card
    """
    from adapters.taking_back import FIELDS, to_take_back

    desk.need(*PEOPLE)
    if desk.reader.place(division, desk.at) is None:
        raise desk.missing("take-back", "place", division)
    desk.guard_place("take-back", division, division)
    found = to_take_back(desk.reader, division, desk.at, desk.sight.sees_person, after, limit)
    told = {"cards": [vars(one) for one in found.cards], "after": found.after}

    def text() -> None:
        heads = ["number", "kind", "person", "why", "since", "record kept", "reason"]
        rows = [
            [
                *(one.acceptance_number, labelled(CardKind(one.card_kind)), one.person),
                *(one.why or "another area's matter", one.since, one.kept),
                "" if one.reason is None else labelled(one.reason),
            ]
            for one in found.cards
        ]
        show_table("cards to be taken back", heads, rows)
        if found.after:
            click.echo(f"more with --after {found.after}", err=True)

    shown = found.subjects
    desk.tell("take-back", told, text, subjects=shown, fields=FIELDS, rows=len(found.cards))


@click.command()
@click.option("--division", type=ID, required=True, help="The counties of this division.")
@asking(personal=False)
@as_json
def readiness(desk: Desk, division: UUID) -> None:
    """Show which counties may make cards (建库验收), and which only temporary ones.

    From the day on which the first generation is made no more, a county without is an alarm.
    """
    from adapters import issuing

    found = issuing.readiness(desk.reader, division, desk.at)
    heads = ["county", "name", "data accepted on", ""]
    rows = [
        [
            one.code,
            one.name,
            one.baseline_on or "not accepted",
            "ALARM: temporary cards only" if one.alarm else "",
        ]
        for one in found
    ]
    told: list[dict[str, Any]] = [dict(vars(one)) for one in found]
    answer(told, lambda: show_table("readiness", heads, rows))


def _list(desk: Desk, question: str, found: list[Standing], subjects: list[UUID]) -> None:
    heads = ["number", "accepted", "reason", "state", "since", "due", ""]
    rows = [
        [
            one.acceptance_number,
            one.accepted_on,
            _words(one)["apply_reason"],
            _words(one)["state"],
            one.since,
            one.due_on,
            "overdue" if one.overdue else "late" if one.late else "",
        ]
        for one in found
    ]
    told = [desk.shown(one) for one in found]
    desk.tell(
        question,
        told,
        lambda: show_table(question, heads, rows),
        subjects=subjects,
        fields=["cards"],
        rows=len(found),
    )


def _words(one: Standing) -> dict[str, str]:
    """Codes with their meaning."""
    return {
        "apply_reason": labelled(CardReason(one.apply_reason)) if one.apply_reason else "",
        "state": labelled(CardState(one.state)) if one.state else str(one.temporary),
    }
