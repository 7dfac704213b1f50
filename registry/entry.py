"""The envelope of an event: who recorded it, when, and where it stands in the log."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

#: The position of an entry that has not been recorded yet: later than anything known.
UNRECORDED = 2**62
#: A position that no entry reaches: "as far as the register knows".
EVERYTHING = 2**62 - 1
#: From here on entries are numbered that are decided and not recorded yet: later than what is
#: recorded, and in the order in which they will be.
PROVISIONAL = 2**61


class Entry(NamedTuple):
    """The registrar's line about one event (登记记录).

    position: place in the log, dense from 1. recorded_at: microseconds UTC. origin, origin_seq:
    the node that recorded it first and its sequence there, the entry's name for ever.
    """

    stream: UUID
    version: int
    event: Any
    effective_on: date
    position: int = UNRECORDED
    recorded_at: int = 0
    officer: str = ""
    office: str = ""
    submission: UUID | None = None
    origin: int = 0
    origin_seq: int = 0
