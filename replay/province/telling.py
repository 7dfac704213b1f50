"""What entries of a make-believe province say, field by field: a table, and the columns it fills.

A source tells where the value of a field is: in a column of the entry, in a column as an entity of
its town, or the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.events import (
    address,
    applications,
    cards,
    household,
    issuance,
    numbers,
    papers,
    person,
    readiness,
)
from registry.values import (
    BirthKind,
    CardKind,
    CardPriority,
    CardReason,
    ChangeCategory,
    ChangeScope,
    CollectionMethod,
    DeathCause,
    DivisionCode,
    HandoverCategory,
    HouseholdType,
    Nationality,
    NumberFaultKind,
    OutKind,
    ProductionError,
    ProductionType,
    ReceivedQuality,
    SpoilCause,
    SurrenderReason,
    day_of,
)
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Column, Form, Heap, Heaps, KeptSpaces
from replay.columns.layout import CODES, layout
from replay.columns.layout import dense as is_dense
from replay.jit import kernel
from replay.province import columns as c
from replay.province.plan import Ints

Days = NDArray[np.int64]


@dataclass(frozen=True)
class Of:
    """An entity of the town, by the space that its field names, or a plain integer."""

    column: int
    plus: int = 0


@dataclass(frozen=True)
class Pick:
    """One of some values, by their place."""

    column: int
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Named:
    """One of the pool of names."""

    column: int


@dataclass(frozen=True)
class Own:
    """The entity's own text, such as its number."""


@dataclass(frozen=True)
class Local:
    """Something that differs by town, by its name in `Bases.local`."""

    name: str


class Number:
    """A number, of the birth date and the sequence code of the entry."""


