"""Questions for papers of the register, as data or to be printed: form, booklet, application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from adapters import papers
from adapters.http.asking import Answer, Ask, question
from adapters.http.parameters import path_id
from adapters.http.questions.cards import APPLICATION
from adapters.http.questions.common import HOUSEHOLD, PERSON
from adapters.http.questions.persons import seen_person
from adapters.http.sight import TIMELINES
from adapters.number_proof import NumberProof, number_proof
from adapters.papers import Booklet, CardForm, Page
from adapters.report import paper
from registry.errors import Forbidden

#: What a paper is to be had as, beside JSON.
PRINTED = ("text/html", "application/pdf")


@question("/persons/{person}/form", PERSON, roles=TIMELINES, produces=PRINTED)
def person_form(ask: Ask) -> Answer:
    """A resident's form (常住人口登记表), with what changed, from what to what, by whom."""
    one = seen_person(ask)
    found = ask.found("person", papers.form(ask.reader, one.id, ask.at), one.id)
    return answered(ask, "form", found, [one.id])


@question("/households/{household}/booklet", HOUSEHOLD, roles=TIMELINES, produces=PRINTED)
def household_booklet(ask: Ask) -> Answer:
    """A household's booklet (居民户口簿): first page, addresses, a page for each member."""
    one = ask.values["household"]
    known = ask.found("household", ask.reader.household(one, ask.at), one)
    ask.sight.household(known)
    found = ask.found("household", papers.booklet(ask.reader, one, ask.at), one)
    return answered(ask, "booklet", found, [each.person for each in found.pages])


@question("/card-applications/{application}/form", APPLICATION, roles=TIMELINES, produces=PRINTED)
def card_application_form(ask: Ask) -> Answer:
    """The form of an application for a card (居民身份证申领登记表)."""
    one = ask.values["application"]
    found = ask.found("application", papers.card_form(ask.reader, one, ask.at), one)
    if not ask.sight.sees_place(found.standing.community):
        raise Forbidden("the application belongs to another area; ask the office there")
    return answered(ask, "form", found, found.subjects)


@question(
    "/number-cases/{case}/proofs/{person}",
    path_id("case", "a case's identifier"),
    PERSON,
    roles=TIMELINES,
    produces=PRINTED,
)
def number_change_proof(ask: Ask) -> Answer:
    """The proof that a case changed somebody's number (公民身份号码变更证明)."""
    one = seen_person(ask)
    proof = number_proof(ask.reader, ask.values["case"], one.id, ask.at)
    found: NumberProof = ask.found("proof of a change of number", proof, one.id)
    return answered(ask, "proof", found, [one.id])


def answered(
    ask: Ask,
    name: str,
    found: Page | Booklet | CardForm | NumberProof,
    subjects: Sequence[UUID],
) -> Answer:
    """A paper as an answer, whatever it is to be had as."""
    shapes = {
        "text/html": lambda: paper.html(found).encode(),
        "application/pdf": lambda: paper.pdf(found),
    }
    body = {name: asdict(found), **ask.point()}
    return Answer(body, subjects, ["items"], len(subjects), shapes, name)
