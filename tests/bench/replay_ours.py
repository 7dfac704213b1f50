"""What our side of the replay's benchmarks does; nothing of the peers' is imported with it.

So that a process that is started to be timed starts no other engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from registry.values import day_of
from registry.vocabulary import Kind
from replay.columns.faults import Damaged
from replay.columns.forms import Column
from replay.columns.log import Log
from replay.columns.runs import Block
from replay.questions.whole import whole
from replay.sealed.manifest import Part
from replay.sealed.reading import SealedLog
from replay.states.history import At
from replay.states.standing import States
from replay.states.state import SETTLED, Settled
from replay.threads import in_threads, over_stretches

REPLAYED = (Kind.PERSON, Kind.HOUSEHOLD, Kind.APPLICATION)


def points(log: Log) -> tuple[At, At]:
    """The last day as it is known now, and a day two years before as it was known a year later."""
    latest = At(day_of(int(log.block(Kind.PERSON, 0).effective_on.max())), log.head)
    year = timedelta(days=365)
    then = latest.valid_on - 2 * year
    days = (then + year - date(1970, 1, 1)).days
    return latest, At(then, log.position_at(days * 86_400_000_000))


def replay(log: Log, at: At, tables: Mapping[Kind, Column] | None = None) -> dict[Kind, Column]:
    """Persons, households and applications at a point.

    tables: where to write, as a running process has them; memory that is touched for the first time
    takes longer than the replay.
    """
    found = {}
    for kind in REPLAYED:
        settled = SETTLED[kind]
        table = tables[kind] if tables else np.empty(log.count(kind), settled.record)

        def one(block: Block, how: Settled = settled, into: Column = table) -> None:
            part = into[block.first : block.first + block.size]
            how.settle(block, at, States(block.first, part))

        over_stretches(log, kind, one)
        found[kind] = table
    return found


def verified(log: SealedLog, at: At) -> Any:
    """Everything: each byte of every file hashed, however often, and all that `whole` tells."""
    settled = {kind.value for kind in SETTLED}
    rest = [part for part in log.manifest.parts if part.what != "run" or part.of not in settled]
    rest.sort(key=lambda part: part.size, reverse=True)

    def sound(part: Part) -> None:
        columns = log.segment(part).columns if part.what == "run" else log.columns(part)
        flaws = list(columns.flaws())
        if flaws:
            raise Damaged(flaws)

    def check(kind: Kind, partition: int) -> None:
        for part in log.parts(kind, partition):
            sound(part)

    in_threads(lambda number: sound(rest[number]), range(len(rest)))
    return whole(log, at, check=check)