A, B, C, D, E, F = (Of(one) for one in (c.E_A, c.E_B, c.E_C, c.E_D, c.E_E, c.E_F))
BORN, VERSION, DAY, WHO = Of(c.E_BORN), Of(c.E_VERSION), Of(c.E_RECORDED), Named(c.E_NAME)
NUMBER, OWN = Number(), Own()
SOMEBODY, CLERK = Named(c.E_ENTITY), Named(c.E_RECORDED)
COUNTY, STATION, AUTHORITY, SITE = (
    Local(name) for name in ("county", "station", "authority", "site")
)
HAN = Nationality("01")
SEXES = Of(c.E_C, -1)  # columns hold the place of a sex, from 0
ITEMS = {
    "household": A,
    "community": B,
    "sex": SEXES,
    "birth_date": BORN,
    "nationality": HAN,
    "name": WHO,
    "number": NUMBER,
}
IMPORTED = {"source": "synthetic-1", "batch": "synthetic-1"}
DRAWN = {"sampled": False, "size": 100, "permille": 50, "least": 20, "accepts": 0, "seed": 7}
ON_SHEET = {"lot": "synthetic-5", "sheet": "synthetic-7", "place": 1}
PHOTO = "5f" * 32
IMAGE = "a7" * 32
#: What every event type says in the fields that lie in dense columns.
SAYS: Mapping[type, Mapping[str, Any]] = {
    person.PersonImported: {**ITEMS, **IMPORTED},
    person.BirthRegistered: {**ITEMS, "birth_kind": BirthKind("0101"), "declarant": SOMEBODY},
    person.NewcomerRegistered: {
        **ITEMS,
        "origin": DivisionCode("230103"),
        "certificate": None,
        "permit": None,
        "declarant": WHO,
    },
    person.DeathRegistered: {
        "death_cause": DeathCause("0240"),
        "household": A,
        "community": B,
        "declarant": SOMEBODY,
    },
    person.AddressChanged: {
        "from_household": A,
        "from_community": B,
        "household": C,
        "community": D,
        "scope": Pick(c.E_E, (ChangeScope("21"), ChangeScope("12"), ChangeScope("13"))),
        "declarant": SOMEBODY,
    },
    person.MovedOut: {
        "household": A,
        "community": B,
        "out_kind": Pick(c.E_D, (OutKind("2"), OutKind("3"))),
        "destination": DivisionCode("230103"),
        "certificate": C,
        "permit": None,
        "declarant": SOMEBODY,
    },
    person.MovedIn: {
        "household": A,
        "community": B,
        "origin": DivisionCode("230103"),
        "certificate": C,
        "permit": None,
        "declarant": SOMEBODY,
    },
    person.NameChanged: {"category": ChangeCategory("21"), "name": WHO, "declarant": SOMEBODY},
    person.NameCorrected: {
        "corrects": VERSION,
        "category": ChangeCategory("22"),
        "name": WHO,
        "declarant": SOMEBODY,
    },
    person.NationalityCorrected: {
        "corrects": VERSION,
        "category": ChangeCategory("52"),
        "nationality": Pick(c.E_A, (Nationality("02"), Nationality("10"), Nationality("11"))),
        "declarant": SOMEBODY,
    },
    person.BirthDateCorrected: {
        "corrects": VERSION,
        "category": ChangeCategory("41"),
        "birth_date": BORN,
        "declarant": SOMEBODY,
    },
    person.NumberReassigned: {
        "category": ChangeCategory("19"),
        "number": NUMBER,
        "declarant": SOMEBODY,
    },
    person.DetailsChanged: {"category": ChangeCategory("91"), "declarant": SOMEBODY},
    person.EntriesVoided: {"grounds": "registered by mistake"},
    person.RegistrationRestored: {"community": B, "grounds": "registered by mistake"},
    person.RegistrationReversed: {"community": B, "grounds": "registered by mistake"},
    person.ResidenceAdjusted: {
        "household": A,
        "from_community": B,
        "community": C,
        "document": "synthetic 2",
    },
    readiness.PersonVerified: {"document": "synthetic 3"},
    household.HouseholdImported: {
        "household_number": OWN,
        "household_type": HouseholdType("1"),
        "doorplate": A,
        "community": B,
        "head": C,
        **IMPORTED,
    },
    household.HouseholdEstablished: {
        "household_number": OWN,
        "household_type": HouseholdType("1"),
        "doorplate": A,
        "community": B,
        "head": C,
    },
    household.MembersChanged: {"business": D, "head": C},
    household.HouseholdMoved: {"doorplate": A, "community": B},
    household.HouseholdClosed: {},
    household.HouseholdEntriesVoided: {"grounds": "registered by mistake"},
    household.HouseholdAdjusted: {"doorplate": A, "community": B, "document": "synthetic 2"},
    address.DoorplateImported: {
        "street": B,
        "plate_number": Pick(c.E_A, tuple(f"{number}号" for number in range(1, 801))),
        "community": B,
        **IMPORTED,
    },
    address.DoorplateAdjusted: {"community": B, "document": "synthetic 2"},
    numbers.NumberGiven: {"person": A, "book": B, "number": NUMBER},
    numbers.NumberRecorded: {"person": A, "number": NUMBER},
    numbers.HoldingEnded: {"person": A, "business": B},
    numbers.BookOpened: {
        "address_code": COUNTY,
        "birth_date": BORN,
        "first": Local("first"),
        "last": Local("last"),
    },
    numbers.CodeDrawn: {"sequence": F, "number": A, "person": B},
    numbers.NumberCaseOpened: {"fault": NumberFaultKind.DUPLICATE, "number": A},
    numbers.NumberCaseClosed: {"keeper": A, "grounds": "the elder record keeps it"},
    papers.CertificateIssued: {
        "issued_on": D,
        "certificate_number": OWN,
        "community": B,
        "destination": DivisionCode("230103"),
        "valid_days": 30,
    },
    papers.CertificateConsumed: {"person": A},
    applications.ApplicationAccepted: {
        "person": A,
        "acceptance_number": OWN,
        "apply_reason": CardReason("21"),
        "card_kind": CardKind("2"),
        "production_type": ProductionType("1"),
        "priority": CardPriority("3"),
        "station": STATION,
        "county": COUNTY,
        "community": B,
        "applied_on": DAY,
    },
    applications.CaptureCompleted: {"photo": PHOTO, "photo_size": 11_264, "chip_photo": PHOTO},
    applications.ReceivedByCity: {"package": Of(c.E_D), "draw": Of(c.E_D), **DRAWN},
    applications.CardSigned: {
        "valid_from": DAY,
        "valid_until": E,
        "authority": AUTHORITY,
        "authority_name": "synthetic bureau",
    },
    issuance.CardHandedOut: {
        "handover": HandoverCategory("3"),
        "collection": CollectionMethod("10"),
    },
    issuance.CardReportedLost: {"lost_on": DAY, "declarant": CLERK},
    issuance.CardFound: {"declarant": CLERK},
    issuance.CardSurrendered: {"surrender_reason": SurrenderReason("5"), "replaced_by": None},
    issuance.CardRedone: {"attempt": C, "replaced_by": None},
    issuance.DestructionProposed: {"grounds": "out of use"},
    issuance.CardDestroyed: {"confirms": VERSION, "protocol": "synthetic-4"},
    cards.BlankReceived: {"chip_serial": OWN, "site": SITE, **ON_SHEET},
    cards.BlankIssued: {"line": "1", "work_order": "synthetic-6"},
    cards.BlankBound: {"application": A, "attempt": B, "image": IMAGE, "key_version": 1},
    cards.CardPersonalised: {"image": IMAGE, "recovered": False},
    cards.BodySpoiled: {"cause": SpoilCause.MATERIAL, "reject_bin": "1"},
    cards.BodyDestructionProposed: {"grounds": "out of use"},
    cards.BodyDestroyed: {"confirms": VERSION, "protocol": "synthetic-4"},
}
#: What steps of applications say where SAYS does not tell.
STEPS: Mapping[str, Any] = {
    "package": Of(c.E_D),
    "error": ProductionError("20"),
    "quality": ReceivedQuality("20"),
    "grounds": "not fit",
    "body": B,
    "attempt": C,
    "cause": SpoilCause.PROCESS,
    "reject_bin": "1",
    "site": SITE,
    "destination": AUTHORITY,
    "fingers": None,
}


