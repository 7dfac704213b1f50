"""Check rules as a program over columns: the same conditions that `registry.checks` asks of one.

A condition becomes steps of a small machine whose registers are stretches of rows: each step asks
one thing of a whole stretch while that lies in the cache. What is absent is below every range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from registry.checks.fields import FIELDS
from registry.checks.language import Absent, Compare, Condition, Joined, Within
from registry.checks.rules import CheckRule, rules_about
from replay.columns.forms import Column
from replay.jit import integer, kernel
from replay.states.details import ABSENT
from replay.threads import scratch

#: Rows of a stretch: a few columns of it lie in the first cache.
STRETCH = 2048
LOWEST, HIGHEST = ABSENT + 1, 2**31 - 1
#: What a step does: ask whether a field lies in a range; whether the difference of two does; join
#: the last two answers; end a rule.
_RANGE, _DIFFERENCE, _BOTH, _EITHER, _END = range(5)

Step = tuple[int, int, int, int, int]
_WHOLE = 2**33


class Program(NamedTuple):
    """Rules about persons, or about households, as steps i8[n, 5]; depth: answers kept at once."""

    rules: tuple[CheckRule, ...]
    steps: Column
    depth: int


@cache
def program(subject: str) -> Program:
    """The program of all rules about persons, or about households; bit k of a flag is rule k."""
    rules = rules_about(subject)
    assert len(rules) < 63, "a flag has a bit for each rule"
    return Program(rules, *assembled([rule.condition for rule in rules], places(subject)))


@cache
def places(subject: str) -> Mapping[str, int]:
    """Where each field of a record stands among its columns."""
    return {name: place for place, name in enumerate(FIELDS[subject])}


def assembled(conditions: Sequence[Condition], fields: Mapping[str, int]) -> tuple[Column, int]:
    """The steps of conditions, each ended by its own, and the depth that they need."""
    steps: list[Step] = []
    for rule, condition in enumerate(conditions):
        steps.extend(_steps(condition, fields))
        steps.append((_END, rule, 0, 0, 0))
    depth = most = 0
    for kind, *_ in steps:
        depth += 1 if kind in (_RANGE, _DIFFERENCE) else -1
        most = max(most, depth)
    found = np.array(steps, "i8")
    found.flags.writeable = False
    return found, most


def _steps(condition: Condition, fields: Mapping[str, int]) -> Iterator[Step]:
    match condition:
        case Joined(every, parts):
            for count, part in enumerate(parts):
                yield from _steps(part, fields)
                if count:
                    yield (_BOTH if every else _EITHER, 0, 0, 0, 0)
        case Absent(field, absent):
            ends = (ABSENT, ABSENT) if absent else (LOWEST, HIGHEST)
            yield (_RANGE, fields[field], 0, *ends)
        case Within(field, values):
            yield from _any((_RANGE, fields[field], 0, *ends) for ends in _stretches(values))
        case Compare(field, comparison, int(constant)):
            ranges = _ranges(comparison, constant, LOWEST, HIGHEST)
            yield from _any((_RANGE, fields[field], 0, *ends) for ends in ranges)
        case Compare(field, comparison, str(other)):
            ranges = _ranges(comparison, 0, -_WHOLE, _WHOLE)
            yield from _any((_DIFFERENCE, fields[field], fields[other], *ends) for ends in ranges)


def _any(steps: Iterator[Step]) -> Iterator[Step]:
    for count, step in enumerate(steps):
        yield step
        if count:
            yield (_EITHER, 0, 0, 0, 0)


def _ranges(comparison: str, than: int, low: int, high: int) -> list[tuple[int, int]]:
    """The values that compare so with one, as ranges."""
    below, same, above = (low, than - 1), (than, than), (than + 1, high)
    return {
        "<": [below],
        "<=": [(low, than)],
        ">": [above],
        ">=": [(than, high)],
        "==": [same],
        "!=": [below, above],
    }[comparison]


def _stretches(values: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Integers as ranges of neighbours."""
    some = sorted(set(values))
    begin = some[0]
    for one, following in zip(some, [*some[1:], None], strict=True):
        if following != one + 1:
            yield begin, one
            begin = following or 0


def judged(which: Program, columns: Column, rows: int) -> Column:
    """Which rules each of some records breaks, u8[rows], a bit a rule; columns i4[fields, n]."""
    flags = scratch("check flags", rows, "u8")
    answers = scratch("check answers", which.depth * STRETCH, "u1").reshape(-1, STRETCH)
    run(which.steps, columns, answers, flags)
    return flags


@kernel
def run(steps: Column, columns: Column, answers: Column, flags: Column) -> None:
    """Run a program over records, stretch by stretch.

    steps i8[n, 5]; columns i4[fields, m]; answers u1[depth, STRETCH], room; flags u8, written.
    """
    for first in range(0, flags.size, answers.shape[1]):
        size = min(answers.shape[1], flags.size - first)
        for row in range(first, first + size):
            flags[row] = 0
        top = -1
        for step in range(steps.shape[0]):
            kind, one, other = steps[step, 0], steps[step, 1], steps[step, 2]
            low, high = steps[step, 3], steps[step, 4]
            if kind == _RANGE:
                top += 1
                within(columns[one, first : first + size], low, high, answers[top])
            elif kind == _DIFFERENCE:
                top += 1
                apart(
                    columns[one, first : first + size],
                    columns[other, first : first + size],
                    low,
                    high,
                    answers[top],
                )
            elif kind == _END:
                if holds(answers[top], size):
                    mark(answers[top], one, flags[first : first + size])
                top -= 1
            else:
                top -= 1
                join(answers[top], answers[top + 1], kind == _BOTH, size)


@kernel
def within(values: Column, low: int, high: int, answer: Column) -> None:
    """Answer whether each value lies in a range; values i4[n], answer u1, written."""
    least, most = np.int32(low), np.int32(high)
    for row in range(values.size):
        answer[row] = (values[row] >= least) & (values[row] <= most)


@kernel
def apart(values: Column, others: Column, low: int, high: int, answer: Column) -> None:
    """Answer whether the difference of two values that are there lies in a range; i4[n], u1."""
    for row in range(values.size):
        gap = integer(values[row]) - integer(others[row])
        there = (values[row] != ABSENT) & (others[row] != ABSENT)
        answer[row] = there & (gap >= low) & (gap <= high)


@kernel
def join(answer: Column, other: Column, every: bool, size: int) -> None:
    """Join two answers into the first; u1[size]."""
    if every:
        for row in range(size):
            answer[row] &= other[row]
    else:
        for row in range(size):
            answer[row] |= other[row]


@kernel
def holds(answer: Column, size: int) -> bool:
    """Whether anything was answered with yes, as it seldom is; answer u1."""
    found = np.uint8(0)
    for row in range(size):
        found |= answer[row]
    return bool(found != 0)


@kernel
def mark(answer: Column, rule: int, flags: Column) -> None:
    """Note a rule's bit where it holds; answer u1, flags u8[n]."""
    for row in range(flags.size):
        flags[row] |= np.uint64(answer[row]) << np.uint64(rule)
