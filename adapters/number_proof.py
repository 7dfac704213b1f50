"""The paper that proves the change of a number (公民身份号码变更证明), as the decision made it.

Its holder shows it wherever the former number stands. Nothing here is recorded: the decision of the
case noted under which number the paper was given out, and what it changed is read from the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import cast
from uuid import UUID

from adapters.answers import Line
from adapters.reading import Reader
from registry.aggregates import Person
from registry.entry import Entry
from registry.events.numbers import CardCalledIn, NumberCaseDecided, NumberChangeProven
from registry.events.person import NumberReassigned
from registry.history import effective
from registry.projections import At
from registry.values import masked


@dataclass(frozen=True)
class NumberProof:
    """A proof of a change of number, on the day of the decision.

    before: the former number, also a wrong one as it came; None: there was none. cards: how many
    cards with the former number were called in. document: of the decision. reason: why, in words.
    """

    paper: str
    case: UUID
    person: UUID
    name: str | None
    sex: str | None
    birth_date: str | None
    before: str | None
    after: str
    reason: str
    changed_on: date
    document: str
    cards: int
    officer: str
    office: str


def number_proof(reader: Reader, case: UUID, person: UUID, at: At) -> NumberProof | None:
    """The last proof that a case gave a person; None where none, or the change was undone."""
    course = reader.timeline(case, at.known)
    given = [
        line
        for line in course
        if isinstance(line.event, NumberChangeProven) and line.event.person == person
    ]
    if not given or given[-1].effective_on > at.valid_on:
        return None
    proof = given[-1]
    together = [line.event for line in course if line.submission == proof.submission]
    lines = reader.timeline(person, at.known)
    changed = next(
        line
        for line in lines
        if line.submission == proof.submission and isinstance(line.event, NumberReassigned)
    )
    if changed.voided_from is not None and changed.voided_from <= at.known:
        return None  # what it would prove was undone
    former, holder = (_at(lines, known) for known in (changed.position - 1, changed.position))
    assert former is not None, "whose number was changed was registered before"
    assert holder is not None, "whose number was changed is registered"
    (decided,) = (one for one in together if isinstance(one, NumberCaseDecided))
    born = holder.birth_date or holder.birth_date_as_found
    return NumberProof(
        str(proof.event.paper),
        case,
        person,
        holder.name or holder.name_as_found,
        None if holder.sex is None else {1: "男", 2: "女"}[int(holder.sex)],
        None if born is None else str(born),
        former.number or former.number_as_found,
        changed.event.number,
        changed.event.category.name_zh,
        changed.effective_on,
        str(decided.document),
        sum(isinstance(one, CardCalledIn) and one.person == person for one in together),
        proof.officer,
        proof.office,
    )


def _at(lines: Sequence[Line], known: int) -> Person | None:
    """A person as known at a position."""
    state: Person | None = None
    for line in effective(cast("list[Entry]", lines), None, known):
        state = Person.after(state, line.event, line.stream)
    return state


def hidden_proof(found: NumberProof) -> NumberProof:
    """A proof whose numbers show their last four characters only."""
    before = None if found.before is None else masked(found.before)
    return replace(found, before=before, after=masked(found.after))