def says(shape: type) -> Mapping[str, Any]:
    """What an event type says."""
    if shape in SAYS or VOCABULARY[shape].kind is not Kind.APPLICATION:
        return SAYS[shape]
    return STEPS


@dataclass
class Bases:
    """Where the handles of a town begin, by space, and what is the same in all of it."""

    spaces: Mapping[str, int]
    local: Mapping[str, int]


@dataclass
class Tale:
    """How one dense column is filled, by code.

    how: 0 not, CONSTANT, COLUMN, NAME or PICK; column: of the entry; plus: what is added.
    """

    name: str
    form: Form
    declares: NDArray[np.bool_]
    how: Ints = field(default_factory=lambda: np.zeros(CODES, np.int32))
    column: Ints = field(default_factory=lambda: np.zeros(CODES, np.int32))
    plus: NDArray[np.int64] = field(default_factory=lambda: np.zeros(CODES, np.int64))
    picks: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    spaced: list[int] = field(default_factory=list)  # codes to which the space's base is added
    local: dict[int, str] = field(default_factory=dict)
    own: list[int] = field(default_factory=list)
    numbers: bool = False


CONSTANT, COLUMN, NAME, PICK = 1, 2, 3, 4


def names() -> list[str]:
    """The pool of names."""
    family = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
    given = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华建国玉梅小红文斌婷宇"
    given += "浩轩子涵欣怡梓萱俊熙晨曦雪琴凤莲春生福贵金宝志远成思月云山川"
    pool = [one + other for one in family for other in given[:64]]
    assert len(pool) == c.NAMES, len(pool)
    return pool


