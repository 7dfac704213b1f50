"""Blanking what was recorded of a person (个人信息删除): 个人信息保护法 art. 47 and 50.

What the register states today of who lives is kept by law; a former value, and what was recorded of
the dead, is blanked by two officers, with the ground on which it rests, and for ever.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from registry.aggregates import Person
from registry.codec import REDACTED
from registry.commands.particulars import ChangeName
from registry.commands.redaction import ConfirmRedaction, ProposeRedaction
from registry.commands.undoing import VoidEntry
from registry.errors import NotFound
from registry.values import ChangeCategory, Name, Officer, PersonId, RedactionGround
from registry.vocabulary import Kind
from tests.scenarios.town import APPROVAL, CHIEF, DECLARANT, GROUNDS, Town

OTHER = replace(CHIEF, officer=Officer("周明"))
COURT = RedactionGround("6")
FORMER, LATER = Name("王小芳"), Name("王芳")


def renamed(town: Town) -> PersonId:
    """Who had one name and has another."""
    for name in (FORMER, LATER):
        town.do(
            ChangeName(
                person=town.wang,
                name=name,
                category=ChangeCategory("21"),
                approval=APPROVAL,
                declarant=DECLARANT,
            )
        )
    return PersonId(town.wang)


def propose(person: PersonId, version: int, part: str = "subject", of: UUID | None = None):
    """The proposal to blank a part of an entry of a person's own stream, or another's."""
    return ProposeRedaction(
        person=person,
        entry_of=of or person,
        version=version,
        part=part,
        ground=COURT,
        document="(2007)旌民初字第12号",
    )


def test_a_former_name_is_blanked_by_two_officers(town: Town):
    person = renamed(town)
    former = next(one for one in town.timeline(person) if getattr(one.event, "name", "") == FORMER)
    town.do(propose(person, former.version), by=CHIEF)
    proposal = town.told["proposal"]
    confirm = ConfirmRedaction(person=person, proposal=proposal)
    assert town.refused(confirm, by=CHIEF) == ["same-officer"]
    town.do(confirm, by=OTHER)
    assert [one.event.name for one in town.timeline(person)[former.version - 1 :][:2]] == [
        REDACTED,
        LATER,
    ]
    assert town.see(Person, person).name == LATER
    assert town.refused(confirm, by=OTHER) == ["nothing-to-redact"]
    town.open()
    assert town.refused(propose(person, former.version)) == ["nothing-to-redact"]
    undone = VoidEntry(person=person, version=former.version + 1, grounds=GROUNDS)
    assert town.refused(undone) == ["redacted"], "what was blanked would be the name again"
    last = VoidEntry(person=person, version=len(town.timeline(person)), grounds=GROUNDS)
    assert town.refused(last) == ["not-reversible"], "nor is a redaction undone"
    kept = [one.private for one in town.register.store.page(0, 10_000)]
    assert not any(f'"{FORMER}"'.encode() in one for one in kept)


def test_what_the_register_states_today_is_kept(town: Town):
    person = renamed(town)
    last = len(town.timeline(person))
    assert town.refused(propose(person, last)) == ["still-in-force"]
    town.do(propose(person, last, "declarant"))  # who declared it is no item of the register


def test_what_is_not_there_is_not_blanked(town: Town):
    person = renamed(town)
    assert town.refused(propose(person, 99)) == ["nothing-to-redact"]
    assert town.refused(propose(person, 1, "spouse")) == ["nothing-to-redact"]
    former = propose(town.li, len(town.timeline(person)) - 1, of=person)
    assert town.refused(former) == ["not-of-this-person"]
    case = town.named(Kind.NUMBER, town.person(person).number)
    assert "not-of-this-person" in town.refused(propose(town.li, 1, of=case))
    assert town.refused(ConfirmRedaction(person=person, proposal=1)) == ["nothing-proposed"]
    with pytest.raises(NotFound):
        town.do(propose(person, 1, of=UUID(int=5)))
