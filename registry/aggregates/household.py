"""A household as decisions and read models know one (户)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import household as events
from registry.values import (
    CommunityId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    PersonId,
    Relationship,
)
from registry.vocabulary import Kind

COLLECTIVE = HouseholdType("2")


@dataclass(frozen=True, kw_only=True)
class Household(Aggregate):
    """People living together with one person in charge, or the list of a dormitory (户)."""

    KIND = Kind.HOUSEHOLD

    id: HouseholdId
    household_number: HouseholdNumber
    household_type: HouseholdType
    doorplate: DoorplateId
    community: CommunityId
    head: PersonId | None = None
    members: Mapping[PersonId, Relationship] = field(default_factory=dict)
    closed_on: date | None = None
    merged_into: HouseholdId | None = None
    split_from: HouseholdId | None = None

    @property
    def collective(self) -> bool:
        """Whether it lists no members on its stream (集体户)."""
        return self.household_type == COLLECTIVE

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.Form):
            if state is not None:
                yield rules.AlreadyKnown(state.id)
            yield from cls.check_head(cls.evolve(None, event, UUID(int=0)))
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        if state.closed_on is not None:
            yield rules.HouseholdIsClosed(state.id)
            return
        match event:
            case events.MembersChanged():
                for member in event.joined:
                    if member.person in state.members:
                        yield rules.MemberAlready(member.person)
                for person in event.left:
                    if person not in state.members:
                        yield rules.NotMember(person)
                leaving = set(event.left)
                joining = {member.person for member in event.joined}
                for member in event.relations:
                    if member.person in leaving or (
                        member.person not in state.members and member.person not in joining
                    ):
                        yield rules.NotMember(member.person)
                if not state.collective:
                    yield from cls.check_head(cls.evolve(state, event, state.id))
                elif event.joined or event.head:
                    yield rules.CollectiveHasNoMembers(state.id)
            case events.HouseholdClosed():
                if state.members:
                    yield rules.HouseholdNotEmpty(state.id)

    @classmethod
    def check_head(cls, state: Self) -> Iterator[Rule]:
        """Give what is wrong with head and relations; an empty household needs none."""
        if state.collective:
            if state.members or state.head:
                yield rules.CollectiveHasNoMembers(state.id)
            return
        heads = [person for person, relation in state.members.items() if relation.is_head]
        if (state.members or state.head) and state.head not in state.members:
            yield rules.HeadMissing(state.id)
        elif heads != ([state.head] if state.head is not None and state.members else []):
            yield rules.HeadRelation(state.id)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the household after an event."""
        if isinstance(event, events.Form):
            return cls(
                id=HouseholdId(stream),
                household_number=event.household_number,
                household_type=event.household_type,
                doorplate=event.doorplate,
                community=event.community,
                head=event.head,
                members={member.person: member.relation for member in event.members},
                split_from=getattr(event, "split_from", None),
            )
        assert state is not None, f"{type(event).__name__} on an unknown household {stream}"
        match event:
            case events.MembersChanged():
                members = dict(state.members)
                for person in event.left:
                    members.pop(person, None)
                for member in (*event.joined, *event.relations):
                    members[member.person] = member.relation
                return state.but(members=members, head=event.head)
            case events.HouseholdChanged():
                return state.but(
                    household_number=event.household_number, household_type=event.household_type
                )
            case events.HouseholdMoved() | events.HouseholdAdjusted():
                return state.but(doorplate=event.doorplate, community=event.community)
            case events.HouseholdClosed():
                return state.but(closed_on=event.effective_on, merged_into=event.merged_into)
            case _:
                return state
