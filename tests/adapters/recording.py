"""What a test of the event store writes: entries, and wishes to append them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from registry.store import Append, Outcome, StoredEntry

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
NODE = 11


class Clock:
    """A clock that shows what it is told."""

    def __init__(self, *instants: int) -> None:
        self.instants = list(instants)

    def __call__(self) -> int:
        return self.instants.pop(0) if len(self.instants) > 1 else self.instants[0]


def entry(stream: UUID, version: int, state: bytes = b"{}\n", **fields: Any) -> StoredEntry:
    return StoredEntry(stream, version, "", state, **{"code": 6, **fields})


def wish(
    *wanted: StoredEntry, guards: dict[UUID, int] | None = None, submission: UUID | None = None
) -> Append:
    return Append(
        submission=submission or uuid4(),
        officer="officer-7",
        office="110105010001",
        digest=b"d" * 32,
        answer=b'{"ok":true}',
        entries=wanted,
        guards=guards or {},
    )


def kinds(outcomes: Sequence[Outcome]) -> list[type]:
    return [type(outcome) for outcome in outcomes]
