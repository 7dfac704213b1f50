"""The vocabulary: what it takes to declare an event type, once, for every reader.

Storage codec, JSON Schema, catalogue, columns and the round-trip test derive from a declaration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import (
    Annotated,
    Any,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from registry.frozen import frozen
from registry.values import CardState

T = TypeVar("T")


class Kind(StrEnum):
    """The kinds of stream an entry can stand on."""

    PERSON = "person"
    HOUSEHOLD = "household"
    DOORPLATE = "doorplate"
    STREET = "street"
    PLACES = "places"
    SEGMENTS = "segments"
    BOOK = "book"
    NUMBER = "number"
    PERMIT = "permit"
    CERTIFICATE = "certificate"
    PROOF = "proof"
    CASE = "case"
    APPLICATION = "application"
    CARD = "card"
    DIVISION = "division"
    HOLDER = "holder"
    PROGRAMME = "programme"
    LETTER = "letter"
    REPORT = "report"
    PACKAGE = "package"
    SITES = "sites"
    WORK_ORDER = "work-order"
    BIN = "bin"
    TEMPORARY = "temporary"
    FINDING = "finding"
    REGISTRATION = "registration"
    BATCH = "batch"
    VERIFICATION = "verification"
    FEE = "fee"
    CASH_BOOK = "cash-book"
    RELIEF_LIST = "relief-list"
    RELIEF = "relief"


class Order(Enum):
    """How the entries of a kind of stream are folded."""

    EFFECTIVE = "effective"  # by (effective_on, version), voided entries left out
    LEDGER = "ledger"  # by version; nothing is voided, only answered by a further entry
    REFERENCE = "reference"  # by version; each entry is dated, and may be dated ahead


ORDERS = {
    Kind.PERSON: Order.EFFECTIVE,
    Kind.HOUSEHOLD: Order.EFFECTIVE,
    Kind.DOORPLATE: Order.EFFECTIVE,
    Kind.STREET: Order.EFFECTIVE,
    Kind.PLACES: Order.REFERENCE,
    Kind.SEGMENTS: Order.REFERENCE,
    Kind.BOOK: Order.LEDGER,
    Kind.NUMBER: Order.LEDGER,
    Kind.PERMIT: Order.LEDGER,
    Kind.CERTIFICATE: Order.LEDGER,
    Kind.PROOF: Order.LEDGER,
    Kind.CASE: Order.LEDGER,
    Kind.APPLICATION: Order.LEDGER,
    Kind.CARD: Order.LEDGER,
    Kind.DIVISION: Order.LEDGER,
    Kind.HOLDER: Order.LEDGER,
    Kind.PROGRAMME: Order.LEDGER,
    Kind.LETTER: Order.LEDGER,
    Kind.REPORT: Order.LEDGER,
    Kind.PACKAGE: Order.LEDGER,
    Kind.SITES: Order.REFERENCE,
    Kind.WORK_ORDER: Order.LEDGER,
    Kind.BIN: Order.LEDGER,
    Kind.TEMPORARY: Order.LEDGER,
    Kind.FINDING: Order.LEDGER,
    Kind.REGISTRATION: Order.LEDGER,
    Kind.BATCH: Order.LEDGER,
    Kind.VERIFICATION: Order.LEDGER,
    Kind.FEE: Order.LEDGER,
    Kind.CASH_BOOK: Order.LEDGER,
    Kind.RELIEF_LIST: Order.LEDGER,
    Kind.RELIEF: Order.LEDGER,
}


class Group(StrEnum):
    """Attribute groups: what one event writes whole, so that the last write in each wins."""

    LIFE = "life"
    PLACE = "place"
    NAME = "name"
    SEX = "sex"
    BIRTH = "birth"
    NUMBER = "number"
    NATIONALITY = "nationality"
    NATURE = "nature"
    GUARDIAN = "guardian"
    PARENTS = "parents"
    DETAILS = "details"  # each detail is a group of its own, written where it is present
    ADDRESS = "address"
    HEAD = "head"
    MEMBERS = "members"  # each member is a group of its own
    FORM = "form"
    PLATE = "plate"


class Cause(StrEnum):
    """Under which heading of the population report a change of place is counted."""

    IMPORTED = "imported"
    BIRTH = "births"
    DEATH = "deaths"
    IN = "in"
    OUT = "out"
    ADDRESS = "address"
    SUPPLEMENT = "supplements"
    DELETION = "deletions"
    VOIDED = "voided"
    RESTORED = "restored"
    BOUNDARY = "boundary"


@dataclass(frozen=True)
class Part:
    """Marks a field of the private half and names the data subject it speaks of."""

    subject: str


Private = Annotated[T, Part("subject")]
OfDeclarant = Annotated[T, Part("declarant")]
OfMother = Annotated[T, Part("mother")]
OfFather = Annotated[T, Part("father")]
OfSpouse = Annotated[T, Part("spouse")]
OfGuardian = Annotated[T, Part("guardian")]
OfCollector = Annotated[T, Part("collector")]


@dataclass(frozen=True)
class Field:
    """One field of an event: its name, its type, and the private part it belongs to, if any."""

    name: str
    type: Any
    part: str | None
    default: Any


@dataclass(frozen=True, kw_only=True)
class EventType:
    """One word of the vocabulary; codec, columns, kernel tables and docs derive from it."""

    shape: type[Any]
    code: int  # ours; given once, never reused
    kind: Kind
    business: int | None  # the official business code, where there is one
    writes: frozenset[Group]
    leaves: str | None  # field that names the community whose population shrinks
    enters: str | None  # field that names the community whose population grows
    cause: Cause | None
    fields: tuple[Field, ...]
    voids: bool  # the field `voids` names the versions that no longer stand
    corrects: bool  # the field `corrects` names the version whose value was wrong
    opens: bool  # a stream may begin with it
    reaches: CardState | None  # the state in which it leaves an application for a card

    @property
    def name(self) -> str:
        """Its name in JSON, catalogue and answers."""
        return self.shape.__name__

    @property
    def parts(self) -> tuple[str, ...]:
        """The data subjects its private half may speak of, in the order of the fields."""
        return tuple(dict.fromkeys(field.part for field in self.fields if field.part))


VOCABULARY: dict[type[Any], EventType] = {}


def fields_of(shape: type[Any]) -> tuple[Field, ...]:
    """The fields of a declared shape, private marks taken apart from the types."""
    hints = get_type_hints(shape, include_extras=True)
    found = []
    for field in dataclasses.fields(shape):
        hint, part = hints[field.name], None
        if get_origin(hint) is Annotated:
            base, *marks = get_args(hint)
            for mark in marks:
                if isinstance(mark, Part):
                    hint, part = base, mark.subject
        found.append(Field(field.name, hint, part, field.default))
    return tuple(found)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    *,
    code: int,
    kind: Kind,
    writes: frozenset[Group] | set[Group] = frozenset(),
    business: int | None = None,
    leaves: str | None = None,
    enters: str | None = None,
    cause: Cause | None = None,
    opens: bool = False,
    reaches: str | None = None,
    into: dict[type[Any], EventType] = VOCABULARY,
) -> Callable[[type[T]], type[T]]:
    """Declare an event type."""

    def declare(cls: type[T]) -> type[T]:
        shape = frozen(cls)
        fields = fields_of(shape)
        names = {field.name for field in fields}
        assert code not in {word.code for word in into.values()}, f"code {code} is taken"
        assert 0 < code < 2**16, code
        assert {leaves, enters} - {None} <= names, cls
        assert "effective_on" in names, cls
        assert reaches is None or kind is Kind.APPLICATION, cls
        assert (leaves is None and enters is None) or cause, f"{cls} moves people without a cause"
        into[shape] = EventType(
            shape=shape,
            code=code,
            kind=kind,
            business=business,
            writes=frozenset(writes),
            leaves=leaves,
            enters=enters,
            cause=cause,
            fields=fields,
            voids="voids" in names,
            corrects="corrects" in names,
            opens=opens,
            reaches=None if reaches is None else CardState(reaches),
        )
        return shape

    return declare


def word_of(event: object) -> EventType:
    """The declaration of an event."""
    return VOCABULARY[type(event)]
