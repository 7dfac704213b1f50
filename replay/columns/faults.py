"""What can be wrong with a sealed log, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import Unavailable


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong: in which file, which of its columns and which leaf of the column.

    column: empty where the fault is not in a column. leaf: counts mebibytes from 0.
    """

    file: str
    what: str
    column: str = ""
    leaf: int | None = None

    def __str__(self) -> str:
        place = self.column and f", column {self.column}"
        if self.leaf is not None:
            place += f", leaf {self.leaf}"
        return f"{self.file}{place}: {self.what}"


class Damaged(Unavailable):
    """A sealed log is not what it was when it was sealed: restore it, or seal the log anew."""

    code = "sealed-log-damaged"

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("; ".join(map(str, self.flaws)))


class Foreign(Unavailable):
    """A file is not of this program or of a later edition of it; nothing of it was read."""

    code = "sealed-log-foreign"


class Missing(Unavailable):
    """A version of a stream is missing between what was laid out and what came later."""

    code = "sealed-log-gap"

    def __init__(self, stream: object, version: int, found: int) -> None:
        self.stream, self.version, self.found = stream, version, found
        super().__init__(
            f"{stream} has no version {version}: the next that was laid out is {found}; "
            "seal the log anew from there"
        )
