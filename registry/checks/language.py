"""The language in which check rules are written: comparisons of the fields of a record.

One text serves all readers: `compiled` makes a function of a record out of it, `replay` a program
over columns. A record's field is an integer or absent. A comparison with something absent does not
hold; only `is None` asks for absence. There is no `not`, so that no rule holds for want of data.

    age < 16 and marital_status in (20, 30)     nature is None and today < '2014-07-30'
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce

from registry.values import day_number

#: A record: its fields by name, as integers; None for what is absent.
Record = Mapping[str, int | None]
Test = Callable[[Record], bool]

#: Words that stand for an integer. UNLISTED: a code that its table does not list.
WORDS = {"UNLISTED": -1}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Compare:
    """A field compared with a constant or with another field."""

    field: str
    comparison: str  # as in _COMPARE
    other: int | str  # a constant, or the name of a field


@dataclass(frozen=True)
class Within:
    """A field is one of several constants."""

    field: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Absent:
    """A field is absent, or is there."""

    field: str
    absent: bool


@dataclass(frozen=True)
class Joined:
    """Several conditions of which all, or any, hold."""

    every: bool
    parts: tuple[Condition, ...]


Condition = Compare | Within | Absent | Joined


def parse(text: str, fields: Collection[str]) -> Condition:
    """Read a condition about a record with some fields.

    Raises ValueError naming the word that is not of the language.
    """
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no condition: {error.msg}") from error
    return _condition(tree.body, fields)


def _condition(node: ast.expr, fields: Collection[str]) -> Condition:
    match node:
        case ast.BoolOp(op=op, values=values):
            return Joined(isinstance(op, ast.And), tuple(_condition(one, fields) for one in values))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            field = _field(left, fields)
            match op, right:
                case (ast.Is() | ast.IsNot(), ast.Constant(value=None)):
                    return Absent(field, isinstance(op, ast.Is))
                case ast.In(), ast.Tuple(elts=values):
                    return Within(field, tuple(_constant(one) for one in values))
            if type(op) in COMPARISONS:
                other: int | str
                if isinstance(right, ast.Name) and right.id not in WORDS:
                    other = _field(right, fields)
                else:
                    other = _constant(right)
                return Compare(field, COMPARISONS[type(op)], other)
    raise ValueError(f"{ast.unparse(node)!r} is not of the language: compare a field")


def _field(node: ast.expr, fields: Collection[str]) -> str:
    if isinstance(node, ast.Name) and node.id in fields:
        return node.id
    raise ValueError(f"{ast.unparse(node)!r} is no field; there are {', '.join(sorted(fields))}")


def _constant(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.Constant(value=str(day)):
            return day_number(date.fromisoformat(day))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
        case ast.Name(id=word) if word in WORDS:
            return WORDS[word]
    raise ValueError(f"{ast.unparse(node)!r} is neither an integer nor a date in quotes")


def fields_of(condition: Condition) -> Iterator[str]:
    """The fields that a condition asks for."""
    match condition:
        case Compare(field, _, other):
            yield field
            if isinstance(other, str):
                yield other
        case Within(field, _) | Absent(field, _):
            yield field
        case Joined(_, parts):
            for part in parts:
                yield from fields_of(part)


def compiled(condition: Condition) -> Test:
    """A function that tells whether a condition holds of a record."""
    match condition:
        case Absent(field, absent):
            return lambda record: (record[field] is None) == absent
        case Within(field, values):
            some = frozenset(values)
            return lambda record: record[field] in some
        case Compare(field, comparison, int(constant)):
            compare = _COMPARE[comparison]

            def against_constant(record: Record) -> bool:
                value = record[field]
                return value is not None and compare(value, constant)

            return against_constant
        case Compare(field, comparison, str(other)):
            compare = _COMPARE[comparison]

            def against_field(record: Record) -> bool:
                value, against = record[field], record[other]
                return value is not None and against is not None and compare(value, against)

            return against_field
        case Joined(every, parts):
            tests = [compiled(part) for part in parts]
            return reduce(_both if every else _either, tests)
    raise AssertionError(condition)


def _both(one: Test, two: Test) -> Test:
    return lambda record: one(record) and two(record)


def _either(one: Test, two: Test) -> Test:
    return lambda record: one(record) or two(record)
