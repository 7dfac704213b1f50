"""Kernels that read canonical JSON in bulk: where values stand, which are alike, what they say.

They know the grammar and the order of keys and nothing of any event; whatever is not exactly as the
codec writes it is reported and never guessed. Offsets are into one buffer of bytes, `data` u1[...].
A token is a value as it stands there, quotes included.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replay.jit import integer, kernel

Bytes = NDArray[np.uint8]
Offsets = NDArray[np.uint32]

#: The slot of a key whose value nobody wants.
UNWANTED = -1

_QUOTE, _BACKSLASH, _COMMA, _COLON = 34, 92, 44, 58
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 123, 125, 91, 93
_NEWLINE = 10
_DIGEST = 66  # a digest of a part with its quotes


class Keys(NamedTuple):
    """Keys of objects in their canonical order.

    first, end u4: where `"name":` lies in `text`; slot i4: which list a value goes to, or UNWANTED;
    needed u1: whether it is never left out; width u1: size of the token where it is fixed, else 0;
    absent_first, absent_end u4: the token in `text` that the canonical form would leave out.
    """

    text: Bytes
    first: Offsets
    end: Offsets
    slot: NDArray[np.int32]
    needed: Bytes
    width: Bytes
    absent_first: Offsets
    absent_end: Offsets


class Words(NamedTuple):
    """By event code: its keys and its parts; by part: its name and its keys.

    code_first, code_end: keys of the state half; parts_first, parts_end: its parts; name_first,
    name_end: `"name":` in the text of the keys; keys_first, keys_end: keys of a part. All u4.
    """

    code_first: Offsets
    code_end: Offsets
    parts_first: Offsets
    parts_end: Offsets
    name_first: Offsets
    name_end: Offsets
    keys_first: Offsets
    keys_end: Offsets


class Found(NamedTuple):
    """Tokens by slot: those of slot s lie from base[s] on, cursor[s] of them.

    first, end u4: where the token stands in `data`; row u4: the row that it is of.
    """

    base: NDArray[np.int64]
    cursor: NDArray[np.int64]
    first: Offsets
    end: Offsets
    row: Offsets


class Halved(NamedTuple):
    """Where the two halves of each row stand in `data`, u4 each; rows in the order wanted."""

    state_first: Offsets
    state_end: Offsets
    private_first: Offsets
    private_end: Offsets


@kernel
def after(data: Bytes, at: int, end: int, width: int) -> int:
    """Where a value ends that begins at a place; 0 where there is none."""
    if at >= end:
        return 0
    byte = data[at]
    if byte == _QUOTE:
        if width and at + width <= end and data[at + width - 1] == _QUOTE:
            return at + width
        at += 1
        while at < end:
            byte = data[at]
            if byte == _QUOTE:
                return at + 1
            at += 2 if byte == _BACKSLASH else 1
        return 0
    if byte in (_OPEN, _OPEN_LIST):
        depth = 0
        while at < end:
            byte = data[at]
            if byte == _QUOTE:
                at += 1
                while at < end and data[at] != _QUOTE:
                    at += 2 if data[at] == _BACKSLASH else 1
            elif byte in (_OPEN, _OPEN_LIST):
                depth += 1
            elif byte in (_CLOSE, _CLOSE_LIST):
                depth -= 1
                if depth == 0:
                    return at + 1
            at += 1
        return 0
    first = at
    while at < end and data[at] != _COMMA and data[at] != _CLOSE and data[at] != _CLOSE_LIST:
        if data[at] <= 32 or data[at] == _QUOTE or data[at] == _COLON:
            return 0
        at += 1
    return at if at > first else 0


@kernel
def same(data: Bytes, at: int, end: int, text: Bytes, first: int, last: int) -> bool:
    """Whether a piece of a text stands at a place."""
    size, place = integer(last) - integer(first), 0
    if at + size > end:
        return False
    while place < size and data[at + place] == text[first + place]:
        place += 1
    return place == size


@kernel
def read_object(
    data: Bytes, at: int, end: int, keys: Keys, key: int, last: int, row: int, found: Found
) -> int:
    """Read an object with keys `key` to `last`, note its values, return where it ends, or 0."""
    if at >= end or data[at] != _OPEN:
        return 0
    at += 1
    more = not (at < end and data[at] == _CLOSE)
    while more:
        while key < last and not same(data, at, end, keys.text, keys.first[key], keys.end[key]):
            if keys.needed[key]:
                return 0
            key += 1
        if key == last:
            return 0
        at += integer(keys.end[key]) - integer(keys.first[key])
        stop = after(data, at, end, keys.width[key])
        if stop == 0 or stop >= end:
            return 0
        slot = keys.slot[key]
        if slot != UNWANTED:
            size = integer(keys.absent_end[key]) - integer(keys.absent_first[key])
            if stop - at == size and same(
                data, at, end, keys.text, keys.absent_first[key], keys.absent_end[key]
            ):
                return 0
            place = found.base[slot] + found.cursor[slot]
            found.first[place] = at
            found.end[place] = stop
            found.row[place] = row
            found.cursor[slot] += 1
        key += 1
        at = stop
        more = data[at] == _COMMA
        if more:
            at += 1
        elif data[at] != _CLOSE:
            return 0
    while key < last:
        if keys.needed[key]:
            return 0
        key += 1
    return at + 1


@kernel
def read_digests(
    data: Bytes, at: int, end: int, keys: Keys, words: Words, part: int, last: int
) -> int:
    """The parts that digests are stated of, as bits; -1 where it cannot be read."""
    if at >= end or data[at] != _OPEN:
        return -1
    at += 1
    bits, first = 0, part
    while True:
        while part < last and not same(
            data, at, end, keys.text, words.name_first[part], words.name_end[part]
        ):
            part += 1
        if part == last:
            return -1
        at += integer(words.name_end[part]) - integer(words.name_first[part])
        at = after(data, at, end, _DIGEST)
        if at == 0 or at >= end:
            return -1
        bits |= 1 << (part - first)
        part += 1
        if data[at] == _CLOSE:
            return bits
        if data[at] != _COMMA:
            return -1
        at += 1


@kernel
def read_parts(
    data: Bytes,
    at: int,
    end: int,
    keys: Keys,
    words: Words,
    part: int,
    last: int,
    row: int,
    found: Found,
) -> int:
    """Note the values of a private half; the parts there are, as bits; -1 if it is unusual."""
    if at == end:
        return 0
    if data[at] != _OPEN:
        return -1
    at += 1
    bits, first = 0, part
    while True:
        while part < last and not same(
            data, at, end, keys.text, words.name_first[part], words.name_end[part]
        ):
            part += 1
        if part == last:
            return -1
        at += integer(words.name_end[part]) - integer(words.name_first[part])
        at = read_object(
            data, at, end, keys, words.keys_first[part], words.keys_end[part], row, found
        )
        if at == 0 or at >= end:
            return -1
        bits |= 1 << (part - first)
        part += 1
        if data[at] == _CLOSE:
            break
        if data[at] != _COMMA:
            return -1
        at += 1
    return bits if at + 2 == end and data[at + 1] == _NEWLINE else -1


@kernel
def locate(
    data: Bytes,
    rows: Halved,
    code: NDArray[np.uint16],
    parts_slot: int,
    keys: Keys,
    words: Words,
    found: Found,
    unusual: Bytes,
) -> int:
    """Find every value of every row; return how many rows are not as the codec writes them.

    code u2[rows]; parts_slot: the slot of the stated digests; unusual u1[rows], written: 1 for such
    rows, whose values are noted in part only.
    """
    count = 0
    for row in range(code.size):
        word, end = code[row], integer(rows.state_end[row])
        before = found.cursor[parts_slot]
        at = read_object(
            data,
            integer(rows.state_first[row]),
            end,
            keys,
            words.code_first[word],
            words.code_end[word],
            row,
            found,
        )
        wrong = at == 0 or at + 1 != end or data[at] != _NEWLINE
        if not wrong:
            stated = 0
            first, last = integer(words.parts_first[word]), integer(words.parts_end[word])
            if found.cursor[parts_slot] != before:
                place = found.base[parts_slot] + before
                stated = read_digests(
                    data,
                    integer(found.first[place]),
                    integer(found.end[place]),
                    keys,
                    words,
                    first,
                    last,
                )
            there = read_parts(
                data,
                integer(rows.private_first[row]),
                integer(rows.private_end[row]),
                keys,
                words,
                first,
                last,
                row,
                found,
            )
            wrong = stated < 0 or there != stated
        unusual[row] = wrong
        count += wrong
    return count


@kernel
def elements(
    data: Bytes,
    first: Offsets,
    end: Offsets,
    keys: Keys,
    noted: bool,
    offsets: Offsets,
    found: Found,
) -> int:
    """Read lists: of plain values, or of objects with all the keys; -1 where one is unusual.

    first, end: the tokens of the lists; noted: False only counts; offsets u4[lists + 1], written:
    where the elements of each begin; found: elements, a slot each for the keys, slot 0 for plain
    values. Returns the number of elements.
    """
    count, size = 0, keys.slot.size
    for row in range(first.size):
        offsets[row] = count
        at, last = integer(first[row]), integer(end[row])
        if data[at] != _OPEN_LIST:
            return -1
        at += 1
        more = data[at] != _CLOSE_LIST
        while more:
            stop = after(data, at, last, 0)
            if stop == 0 or stop >= last:
                return -1
            if noted:
                if size:
                    if read_object(data, at, last, keys, 0, size, count, found) != stop:
                        return -1
                else:
                    place = found.base[0] + found.cursor[0]
                    found.first[place] = at
                    found.end[place] = stop
                    found.row[place] = count
                    found.cursor[0] += 1
            count += 1
            at = stop
            more = data[at] == _COMMA
            if more:
                at += 1
        if data[at] != _CLOSE_LIST or at + 1 != last:
            return -1
    offsets[first.size] = count
    return count
