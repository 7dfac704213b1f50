"""Replay under a changed rule: who would have been treated differently, since when (规则变更推演).

A rule is a function from decisions, as columns, to how each of them was treated. Two rules are
asked about every decision of a log, with what the register knew when it was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import numpy as np

from registry.aggregates import Person
from registry.card_fees import fee_classes, schedule
from registry.codes import table
from registry.events.applications import ApplicationAccepted, CardSigned
from registry.values import CardKind, CardReason, day_number, day_of
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Column
from replay.questions.diff import owners
from replay.states.history import At, folded, lines
from replay.states.persons import UNBORN
from replay.threads import over_partitions

if TYPE_CHECKING:
    from replay.columns.log import Log
    from replay.columns.runs import Block

#: How a decision is treated of which a rule cannot tell: somebody's birth date is not known.
UNTOLD = -1
#: How a card for life is told by `validity`.
FOR_LIFE = 0

Row = Mapping[str, str]


class Decisions(NamedTuple):
    """Decisions about applications for cards, a column each, in the order of the log.

    application, person u4: handles; day u2, position u4: of the entry; birth i4: in days since
    1880 as the register knew it then, UNBORN if it did not; reason, kind u2: places in the tables.
    """

    application: Column
    person: Column
    day: Column
    position: Column
    birth: Column
    reason: Column
    kind: Column


Rule = Callable[[Decisions], Column]


@dataclass(frozen=True)
class Changed:
    """The decisions that two rules take differently, in the order of the log.

    asked: how many there were. was, would i8: how each is treated by one rule and by the other.
    """

    asked: int
    decisions: Decisions
    was: Column
    would: Column

    def __len__(self) -> int:
        return len(self.was)

    @property
    def persons(self) -> int:
        """How many persons would be treated differently."""
        return len(np.unique(self.decisions.person))

    @property
    def first(self) -> int | None:
        """The position of the first diverging entry; None if there is none."""
        return int(self.decisions.position[0]) if len(self) else None

    @property
    def since(self) -> date | None:
        """The first day on which somebody is treated differently; None if nobody is."""
        return day_of(int(self.decisions.day.min())) if len(self) else None

    def turns(self) -> dict[tuple[int, int], int]:
        """How many are treated in one way and would be in another."""
        pairs, counts = np.unique(np.stack([self.was, self.would]), axis=1, return_counts=True)
        told = zip(pairs.T.tolist(), counts.tolist(), strict=True)
        return {(was, would): count for (was, would), count in told}


def replay_under(log: Log, rule: Rule, other: Rule, shape: type[Any], at: At) -> Changed:
    """Ask two rules about every entry of a type up to a point, and keep where they differ."""
    asked = decisions(log, shape, at)
    was, would = rule(asked).astype("i8"), other(asked).astype("i8")
    differ = was != would
    return Changed(
        len(was), Decisions(*(column[differ] for column in asked)), was[differ], would[differ]
    )


def decisions(log: Log, shape: type[Any], at: At) -> Decisions:
    """Every entry of a type up to a point, with what was known of its person then."""
    code, last = VOCABULARY[shape].code, day_number(at.valid_on)

    def of(block: Block) -> list[Column]:
        rows = np.flatnonzero(
            (block.code == code) & (block.position <= at.known) & (block.effective_on <= last)
        )
        entity = np.searchsorted(block.starts, rows, "right") - 1
        return [
            (block.first + entity).astype("u4"),
            owners(block)[entity],
            block.effective_on[rows],
            block.position[rows],
            opened(block, "apply_reason")[entity],
            opened(block, "card_kind")[entity],
        ]

    parts = [part for part in over_partitions(log, Kind.APPLICATION, of) if len(part[0])]
    empty = [np.empty(0, dtype) for dtype in ("u4", "u4", "u2", "u4", "u2", "u2")]
    columns = [np.concatenate(part) for part in zip(empty, *parts, strict=True)]
    order = np.argsort(columns[3], kind="stable")
    application, person, day, position, reason, kind = (column[order] for column in columns)
    birth = births(log, person, day, position)
    return Decisions(application, person, day, position, birth, reason, kind)


def opened(block: Block, column: str) -> Column:
    """What the entry that opened each application of a block says; 0 where nothing did."""
    accepted = VOCABULARY[ApplicationAccepted].code
    has = block.layout.declares(column)[block.code]
    told = np.flatnonzero(has)
    mine = block.code[told] == accepted
    found = np.zeros(block.size, block.dense[column].dtype)
    found[np.searchsorted(block.starts, told[mine], "right") - 1] = block.dense[column][mine]
    return found


def births(log: Log, person: Column, day: Column, position: Column) -> Column:
    """The birth date of persons, each as it was known at a position about a day, i4."""
    single = np.full(log.count(Kind.PERSON), UNBORN, "i4")
    # Of the one entry that tells it: its position and its effective day.
    known, begun = np.zeros(len(single), "u4"), np.zeros(len(single), "u2")
    plain, unclear = (np.zeros(len(single), bool) for _ in "ab")

    def of(block: Block) -> None:
        part = slice(block.first, block.first + block.size)
        rows = np.flatnonzero(block.layout.declares("birth_date")[block.code])
        entity = np.searchsorted(block.starts, rows, "right") - 1
        single[part][entity] = block.dense["birth_date"]
        known[part][entity] = block.position[rows]
        begun[part][entity] = block.effective_on[rows]
        times = np.bincount(entity, minlength=block.size)
        voids = np.searchsorted(block.starts, block.sparse["voids"].rows, "right") - 1
        unclear[part] = times > 1
        unclear[part][voids] = True
        plain[part] = (times == 1) & ~unclear[part]

    over_partitions(log, Kind.PERSON, of)
    told = plain[person] & (known[person] <= position) & (begun[person] <= day)
    found = np.where(told, single[person], UNBORN)
    # Corrected or undone ones are few: their histories are folded.
    for place in np.flatnonzero(unclear[person]).tolist():
        point = At(day_of(int(day[place])), int(position[place]))
        (stream,) = log.spaces.ids("person", [int(person[place])])
        state = _person(log, stream, point)
        if state is not None and state.birth_date is not None:
            found[place] = day_number(state.birth_date)
    return found.astype("i4")


def _person(log: Log, stream: UUID, at: At) -> Person | None:
    told = [one for one in log.history(Kind.PERSON, stream) if one.position <= at.known]
    return Person.fold(folded(Kind.PERSON, lines(told, at)))


def ages(birth: Column, day: Column) -> Column:
    """Completed years, i8, UNTOLD where the birth is not known; born on 29 February, on 1 March."""
    origin = np.datetime64("1880-01-01", "D")
    born, now = origin + birth.astype("i8"), origin + day.astype("i8")
    years = [one.astype("M8[Y]").astype("i8") for one in (now, born)]
    within = [
        one.astype("M8[M]").astype("i8") % 12 * 32 + (one - one.astype("M8[M]")).astype("i8")
        for one in (now, born)
    ]
    found: Column = years[0] - years[1] - (within[0] < within[1])
    return np.where(birth == UNBORN, UNTOLD, found)


def validity(rows: Iterable[Row] | None = None) -> Rule:
    """For how many years a card is signed, by age: FOR_LIFE, or UNTOLD where no row says.

    rows: min_age, max_age (none: and older), years (none: for life); the register's own by default.
    Source: 居民身份证法 art. 5.
    """
    rows = list(table("card_validity") if rows is None else rows)

    def rule(asked: Decisions) -> Column:
        age = ages(asked.birth, asked.day)
        told = np.full(len(age), UNTOLD, "i8")
        for row in rows:
            inside = (age >= int(row["min_age"])) & (age <= int(row["max_age"] or 2**31))
            told[inside] = int(row["years"] or FOR_LIFE)
        return told

    return rule


def tariff(rows: Iterable[Row] | None = None) -> Rule:
    """What an application costs in yuan, by reason, generation and day; UNTOLD where no row says.

    rows: fee_class, amount_yuan, generation, from_date, to_date; the register's own by default. A
    row `issue_first_free` is for whoever applies for a first card.
    Source: 发改价格[2003]2322号 and what came after it.
    """
    rows = sorted(schedule() if rows is None else rows, key=lambda row: row["from_date"])
    reasons = [CardReason(code) for code in CardReason.all()]
    kinds = [CardKind(code) for code in CardKind.all()]

    def rule(asked: Decisions) -> Column:
        told = np.full(len(asked.day), UNTOLD, "i8")
        met = np.unique(np.stack([asked.reason, asked.kind]), axis=1).T.tolist()
        for row in rows:  # the later row holds
            first = day_number(date.fromisoformat(row["from_date"] or "1880-01-01"))
            last = day_number(date.fromisoformat(row["to_date"] or "2059-01-01"))
            inside = (asked.day >= first) & (asked.day <= last)
            for reason, kind in met:
                if int(row["generation"]) != kinds[kind].generation:
                    continue
                if row["fee_class"] in fee_classes(reasons[reason], kinds[kind]):
                    mine = (asked.reason == reason) & (asked.kind == kind)
                    told[inside & mine] = int(row["amount_yuan"])
        return told

    return rule


#: Rules whose tables can be exchanged: how each is made, and the entries that it decides on.
RULES: dict[str, tuple[Callable[[Iterable[Row] | None], Rule], type[Any]]] = {
    "card_validity": (validity, CardSigned),
    "card_fee": (tariff, ApplicationAccepted),
}
