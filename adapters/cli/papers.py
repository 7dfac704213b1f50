"""Verbs that print papers from the register: form, booklet, application, proof of a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import ID, answer, as_json, malformed, show_fields, show_table
from adapters.cli.looking import TIMELINES
from registry.errors import NotFound
from registry.values import RegisterItem

if TYPE_CHECKING:
    from adapters.number_proof import NumberProof
    from adapters.papers import Booklet, CardForm, Page

#: What a paper can be written as.
SHEETS = (".html", ".pdf")

output = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file, .html or .pdf."
)


@click.group()
def paper() -> None:
    """Print papers from the register: form, booklet, application for a card, proof of a number."""


@paper.command("form")
@click.argument("person", type=ID)
@output
@asking()
@as_json
def form(desk: Desk, person: UUID, output: Path | None) -> None:
    """Print the form of a permanent resident (常住人口登记表), what changed on its back.

    \b
    registry paper form $PERSON --output form.pdf --in-clear --purpose registration
    """
    from adapters import papers

    desk.need(*TIMELINES)
    known = desk.reader.person(person, desk.at)
    if known is None:
        raise desk.missing("resident-form", "person", person)
    desk.guard_person("resident-form", known, person)
    found = papers.form(desk.reader, person, desk.at)
    assert found is not None, "it was there a moment ago"
    shown = found if desk.clear else papers.hidden_page(found)
    hand_over(desk, "resident-form", shown, [person], output, lambda: _show_page(shown))


@paper.command("booklet")
@click.argument("household", type=ID)
@output
@asking()
@as_json
def booklet(desk: Desk, household: UUID, output: Path | None) -> None:
    """Print the booklet of a household (居民户口簿): first page, addresses, a page a member.

    \b
    registry paper booklet $HOUSEHOLD --output booklet.pdf --in-clear --purpose registration
    """
    from adapters import papers

    desk.need(*TIMELINES)
    known = desk.reader.household(household, desk.at)
    if known is None:
        raise desk.missing("booklet", "household", household)
    desk.guard_place("booklet", known.community, household)
    found = papers.booklet(desk.reader, household, desk.at)
    assert found is not None, "it was there a moment ago"
    shown = found if desk.clear else papers.hidden_booklet(found)

    def text() -> None:
        show_fields({"number": shown.number, "type": shown.household_type, "head": shown.head})
        show_table("addresses", ["since", "address"], [list(one) for one in shown.addresses])
        for one in shown.pages:
            click.echo()
            _show_page(one)

    hand_over(desk, "booklet", shown, [one.person for one in shown.pages], output, text)


@paper.command("application")
@click.argument("application", type=ID)
@output
@asking()
@as_json
def application(desk: Desk, application: UUID, output: Path | None) -> None:
    """Print the form of an application for a card (居民身份证申领登记表).

    \b
    registry paper application $APPLICATION --output card.pdf --purpose identity-card
    """
    from adapters import papers

    desk.need(*TIMELINES)
    found = papers.card_form(desk.reader, application, desk.at)
    if found is None:
        desk.log("application-form", "nothing")
        raise NotFound("application", application)
    desk.guard_place("application-form", found.standing.community, application)
    shown = found if desk.clear else papers.hidden_card_form(found)

    def text() -> None:
        plain = {"reason": shown.reason, "applied on": shown.applied_on, **_items(shown.items)}
        show_fields({"acceptance number": shown.standing.acceptance_number, **plain})

    hand_over(desk, "application-form", shown, shown.subjects, output, text)


@paper.command("number-change")
@click.argument("stream", metavar="CASE", type=ID)
@click.argument("person", type=ID)
@output
@asking()
@as_json
def number_change(desk: Desk, stream: UUID, person: UUID, output: Path | None) -> None:
    """Print the proof that a CASE changed a PERSON's number (公民身份号码变更证明).

    \b
    registry paper number-change $CASE $PERSON --output proof.pdf --in-clear --purpose registration
    """
    from adapters.number_proof import hidden_proof, number_proof

    desk.need(*TIMELINES)
    known = desk.reader.person(person, desk.at)
    if known is not None:  # first, since nobody elsewhere is told whether there is a proof
        desk.guard_person("number-proof", known, person)
    found = number_proof(desk.reader, stream, person, desk.at)
    if known is None or found is None:
        raise desk.missing("number-proof", "proof of a change of number", person)
    shown = found if desk.clear else hidden_proof(found)
    hand_over(desk, "number-proof", shown, [person], output, lambda: show_fields(asdict(shown)))


def hand_over(
    desk: Desk,
    question: str,
    found: Page | Booklet | CardForm | NumberProof,
    subjects: Sequence[UUID],
    output: Path | None,
    text: Any,
) -> None:
    """Log what will be shown, then show a paper or write it into a file."""
    if output is not None and output.suffix not in SHEETS:
        raise malformed("--output", f"a paper is {' or '.join(SHEETS)}")
    desk.log(question, "answered", subjects=subjects, fields="items", rows=len(subjects))
    if output is None:
        answer(asdict(found), text)
        return
    from adapters.report import paper as printed

    made = printed.pdf(found) if output.suffix == ".pdf" else printed.html(found).encode()
    output.write_bytes(made)
    answer({"written": output})


def _show_page(found: Page) -> None:
    show_fields({"person": found.person, "relation": found.relation, **_items(found.items)})
    if found.notes:
        heads = ["on", "business", "item", "before", "after", "officer"]
        rows = [
            [
                *(one.effective_on, one.business, one.item and one.item.name_zh),
                *(one.before, one.after, one.officer),
            ]
            for one in found.notes
        ]
        show_table("changes", heads, rows)


def _items(items: Mapping[str, str]) -> dict[str, str]:
    return {RegisterItem(one).row["name_en"]: text for one, text in items.items()}
