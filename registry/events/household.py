"""What can happen to a household (户)."""

from __future__ import annotations

from datetime import date

from registry.frozen import frozen
from registry.values import (
    CommunityId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    PersonId,
    Relationship,
    Text,
)
from registry.vocabulary import Group, Kind, Private, event


@frozen
class Member:
    """Somebody in a household and the relation to its head (与户主关系)."""

    person: PersonId
    relation: Relationship


ALL = frozenset({Group.LIFE, Group.ADDRESS, Group.HEAD, Group.MEMBERS, Group.FORM})


@frozen
class Form:
    """The first page of the household booklet (居民户口簿); a collective one lists no members."""

    effective_on: date
    household_number: HouseholdNumber
    household_type: HouseholdType
    doorplate: DoorplateId
    community: CommunityId
    members: tuple[Member, ...]
    head: PersonId | None


@event(code=40, kind=Kind.HOUSEHOLD, writes=ALL, business=201, opens=True)
class HouseholdEstablished(Form):
    """A household was founded (户建立).

    Source: Household Registration Regulations (户口登记条例), art. 5.
    """

    split_from: HouseholdId | None = None
    business: int = 201  # the business that founded it


@event(code=41, kind=Kind.HOUSEHOLD, writes=ALL, business=100, opens=True)
class HouseholdImported(Form):
    """A household was taken over from an older system (户数据入库). Source: GA 214 business 100."""

    source: str
    batch: str


@event(code=42, kind=Kind.HOUSEHOLD, writes={Group.MEMBERS, Group.HEAD})
class MembersChanged:
    """Members joined, left or stand in another relation, all of one business (成员变动).

    head is who heads the household afterwards. Source: 户口登记条例 art. 5 and 19.
    """

    effective_on: date
    business: int
    joined: tuple[Member, ...] = ()
    left: tuple[PersonId, ...] = ()
    relations: tuple[Member, ...] = ()
    head: PersonId | None


@event(code=43, kind=Kind.HOUSEHOLD, writes={Group.FORM}, business=202)
class HouseholdChanged:
    """Number or type of a household changed (户属性变更). Source: GA 214 business 202."""

    effective_on: date
    household_number: HouseholdNumber
    household_type: HouseholdType


@event(code=44, kind=Kind.HOUSEHOLD, writes={Group.ADDRESS}, business=202)
class HouseholdMoved:
    """A whole household moved to another door plate (整户移居). Source: GA 214 business 202."""

    effective_on: date
    doorplate: DoorplateId
    community: CommunityId


@event(code=45, kind=Kind.HOUSEHOLD, writes={Group.LIFE}, business=203)
class HouseholdClosed:
    """A household without members ended (户撤消). Source: GA 214 business 203."""

    effective_on: date
    merged_into: HouseholdId | None = None


@event(code=46, kind=Kind.HOUSEHOLD)
class HouseholdEntriesVoided:
    """Entries of a household were undone with the business they belong to (冲销).

    voids: versions of this stream that no longer stand. Source: GA 214 reversal codes.
    """

    effective_on: date
    voids: tuple[int, ...]
    grounds: Private[Text]


@event(code=47, kind=Kind.HOUSEHOLD, writes={Group.ADDRESS}, business=400)
class HouseholdAdjusted:
    """A boundary drawn through a community put a household into another one (区划调整).

    Source: GA 214 business 400.
    """

    effective_on: date
    doorplate: DoorplateId
    community: CommunityId
    document: str


HouseholdEvent = (
    HouseholdEstablished
    | HouseholdImported
    | MembersChanged
    | HouseholdChanged
    | HouseholdMoved
    | HouseholdClosed
    | HouseholdEntriesVoided
    | HouseholdAdjusted
)