class Teller:
    """Fills the dense columns of one kind of stream from arranged entries."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.layout = kind, layout(kind)
        heap = Heap()
        for name in names():
            heap.handle(name)
        heaps = Heaps(heap, KeptSpaces())
        self.tales: list[Tale] = []
        shapes = [shape for shape in self.layout.homes if expressed(shape)]
        self.officer = heap.handle("synthetic officer")
        self.office = heap.handle("220000000000")
        for name, form in self.layout.dense.items():
            tale = Tale(name, form, self.layout.declares(name))
            for shape in shapes:
                for told, home in self.layout.homes[shape]:
                    if home == name and is_dense(told):
                        _tell(tale, VOCABULARY[shape].code, says(shape)[told.name], heaps)
            self.tales.append(tale)
        self.texts = heap.values

    def fill(self, tale: Tale, rows: Ints, size: int, bases: Bases) -> Column:
        """A dense column of arranged rows; size: how many of them have a value."""
        out = np.empty(size, tale.form.dtype)
        if not size:
            return out
        if tale.numbers:
            write_numbers(rows, tale.how, bases.local["county"], CALENDAR, out)
            return out
        plus = tale.plus.copy()
        if tale.spaced:
            assert tale.form.space is not None
            plus[tale.spaced] += bases.spaces[tale.form.space]
        for code, name in tale.local.items():
            plus[code] = bases.local[name]
        if tale.own:
            plus[tale.own] += len(self.texts) + bases.local["own"]
        null = tale.form.null if tale.form.null < 2**63 else -1
        fill(rows, tale.how, tale.column, plus, tale.picks, null, out)
        return out


def expressed(shape: type) -> bool:
    """Whether entries of a type come in a plan."""
    word = VOCABULARY[shape]
    held = shape is applications.HeldForDuplicateNumber  # no case in a plan holds a card up
    return shape in SAYS or (word.reaches is not None and not held)


def _tell(tale: Tale, code: int, source: Any, heaps: Heaps) -> None:
    form = tale.form
    match source:
        case Of(column, plus):
            tale.how[code], tale.column[code], tale.plus[code] = COLUMN, column, plus
            if form.space is not None:
                tale.spaced.append(code)
        case Pick(column, values):
            tale.how[code], tale.column[code] = PICK, column
            tale.picks = form.array(values, heaps).astype(np.int64)
        case Named(column):
            tale.how[code], tale.column[code] = NAME, column
        case Own():
            tale.how[code], tale.column[code] = COLUMN, c.E_ENTITY
            tale.own.append(code)
        case Local(name):
            tale.how[code], tale.local[code] = CONSTANT, name
        case Number():
            tale.how[code], tale.numbers = CONSTANT, True
        case _:
            tale.how[code] = CONSTANT
            tale.plus[code] = int(form.array([source], heaps)[0])


@kernel
def fill(
    rows: Ints,
    how: Ints,
    columns: Ints,
    plus: NDArray[np.int64],
    picks: NDArray[np.int64],
    null: int,
    out: Column,
) -> None:
    """Fill a dense column: what is in a column of the entry is negative where it is nothing.

    rows i4[n, E_WIDTH]; how, columns, plus: by code; picks: values that are picked; out: a value
    for each row whose code has one.
    """
    place = 0
    for row in range(rows.shape[0]):
        code = rows[row, c.E_CODE]
        way = how[code]
        if way == 0:
            continue
        value = plus[code]
        if way > CONSTANT:
            told = rows[row, columns[code]]
            if way == COLUMN:
                value = null if told < 0 else value + told
            elif way == NAME:
                value = told % c.NAMES
            else:
                value = picks[told % picks.size]
        out[place] = value
        place += 1


#: By day since 1880: the birth date's digits, year, month and day in 14, 7 and 7 bits.
CALENDAR = np.array(
    [
        (day.year << 7 | day.month) << 7 | day.day
        for day in (day_of(number) for number in range(65_536))
    ],
    np.int64,
)


@kernel
def write_numbers(rows: Ints, how: Ints, address: int, calendar: Days, out: Column) -> None:
    """Write identity numbers as `replay.numbers` packs them; 0 where there is none.

    rows and how as in `fill`; address: six digits; calendar as CALENDAR; out i8.
    """
    place = 0
    for row in range(rows.shape[0]):
        if how[rows[row, c.E_CODE]] == 0:
            continue
        sequence, wrong = int(rows[row, c.E_NUMBER]) & 1023, int(rows[row, c.E_NUMBER]) >> 10
        packed = 0
        if sequence > 0:
            birth = int(calendar[rows[row, c.E_BORN]])
            digits = ((birth >> 14) * 100 + (birth >> 7 & 127)) * 100 + (birth & 127)
            digits = digits * 1000 + sequence
            total = 0
            weight = 2
            for _ in range(11):
                total += digits % 10 * weight
                digits //= 10
                weight = weight * 2 % 11
            digits = address
            for _ in range(6):
                total += digits % 10 * weight
                digits //= 10
                weight = weight * 2 % 11
            last = (12 - total % 11) % 11  # what is written, X being 10
            last = (last + wrong) % 11
            packed = ((1 - wrong) << 20 | address) << 28 | birth
            packed = (packed << 10 | sequence) << 4 | (last + 1)
        out[place] = packed
        place += 1
