"""What officers recorded (责任追查): acts of an officer or office over a period, and a draw.

Source: 德办发(2004)39号 (落实工作责任制, 加强对下级公安机关的指导、监督和检查).
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from adapters.eventstore import Recorder
from registry.days import end_of
from registry.store import StoredRow
from registry.vocabulary import VOCABULARY

#: Entries read at once.
PAGE = 20_000
WORDS = {word.code: word for word in VOCABULARY.values()}


@dataclass(frozen=True)
class Act:
    """An entry that somebody made: what kind of event, in the history of what."""

    stream: UUID
    kind: str
    version: int
    event: str
    business: int | None
    recorded_at: int
    officer: str
    office: str


@dataclass(frozen=True)
class Acts:
    """The acts of a period, counted by officer, office and event; those drawn, or the first ones.

    entries: how many there are, of which `shown` are told.
    """

    first: date
    last: date
    entries: int
    counts: tuple[tuple[str, str, str, int], ...]
    shown: tuple[Act, ...]


def acts(
    store: Recorder,
    officer: str | None,
    office: str,
    first: date,
    last: date,
    limit: int,
    seed: int | None = None,
) -> Acts:
    """What an officer, or all of an office and its parts, recorded from a day to another.

    office: the first digits of the code, none for every office. seed: draws the acts to be told, as
    many as the limit, by SHA-256 of the seed, the stream and the version, so that anybody can
    repeat the draw; without one the first are told.
    """
    counts: Counter[tuple[str, str, int]] = Counter()
    told: list[StoredRow] = []
    found = recorded(store, officer, office, first, last)
    if seed is None:
        for row in found:
            counts[row.officer, row.office, row.code or 0] += 1
            if len(told) < limit:
                told.append(row)
    else:

        def rank(row: StoredRow) -> bytes:
            counts[row.officer, row.office, row.code or 0] += 1
            named = seed.to_bytes(8, "big") + row.key + row.version.to_bytes(4, "big")
            return hashlib.sha256(named).digest()

        told = heapq.nsmallest(limit, found, key=rank)
    ranked = sorted(counts.items())
    return Acts(
        first,
        last,
        counts.total(),
        tuple((who, where, WORDS[code].name, many) for (who, where, code), many in ranked),
        tuple(map(act, told)),
    )


def recorded(
    store: Recorder, officer: str | None, office: str, first: date, last: date
) -> Iterator[StoredRow]:
    """The entries of an officer or office, in the order of recording."""
    after = store.position_at(end_of(first - timedelta(days=1)))
    until = store.position_at(end_of(last))
    while after < until:
        rows = store.rows(after, PAGE, until)
        for row in rows:
            mine = officer is None or row.officer == officer
            if mine and row.code is not None and row.office.startswith(office):
                yield row
        after = rows[-1].position


def act(row: StoredRow) -> Act:
    """An entry, without what it says."""
    word = WORDS[row.code or 0]
    return Act(
        row.originator_id,
        word.kind.value,
        row.version,
        word.name,
        word.business,
        row.recorded_at,
        row.officer,
        row.office,
    )
