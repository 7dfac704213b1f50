"""How a private part of an entry is blanked for ever, by two officers (个人信息删除).

Both events stand on the stream of the person of whom the part speaks, and write none of its items:
so they go wherever the person goes, and stay when the record is closed.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from registry.values import RedactionGround
from registry.vocabulary import Kind, event

#: The code of the entry with which the store blanks a part.
PART_REDACTED = 28


@event(code=27, kind=Kind.PERSON)
class RedactionProposed:
    """A part of an entry is to be blanked; a second officer has to confirm (提请删除个人信息).

    entry_of, entry_version: the stream and version of the entry. part: of its private half, named
    for the person of whom it speaks. document: the request or judgment on which it rests.
    Source: 个人信息保护法 art. 47, 50.
    """

    effective_on: date
    entry_of: UUID
    entry_version: int
    part: str
    ground: RedactionGround
    document: str


@event(code=PART_REDACTED, kind=Kind.PERSON)
class PartRedacted:
    """A second officer confirmed: the part is blanked with this entry, for ever (删除个人信息).

    proposal: the version of this stream with which it was proposed. The salted digest in the other
    half stays, so that every proof holds.
    Source: 个人信息保护法 art. 47, 50.
    """

    effective_on: date
    entry_of: UUID
    entry_version: int
    part: str
    proposal: int
