"""One kind of a town's entries in columns, and many of them joined to a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.events import household, numbers, papers, person
from registry.values import Relationship
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Column, Form
from replay.columns.layout import CODES, COLD, FIXED, layout
from replay.columns.runs import Run, Side, Texts
from replay.jit import kernel
from replay.province import columns as c
from replay.province.codes import code
from replay.province.plan import Ints
from replay.province.telling import Bases, Teller


@dataclass(frozen=True)
class Part:
    """One kind of a town's entries: what a run has, handles already those of the province.

    entities: how many; first: the handle of the first; starts i4[entities + 1]; own: the texts of
    the entities, one each, all of one length, u1.
    """

    kind: Kind
    entities: int
    first: int
    starts: Ints
    fixed: dict[str, Column]
    dense: dict[str, Column]
    sparse: dict[str, Side]
    cold: dict[str, Column]
    pool: list[str]
    own: Column


def part(
    teller: Teller,
    rows: Ints,
    starts: Ints,
    pool: Ints,
    bases: Bases,
    shift: NDArray[np.int64],
    instants: Column,
    first_day: int,
    town: int,
) -> Part:
    """Lay out a town's entries of one kind.

    rows i4[n, E_WIDTH], arranged; starts i4[entities + 1]; pool: members of lists; shift, instants:
    by day since `first_day`; town: a number that names it and the seed.
    """
    size = len(rows)
    counts = np.bincount(rows[:, c.E_CODE], minlength=CODES)
    fixed = {name: np.empty(size, dtype) for name, dtype in FIXED.items()}
    cold = {name: np.empty(size, dtype) for name, dtype in COLD.items()}
    cold["officer"][:] = teller.officer
    cold["office"][:] = teller.office
    cold["submission_high"][:] = town << 16 & 0xFFFFFFFFFFFF0000 | 0x8000
    cold["origin"][:] = 0
    lay(
        rows,
        shift,
        instants,
        first_day,
        fixed["code"],
        fixed["effective_on"],
        fixed["position"],
        cold["recorded_at"],
        cold["submission_low"],
        cold["origin_seq"],
    )
    cold["submission_low"] |= VARIANT
    entities = len(starts) - 1
    return Part(
        kind=teller.kind,
        entities=entities,
        first=bases.spaces[teller.kind.value],
        starts=starts,
        fixed=fixed,
        dense={
            tale.name: teller.fill(tale, rows, int(counts[tale.declares].sum()), bases)
            for tale in teller.tales
        },
        sparse=sides(teller.kind, rows, pool, bases),
        cold=cold,
        pool=teller.texts,
        own=own_texts(teller.kind, rows, starts, bases),
    )


#: The variant of RFC 9562, in the two highest bits of a UUID's lower half.
VARIANT = np.uint64(1 << 63)


@kernel
def lay(
    rows: Ints,
    shift: NDArray[np.int64],
    instants: NDArray[np.int64],
    first_day: int,
    code: Column,
    day: Column,
    position: Column,
    recorded_at: Column,
    submission: Column,
    origin_seq: Column,
) -> None:
    """Write what every entry has: arguments as in `part`, then the columns."""
    for row in range(rows.shape[0]):
        recorded = rows[row, c.E_RECORDED] - first_day
        place = shift[recorded] + rows[row, c.E_INDEX]
        code[row], day[row] = rows[row, c.E_CODE], rows[row, c.E_DAY]
        position[row], origin_seq[row] = place, place
        recorded_at[row] = instants[recorded]
        submission[row] = rows[row, c.E_BUSINESS]


RELATIONS = np.array([[*Relationship.all()].index(Relationship(one)) for one in c.RELATIONS], "u2")
VOIDING = [
    code(one)
    for one in (
        person.EntriesVoided,
        person.RegistrationRestored,
        person.RegistrationReversed,
        household.HouseholdEntriesVoided,
    )
]


def sides(kind: Kind, rows: Ints, pool: Ints, bases: Bases) -> dict[str, Side]:
    """The sparse columns."""
    codes = rows[:, c.E_CODE]
    found: dict[str, Side] = {}
    people = bases.spaces["person"]
    if kind in (Kind.PERSON, Kind.HOUSEHOLD):
        at = np.flatnonzero(np.isin(codes, VOIDING))
        lengths = rows[at, c.E_LENGTH]
        ends = _ends(lengths)
        versions = np.repeat(rows[at, c.E_VERSION] - ends[:-1].astype(np.int64), lengths)
        values = versions + np.arange(len(versions))
        found["voids"] = Side(at.astype("u4"), ends, {"value": values.astype("i4")})
    if kind is Kind.PERSON:
        at = np.flatnonzero(codes == code(person.DetailsChanged))
        found["height_cm"] = _plain(at, rows[at, c.E_NAME], "i4")
    elif kind is Kind.HOUSEHOLD:
        changed = codes == code(household.MembersChanged)
        left = rows[:, c.E_F] == 1
        founded = codes == code(household.HouseholdEstablished)
        imported = codes == code(household.HouseholdImported)
        found["members"] = _members(np.flatnonzero(founded | imported), rows, pool, people)
        found["joined"] = _members(np.flatnonzero(changed & ~left), rows, pool, people)
        gone = _members(np.flatnonzero(changed & left), rows, pool, people)
        found["left"] = Side(gone.rows, gone.offsets, {"value": gone.parts["person"]})
        at = np.flatnonzero(changed & (rows[:, c.E_E] >= 0))
        found["relations"] = Side(
            at.astype("u4"),
            _ends(np.ones(len(at), np.int32)),
            {
                "person": (rows[at, c.E_E] + people).astype("u4"),
                "relation": np.full(len(at), RELATIONS[c.HEADS], "u2"),
            },
        )
        at = np.flatnonzero(founded)
        houses = bases.spaces["household"]
        found["split_from"] = _plain(at, rows[at, c.E_D] + houses, "u4")
        found["business"] = _plain(at, np.full(len(at), 103), "i4")
        at = np.flatnonzero((codes == code(household.HouseholdClosed)) & (rows[:, c.E_D] >= 0))
        found["merged_into"] = _plain(at, rows[at, c.E_D] + houses, "u4")
    elif kind is Kind.CERTIFICATE:
        at = np.flatnonzero(codes == code(papers.CertificateIssued))
        listed = _members(at, rows, pool, people)
        found["persons"] = Side(listed.rows, listed.offsets, {"value": listed.parts["person"]})
    elif kind is Kind.CASE:
        at = np.flatnonzero(codes == code(numbers.NumberCaseOpened))
        parties = np.sort(rows[at][:, [c.E_B, c.E_C]], axis=1).ravel() + people
        ends = _ends(np.full(len(at), 2, np.int32))
        found["parties"] = Side(at.astype("u4"), ends, {"value": parties.astype("u4")})
    elif kind is Kind.APPLICATION:
        at = np.flatnonzero(codes == FINGERPRINTED)
        found["prints"] = Side(
            at.astype("u4"),
            np.zeros(len(at) + 1, "u4"),
            {"finger": np.empty(0, "u2"), "template": np.empty(0, "u4")},
        )
    return {name: found.get(name) or _empty(kind, name) for name in layout(kind).sparse}


FINGERPRINTED = next(one.code for one in VOCABULARY.values() if one.name == "FingerprintCaptured")


def _ends(lengths: Ints) -> Column:
    ends = np.zeros(len(lengths) + 1, "u4")
    np.cumsum(lengths, out=ends[1:])
    return ends


def _plain(at: NDArray[np.int64], values: NDArray[np.int64], dtype: str) -> Side:
    return Side(at.astype("u4"), None, {"value": values.astype(dtype)})


def _members(at: NDArray[np.int64], rows: Ints, pool: Ints, people: int) -> Side:
    lengths = rows[at, c.E_LENGTH]
    ends = _ends(lengths)
    places = np.repeat(rows[at, c.E_FIRST] - ends[:-1].astype(np.int64), lengths)
    places += np.arange(len(places))
    return Side(
        at.astype("u4"),
        ends,
        {
            "person": (pool[places, 0] + people).astype("u4"),
            "relation": RELATIONS[pool[places, 1]],
        },
    )


def _empty(kind: Kind, name: str) -> Side:
    form = layout(kind).sparse[name]
    if isinstance(form, Form):
        return Side(np.empty(0, "u4"), None, {"value": np.empty(0, form.dtype)})
    parts = {one: np.empty(0, each.dtype) for one, each in form.parts.items()}
    return Side(np.empty(0, "u4"), np.zeros(1, "u4"), parts)


#: How long the texts are that entities of a kind have of their own.
OWN = {Kind.HOUSEHOLD: 9, Kind.CERTIFICATE: 12, Kind.APPLICATION: 22, Kind.CARD: 16}


def own_texts(kind: Kind, rows: Ints, starts: Ints, bases: Bases) -> Column:
    """The texts that each entity has of its own: numbers of households, papers, chips."""
    width = OWN.get(kind, 0)
    entities = len(starts) - 1
    text = np.empty((entities, width), "u1")
    if kind is Kind.APPLICATION:
        first = rows[starts[:-1]]
        station = np.full(entities, bases.local["station"] // 1000)
        write_digits(station.astype(np.int64), 9, 0, 10, text)
        write_digits(CIVIL[first[:, c.E_RECORDED]], 8, 9, 10, text)
        write_digits(first[:, c.E_C].astype(np.int64), 5, 17, 10, text)
    elif width:
        numbers = np.arange(entities, dtype=np.int64) + bases.spaces[kind.value]
        write_digits(numbers, width, 0, 16 if kind is Kind.CARD else 10, text)
    return text.ravel()


#: By day since 1880: its date as eight digits.
CIVIL = np.array(
    [
        int(str(day).replace("-", ""))
        for day in np.arange("1880-01-01", "2059-06-07", dtype="M8[D]")
    ],
    np.int64,
)


@kernel
def write_digits(numbers: Column, width: int, first: int, base: int, text: Column) -> None:
    """Write numbers i8[n] with so many digits from a place on: text u1[n, ...], written."""
    for row in range(numbers.size):
        left = numbers[row]
        for place in range(first + width - 1, first - 1, -1):
            digit = left % base
            text[row, place] = digit + (48 if digit < 10 else 55)
            left //= base


def join(parts: Sequence[Part]) -> Run:
    """Parts of one kind, in the order of their towns, as one run."""
    kind = parts[0].kind
    laid = layout(kind)
    before = np.cumsum([0, *(len(one.fixed["code"]) for one in parts)])
    counts = [np.diff(one.starts) for one in parts]
    handles = [np.flatnonzero(count) + one.first for one, count in zip(parts, counts, strict=True)]
    starts = [
        one.starts[:-1][count > 0] + base
        for one, count, base in zip(parts, counts, before, strict=False)
    ]
    texts, own = _texts(parts)
    dense = {}
    for name, form in laid.dense.items():
        columns = [one.dense[name] for one in parts]
        if form.texts and form.dtype == "u4":
            pool = len(parts[0].pool)
            columns = [
                np.where((column >= pool) & (column != form.null), column + shift, column)
                for column, shift in zip(columns, own, strict=True)
            ]
        dense[name] = np.concatenate(columns).astype(form.dtype, copy=False)
    entities = np.concatenate(handles).astype("u4")
    return Run(
        layout=laid,
        code=np.concatenate([one.fixed["code"] for one in parts]),
        effective_on=np.concatenate([one.fixed["effective_on"] for one in parts]),
        position=np.concatenate([one.fixed["position"] for one in parts]),
        dense=dense,
        sparse={
            name: _join_sides([one.sparse[name] for one in parts], before) for name in laid.sparse
        },
        cold={name: np.concatenate([one.cold[name] for one in parts]) for name in COLD},
        texts=texts,
        entities=entities,
        starts=np.append(np.concatenate(starts), before[-1]).astype("u4"),
        first_version=np.ones(len(entities), "u4"),
    )


def _texts(parts: Sequence[Part]) -> tuple[Texts, list[int]]:
    """The texts of parts, and by how much the handles of each part's own ones rise."""
    pool = Texts.of(parts[0].pool)
    width = OWN.get(parts[0].kind, 0)
    lengths = [len(one.own) // width if width else 0 for one in parts]
    ends = pool.offsets[-1] + width * np.arange(1, sum(lengths) + 1)
    offsets = np.concatenate([pool.offsets, ends]).astype("u4")
    data = np.concatenate([pool.data, *(one.own for one in parts)])
    return Texts(offsets, data), np.cumsum([0, *lengths[:-1]]).tolist()


def _join_sides(found: Sequence[Side], before: NDArray[np.int64]) -> Side:
    rows = np.concatenate([one.rows + base for one, base in zip(found, before, strict=False)])
    parts = {name: np.concatenate([one.parts[name] for one in found]) for name in found[0].parts}
    if found[0].offsets is None:
        return Side(rows.astype("u4"), None, parts)
    offsets, total = [np.zeros(1, np.int64)], 0
    for one in found:
        assert one.offsets is not None
        offsets.append(one.offsets[1:].astype(np.int64) + total)
        total += int(one.offsets[-1])
    return Side(rows.astype("u4"), np.concatenate(offsets).astype("u4"), parts)
