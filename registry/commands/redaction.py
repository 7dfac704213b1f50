"""Blanking what was recorded of a person, where the law wants it gone (个人信息删除).

What is registered today is changed or corrected, never blanked; of what is past, and of those who
are dead or deleted, one officer proposes each part and another one confirms. With the confirmation
the text leaves the store in the same transaction, then read models and the sealed log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from registry.aggregates import AGGREGATES, Life, Person
from registry.aggregates.card_rules import NothingProposed, SameOfficer
from registry.aggregates.redaction_rules import NothingToRedact, NotOfThisPerson, StillInForce
from registry.codec import blank_fields
from registry.commands.base import COUNTY, command
from registry.entry import Entry
from registry.errors import NotFound
from registry.events.redaction import PartRedacted, RedactionProposed
from registry.history import effective, standing
from registry.registrar import Registrar
from registry.values import PersonId, RedactionGround
from registry.vocabulary import ORDERS, Kind, Order, word_of

#: The part that speaks of whom the stream is about.
SUBJECT = "subject"
#: Fields that name somebody else than the one of whom an entry speaks.
KIN = frozenset({"guardian", "parent", "others", "mother", "father", "spouse"})


def part_of(registrar: Registrar, person: PersonId, stream: UUID, version: int, part: str) -> Entry:
    """The entry whose part may be blanked; refused where the law or the facts forbid it."""
    registrar.refuse_elsewhere(registrar.load(Person, person))
    registrar.prefetch([stream])
    entries = registrar.entries(stream)
    if not entries:
        raise NotFound("entry", stream)
    what = f"version {version}, {part}"
    found = entries[version - 1] if 1 <= version <= len(entries) else None
    blanked = None if found is None else blanked_entry(found, part)
    registrar.refuse_if((blanked is None, NothingToRedact(what)))
    registrar.stop_if_refused()
    assert found is not None, "refused above"
    assert blanked is not None, "refused above"
    registrar.refuse_if(
        (not speaks_of(registrar, entries, person, part), NotOfThisPerson(what)),
        (in_force(entries, blanked), StillInForce(what)),
    )
    registrar.stop_if_refused()
    return found


def speaks_of(registrar: Registrar, entries: list[Entry], person: UUID, part: str) -> bool:
    """Whether a part of a stream's entry may speak of a person, as far as the register can tell.

    Of a resident's stream the subject is the resident; others whom it names by their names alone,
    as declarants, are believed to be who they say, where the resident is the office's own. Any
    other stream names the person by identifier.
    """
    stream = entries[0].stream
    if stream == person:
        return True
    if word_of(entries[0].event).kind is Kind.PERSON:
        resident = registrar.load(Person, stream)
        place = resident.community or resident.left_community
        return part != SUBJECT and registrar.in_area(place)
    kin = KIN if part == SUBJECT else frozenset()
    return any(
        person in named(value)
        for one in entries
        for name, value in vars(one.event).items()
        if name not in kin
    )


def named(value: object) -> tuple[object, ...]:
    """What a field of an event holds: itself, its items, or the fields of its items."""
    if not isinstance(value, tuple):
        return (value,)
    return tuple(one for item in value for one in (item, *getattr(item, "__dict__", {}).values()))


def blanked_entry(entry: Entry, part: str) -> Entry | None:
    """An entry as it is without a part; None if nothing of the part is there to be blanked."""
    fields = blank_fields(entry.event, part)
    return entry._replace(event=replace(entry.event, **fields)) if fields else None


def in_force(entries: list[Entry], blanked: Entry) -> bool:
    """Whether what the register states today would be another without a part.

    Of who is dead or deleted nothing is stated any more but that.
    """
    kind = word_of(blanked.event).kind
    shape = AGGREGATES[kind]
    without = [blanked if one.version == blanked.version else one for one in entries]
    order = effective if ORDERS[kind] is Order.EFFECTIVE else list
    now = shape.fold(order(entries))
    if isinstance(now, Person) and now.life is not Life.LIVING:
        return False
    return bool(now != shape.fold(order(without)))


@command(COUNTY)
class ProposeRedaction:
    """Propose that a private part of an entry is blanked for ever (提请删除个人信息).

    person: of whom the part speaks. entry_of, version: the entry. part: as the schema of the
    event type names it, such as subject or declarant.
    Source: 个人信息保护法 art. 47, 50.
    """

    person: PersonId
    entry_of: UUID
    version: int
    part: str
    ground: RedactionGround
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Note the proposal."""
        part_of(registrar, self.person, self.entry_of, self.version, self.part)
        entry = registrar.enter(
            self.person,
            RedactionProposed(
                effective_on=registrar.today,
                entry_of=self.entry_of,
                entry_version=self.version,
                part=self.part,
                ground=self.ground,
                document=self.document,
            ),
        )
        return {"person": self.person, "proposal": entry.version}


@command(COUNTY)
class ConfirmRedaction:
    """Confirm, as a second officer, that a part is blanked for ever (批准删除个人信息).

    It cannot be undone. proposal: the version of the person's stream with which it was proposed.
    Source: 个人信息保护法 art. 47, 50.
    """

    person: PersonId
    proposal: int

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what blanks the part."""
        registrar.refuse_elsewhere(registrar.load(Person, self.person))
        told = {one.version: one for one in standing(registrar.entries(self.person))}
        proposed = told.get(self.proposal)
        if proposed is None or not isinstance(proposed.event, RedactionProposed):
            registrar.refuse_if((True, NothingProposed(self.proposal)))
            registrar.stop_if_refused()
            raise AssertionError("refused above")
        by = registrar.authority.officer
        registrar.refuse_if((proposed.officer == by, SameOfficer(by)))
        registrar.stop_if_refused()
        named = proposed.event
        part_of(registrar, self.person, named.entry_of, named.entry_version, named.part)
        registrar.enter(
            self.person,
            PartRedacted(
                effective_on=registrar.today,
                entry_of=named.entry_of,
                entry_version=named.entry_version,
                part=named.part,
                proposal=self.proposal,
            ),
        )
        registrar.notice(
            "copies-remain",
            "个人信息保护法 art. 47",
            "read models and the sealed log follow by themselves; archives and backups that were"
            " made before hold the text until they are destroyed",
        )
        return {"person": self.person, "entry_of": named.entry_of, "version": named.entry_version}
