"""What is compared of every person: names and sounds by 64-bit hashes, the rest whole.

A hash is of the folded characters (`registry.checks.matching.folded`), or of how they sound; 0 is
no name. Who is compared with somebody is fetched from anywhere in memory, so that what is compared
of one person lies together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from registry.checks.matching import folded, variants
from registry.codec import REDACTED
from registry.vocabulary import Kind
from replay.checks.sounds import POINTS, syllables
from replay.columns.forms import NONE, Column
from replay.columns.runs import Block, Texts
from replay.jit import integer, kernel
from replay.states.details import ABSENT, latest
from replay.states.history import At
from replay.states.persons import LIVING, PERSON, PersonStates, person_states
from replay.states.standing import fallen_marks, plain
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log

#: Code points that are looked up; above them a character stands for itself.
_POINTS = POINTS
#: What a character that goes away is folded to.
_DROPPED = 0


#: A person by handle; of whom nothing is compared, for not living, the name is 0. The names u8 are
#: hashes; number: packed; born: year, month and day in 14, 4 and 5 bits, 0 for none; household: a
#: handle; sex: 255 for none. A record takes as much as is fetched from memory at once.
TRAITS = np.dtype(
    {
        "names": [
            *("name", "sound", "former", "father", "mother"),
            *("number", "born", "household", "sex"),
        ],
        "formats": [*("u8", "u8", "u8", "u8", "u8"), *("i8", "i4", "u4", "u1")],
        "itemsize": 64,
    }
)


def traits_at(log: Log, at: At) -> Column:
    """What is compared of every person at a point, TRAITS[persons]."""
    size = log.count(Kind.PERSON)
    found, names = np.zeros(size, TRAITS), np.zeros(size, "u8")
    parents = {name: np.full(size, ABSENT, "i4") for name in ("father", "mother")}

    def one(block: Block) -> None:
        _see(block, at, found, names, parents)

    over_partitions(log, Kind.PERSON, one)
    settle_names(plain(names), plain(parents["father"]), plain(parents["mother"]), found)
    return found


def _see(block: Block, at: At, found: Column, names: Column, parents: dict[str, Column]) -> None:
    fallen = fallen_marks(block, at.known)
    room = PersonStates(
        block.first, scratch("persons", block.size, PERSON), scratch("names", block.size, "u4")
    )
    states = person_states(block, at, room)
    table, mine = states.table, found[block.first : block.first + block.size]
    texts, sounds = hashes(block)
    handles = np.minimum(states.names, len(texts) - 1)
    named = states.names != NONE
    own = np.where(named, texts[handles], 0)
    living = table["life"] == LIVING
    mine["name"] = np.where(living, own, 0)
    mine["sound"] = np.where(living & named, sounds[handles], 0)
    names[block.first : block.first + block.size] = own

    def of(name: str) -> Column:
        told = latest(block, at, name, fallen)
        return np.where(told == ABSENT, np.uint64(0), texts[np.maximum(told, 0)])

    mine["former"] = of("former_name")
    for name, held in parents.items():
        mine[name] = of(f"{name}_name")
        held[block.first : block.first + block.size] = latest(block, at, name, fallen)
    mine["born"] = civil(table["birth"])
    mine["number"] = np.maximum(table["number"], 0)
    mine["household"] = table["household"]
    mine["sex"] = table["sex"]


def civil(days: Column) -> Column:
    """Days since 1880 as year, month and day in one integer, i4; 0 where there is none."""
    known = days != ABSENT
    dates = (np.where(known, days, 0).astype("i8") + _UNIX).astype("M8[D]")
    months = dates.astype("M8[M]").astype("i8")
    day = (dates - dates.astype("M8[M]").astype("M8[D]")).astype("i8") + 1
    told = ((months // 12 + 1970) << 9) | ((months % 12 + 1) << 5) | day
    return np.where(known, told, 0).astype("i4")


#: 1880-01-01 in days since 1970.
_UNIX = -32872


def hashes(block: Block) -> tuple[Column, Column]:
    """Of each text of a block the hash of its folded characters and that of its sound, u8."""
    names, sounds = _hashed(block.texts)
    redacted = names == _redacted()
    names[redacted] = sounds[redacted] = 0
    return names, sounds


def hashed(texts: Sequence[str]) -> tuple[Column, Column]:
    """The same of some texts; 0 for an empty one."""
    return _hashed(Texts.of(texts))


def _hashed(texts: Texts) -> tuple[Column, Column]:
    known = len(texts)
    names, sounds = np.zeros(max(1, known), "u8"), np.zeros(max(1, known), "u8")
    ends, data = plain(texts.offsets), plain(texts.data)
    hash_texts(ends, data, folds(), syllables(), names[:known], sounds[:known])
    return names, sounds


@cache
def _redacted() -> np.uint64:
    (name,), _ = hashed([REDACTED])
    return np.uint64(name)


@cache
def folds() -> Column:
    """By code point the one that it is folded to, u4; _DROPPED where it goes away.

    Where one character becomes several, they stand for it as one number beyond all characters.
    Ideographs and syllables of Korean are folded by the table of variants alone.
    """
    found = np.arange(_POINTS, dtype="u4")
    several: dict[str, int] = {}
    ideographs = (range(0x3400, 0xA000), range(0xAC00, 0xE000), range(0x20000, 0x2F800))
    alike = {point for block in ideographs for point in block} - variants().keys()
    for point in range(_POINTS):
        if point not in alike:
            told = folded(chr(point))
            if len(told) == 1:
                found[point] = ord(told)
            elif told:
                found[point] = several.setdefault(told, 0x200000 + len(several))
            else:
                found[point] = _DROPPED
    return plain(found)


@kernel
def hash_texts(
    offsets: Column, data: Column, folds: Column, syllables: Column, names: Column, sounds: Column
) -> None:
    """Hash texts by their folded characters, and by their syllables.

    offsets u4[n + 1], data u1, UTF-8; folds, syllables u4 by code point; names, sounds u8[n],
    written; 0 for a text that is folded to nothing.
    """
    for text in range(names.size):
        name = other_name = sound = other_sound = integer(0)
        place, end = integer(offsets[text]), integer(offsets[text + 1])
        while place < end:
            byte = integer(data[place])
            if byte < 0x80:
                point, more = byte, 0
            elif byte < 0xE0:
                point, more = byte & 0x1F, 1
            elif byte < 0xF0:
                point, more = byte & 0x0F, 2
            else:
                point, more = byte & 0x07, 3
            for following in range(place + 1, min(place + 1 + more, end)):
                point = point << 6 | integer(data[following]) & 0x3F
            place += more + 1
            if 0xE0100 <= point < 0xE01F0:
                continue  # chooses a glyph, and is no character
            told = integer(folds[point]) if point < folds.size else point
            if told == 0:
                continue
            spoken = integer(syllables[told]) if told < syllables.size else told
            name, other_name = mixed(name, told, 0), mixed(other_name, told, 1)
            sound, other_sound = mixed(sound, spoken, 0), mixed(other_sound, spoken, 1)
        names[text] = name << 31 | other_name
        sounds[text] = sound << 31 | other_sound


@kernel
def mixed(before: int, more: int, which: int) -> int:
    """Carry one of two polynomial hashes on by a number; below 2**31, so that nothing overflows."""
    if which == 0:
        return (before * 1_000_003 + more + 1) % 2_147_483_647
    return (before * 998_244_353 + more + 1) % 2_147_483_629


@kernel
def settle_names(names: Column, father: Column, mother: Column, table: Column) -> None:
    """Take the parents' names from the parents where the register has them, else as they were told.

    names u8, of everybody, dead or alive; father, mother i4, handles, ABSENT for none; table
    TRAITS[persons], written: whoever is not compared has no name of any kind.
    """
    for person in range(table.size):
        one = table[person]
        if one["name"] == 0:
            one["sound"] = one["former"] = one["father"] = one["mother"] = 0
            continue
        if father[person] != ABSENT and names[father[person]] != 0:
            one["father"] = names[father[person]]
        if mother[person] != ABSENT and names[mother[person]] != 0:
            one["mother"] = names[mother[person]]
