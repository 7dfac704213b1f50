"""What can happen to streets and door plates (街路巷, 门楼牌)."""

from __future__ import annotations

from datetime import date

from registry.values import CommunityId, DivisionId, PlateNumber, StreetId, Text
from registry.vocabulary import Group, Kind, Private, event


@event(code=60, kind=Kind.STREET, writes={Group.LIFE, Group.NAME}, opens=True)
class StreetNamed:
    """A street was named (街路巷命名). Source: 地名管理条例; Deyang plan of 2004, civil affairs."""

    effective_on: date
    division: DivisionId
    street_name: Text


@event(code=61, kind=Kind.STREET, writes={Group.NAME})
class StreetRenamed:
    """A street was given another name (街路巷更名). Source: 地名管理条例."""

    effective_on: date
    street_name: Text


@event(code=62, kind=Kind.STREET, writes={Group.LIFE})
class StreetClosed:
    """A street ceased to be (街路巷撤销). Source: 地名管理条例."""

    effective_on: date


@event(code=63, kind=Kind.STREET)
class StreetEntriesVoided:
    """Entries of a street were undone (冲销). Source: GA 214 reversal codes."""

    effective_on: date
    voids: tuple[int, ...]
    grounds: Private[Text]


PLATE = frozenset({Group.LIFE, Group.PLATE, Group.ADDRESS})


@event(code=64, kind=Kind.DOORPLATE, writes=PLATE, business=301, opens=True)
class DoorplateRegistered:
    """A door plate was registered (地登记). Source: GA 214 business 301."""

    effective_on: date
    street: StreetId
    plate_number: PlateNumber
    plate_detail: Text | None = None
    community: CommunityId


@event(code=65, kind=Kind.DOORPLATE, writes=PLATE, business=100, opens=True)
class DoorplateImported:
    """A door plate was taken over from an older system (地数据入库).

    Source: GA 214 business 100.
    """

    effective_on: date
    street: StreetId
    plate_number: PlateNumber
    plate_detail: Text | None = None
    community: CommunityId
    source: str
    batch: str


@event(code=66, kind=Kind.DOORPLATE, writes={Group.PLATE}, business=302)
class DoorplateChanged:
    """A door plate was renumbered (地项目变更). Source: GA 214 business 302."""

    effective_on: date
    street: StreetId
    plate_number: PlateNumber
    plate_detail: Text | None = None


@event(code=67, kind=Kind.DOORPLATE, writes={Group.LIFE}, business=303)
class DoorplateClosed:
    """A door plate was withdrawn (地撤消). Source: GA 214 business 303."""

    effective_on: date


@event(code=68, kind=Kind.DOORPLATE, writes={Group.FORM}, business=302)
class DoorplateFrozen:
    """A door plate was closed to newcomers, or opened again (冻结, 解冻).

    Source: GA 214 address records, doorplate_freeze.
    """

    effective_on: date
    frozen: bool


@event(code=69, kind=Kind.DOORPLATE, writes={Group.ADDRESS}, business=400)
class DoorplateAdjusted:
    """A boundary drawn through a community put a door plate into another one (区划调整).

    Source: GA 214 business 400.
    """

    effective_on: date
    community: CommunityId
    document: str


@event(code=70, kind=Kind.DOORPLATE)
class DoorplateEntriesVoided:
    """Entries of a door plate were undone (冲销). Source: GA 214 reversal codes."""

    effective_on: date
    voids: tuple[int, ...]
    grounds: Private[Text]


StreetEvent = StreetNamed | StreetRenamed | StreetClosed | StreetEntriesVoided
DoorplateEvent = (
    DoorplateRegistered
    | DoorplateImported
    | DoorplateChanged
    | DoorplateClosed
    | DoorplateFrozen
    | DoorplateAdjusted
    | DoorplateEntriesVoided
)
