"""The tree of places: province, city, county, township, community, as it changes by date (区划).

One stream holds the whole tree, so that a boundary change of whole communities is one entry however
many people live there. Divisions and communities are named by surrogates that never change.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from registry.frozen import frozen
from registry.values import (
    CommunityId,
    CommunityKind,
    DivisionCode,
    DivisionId,
    Level,
    OfficeCode,
    Text,
)
from registry.vocabulary import Kind, event


@event(code=80, kind=Kind.PLACES, opens=True)
class DivisionEstablished:
    """A division was set up under another one (设立行政区划). Source: GB/T 2260."""

    effective_on: date
    division: DivisionId
    level: Level
    division_code: DivisionCode | None
    division_name: Text
    parent: DivisionId | None


@event(code=81, kind=Kind.PLACES)
class DivisionRenamed:
    """A division received another code or name and stayed itself (更名, 换码).

    Source: GB/T 2260.
    """

    effective_on: date
    division: DivisionId
    division_code: DivisionCode | None
    division_name: Text
    document: str


@event(code=82, kind=Kind.PLACES)
class DivisionAbolished:
    """A division ceased to be, after everything under it had moved (撤销). Source: GB/T 2260."""

    effective_on: date
    division: DivisionId
    document: str


@event(code=83, kind=Kind.PLACES)
class CommunityEstablished:
    """A residents' or villagers' committee was set up (社区, 居委会, 村).

    Source: 城市居民委员会组织法; GA 214 community types.
    """

    effective_on: date
    community: CommunityId
    community_name: Text
    community_kind: CommunityKind
    parent: DivisionId


@event(code=84, kind=Kind.PLACES)
class CommunityRenamed:
    """A community was given another name (社区更名). Source: GA 214 community types."""

    effective_on: date
    community: CommunityId
    community_name: Text


@frozen
class Moved:
    """A place and the division it belongs to afterwards."""

    place: UUID
    parent: DivisionId


@event(code=85, kind=Kind.PLACES, business=400)
class DivisionAdjusted:
    """Whole communities or divisions passed to other divisions, with all who live there (区划调整).

    Numbers do not change. Source: GA 214 business 400; 行政区划管理条例.
    """

    effective_on: date
    moved: tuple[Moved, ...]
    document: str


@event(code=306, kind=Kind.PLACES)
class StationAssigned:
    """A community came into the care of a police station (派出所辖区).

    A station is no division: its area is made of communities, and need not follow townships.
    Source: 公安派出所组织条例; GA 214 police units.
    """

    effective_on: date
    community: CommunityId
    station: OfficeCode


PlaceEvent = (
    DivisionEstablished
    | DivisionRenamed
    | DivisionAbolished
    | CommunityEstablished
    | CommunityRenamed
    | DivisionAdjusted
    | StationAssigned
)
