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
Words = NDArray[np.uint64]

#: The slots of a key whose value nobody wants, and of the digests of private parts.
UNWANTED, DIGESTS = -1, -2

_QUOTE, _BACKSLASH, _COMMA, _SPACE = 34, 92, 44, 32
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 123, 125, 91, 93
_NEWLINE = 10
_DIGEST = 66  # a digest of a part with its quotes
_MINUS, _ZERO, _NINE = 45, 48, 57
_BYTE, _FOUR, _FIVE = np.uint64(2**8 - 1), np.uint64(2**32 - 1), np.uint64(2**40 - 1)
_NULL, _TRUE, _FALSE = (
    np.uint64(int.from_bytes(word, "little")) for word in (b"null", b"true", b"false")
)


class Keys(NamedTuple):
    """Keys of objects in their canonical order.

    text, mask u8: names and tokens, eight bytes in each, and which of their bytes count; first,
    last u4: where `"name":` lies there, size u1: its bytes; slot i4: which list a value goes to, or
    UNWANTED; needed u1: whether it is never left out; width u1: size of the token where it is
    fixed, else 0; absent_first, absent_last u4, absent_size u1: the token that the canonical form
    would leave out.
    """

    text: Words
    mask: Words
    first: Offsets
    last: Offsets
    size: Bytes
    slot: NDArray[np.int32]
    needed: Bytes
    width: Bytes
    absent_first: Offsets
    absent_last: Offsets
    absent_size: Bytes


class Shapes(NamedTuple):
    """By event code: its keys and its parts; by part: its name and its keys.

    code_first, code_end: keys of the state half; parts_first, parts_end: its parts; name_first,
    name_last, name_size: `"name":` in the text of the keys; keys_first, keys_end: keys of a part.
    All u4.
    """

    code_first: Offsets
    code_end: Offsets
    parts_first: Offsets
    parts_end: Offsets
    name_first: Offsets
    name_last: Offsets
    name_size: Offsets
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
def eight(words: Words, at: int) -> np.uint64:
    """The eight bytes from a place on; words: the buffer again, eight bytes in each."""
    place, shift = at >> 3, np.uint64((at & 7) << 3)
    low, high = words[place] >> shift, words[place + 1] << np.uint64(1) << np.uint64(63) - shift
    return np.uint64(low | high)


@kernel
def plain(words: Words, at: int, size: int, null: bool) -> bool:
    """Whether a token is null, true or false, or an integer as the codec writes it.

    words: the buffer again, eight bytes in each; null: only null will do.
    """
    lead = eight(words, at)
    if size == 4 and lead & _FOUR == _NULL:
        return True
    if null:
        return False
    if (size == 4 and lead & _FOUR == _TRUE) or (size == 5 and lead & _FIVE == _FALSE):
        return True
    first = integer(lead & _BYTE)
    if first == _MINUS:
        at, size = at + 1, size - 1
        first = integer(eight(words, at) & _BYTE)
        if first == _ZERO:
            return False
    if size < 1 or (first == _ZERO and size > 1):
        return False
    for place in range(at, at + size):
        digit = integer(eight(words, place) & _BYTE)
        if digit < _ZERO or digit > _NINE:
            return False
    return True


@kernel
def locate(
    data: Bytes,
    words: Words,
    rows: Halved,
    code: NDArray[np.uint16],
    bare: bool,
    keys: Keys,
    shapes: Shapes,
    found: Found,
    unusual: Bytes,
) -> int:
    """Find every value of every row; return how many rows are not as the codec writes them.

    code u2[rows]; bare: rows are objects and no halves; unusual u1[rows], written: 1 for such rows,
    whose values are noted in part only.

    One loop takes all objects, the state half first and then the private parts, since a function
    that is called counts references to all its arrays. What follows a row may be looked at too; no
    name goes on there, since a row ends with a newline and no name has one.
    """
    text, mask, key_first, key_last = keys.text, keys.mask, keys.first, keys.last
    key_size, key_slot, needed, width = keys.size, keys.slot, keys.needed, keys.width
    absent_first, absent_last, absent_size = keys.absent_first, keys.absent_last, keys.absent_size
    name_first, name_last, name_size = shapes.name_first, shapes.name_last, shapes.name_size
    base, cursor = found.base, found.cursor
    into_first, into_end, into_row = found.first, found.end, found.row
    count = 0
    for row in range(code.size):
        word = code[row]
        at, end = integer(rows.state_first[row]), integer(rows.state_end[row])
        key, last = integer(shapes.code_first[word]), integer(shapes.code_end[word])
        part, parts_end = integer(shapes.parts_first[word]), integer(shapes.parts_end[word])
        first_part = part
        inside = False  # whether this is a part of the private half
        stated = there = 0
        digests = -1  # where the stated digests stand
        wrong = False
        while True:
            # An object: its keys in order, of which some may be left out.
            wrong = at >= end or data[at] != _OPEN
            at += 1
            more = not wrong and data[at] != _CLOSE
            while more:
                lead = eight(words, at)
                while key < last:
                    step, stop = integer(key_first[key]), integer(key_last[key])
                    if (lead ^ text[step]) & mask[step] == 0:
                        place = at + 8
                        step += 1
                        while step < stop and (eight(words, place) ^ text[step]) & mask[step] == 0:
                            place += 8
                            step += 1
                        if step == stop:
                            break
                    if needed[key]:
                        key = last
                    key += 1
                if key >= last:
                    wrong = True
                    break
                at += integer(key_size[key])
                stop, byte, wide = at, data[at], integer(width[key])
                if byte == _QUOTE and wide and data[at + wide - 1] == _QUOTE:
                    stop = at + wide
                elif byte == _QUOTE:
                    stop += 1
                    while stop < end and data[stop] != _QUOTE:
                        stop += 2 if data[stop] == _BACKSLASH else 1
                    stop += 1
                elif byte in (_OPEN, _OPEN_LIST):
                    depth = 0
                    while stop < end:
                        byte = data[stop]
                        stop += 1
                        if byte == _QUOTE:
                            while stop < end and data[stop] != _QUOTE:
                                stop += 2 if data[stop] == _BACKSLASH else 1
                            stop += 1
                        elif byte in (_OPEN, _OPEN_LIST):
                            depth += 1
                        elif byte in (_CLOSE, _CLOSE_LIST):
                            depth -= 1
                            if depth == 0:
                                break
                else:
                    while data[stop] > _SPACE and data[stop] not in (_COMMA, _CLOSE):
                        stop += 1
                    # What has a fixed width is never plain, but may be null.
                    wrong = not plain(words, at, stop - at, wide != 0)
                if wrong or stop >= end:
                    wrong = True
                    break
                slot = key_slot[key]
                if slot == DIGESTS:
                    digests = at
                elif slot != UNWANTED:
                    if stop - at == integer(absent_size[key]):
                        place, step = at, integer(absent_first[key])
                        upto = integer(absent_last[key])
                        while step < upto and (eight(words, place) ^ text[step]) & mask[step] == 0:
                            place += 8
                            step += 1
                        if step == upto:
                            wrong = True
                            break
                    place = base[slot] + cursor[slot]
                    into_first[place] = at
                    into_end[place] = stop
                    into_row[place] = row
                    cursor[slot] += 1
                key += 1
                at = stop
                more = data[at] == _COMMA
                if more:
                    at += 1
                elif data[at] != _CLOSE:
                    wrong = True
            while not wrong and key < last:
                wrong = needed[key] != 0
                key += 1
            at += 1
            if wrong or bare:
                wrong = wrong or at != end
                break
            if not inside:
                if at + 1 != end or data[at] != _NEWLINE:
                    wrong = True
                    break
                if digests >= 0:
                    # {"subject":"…","declarant":"…"}: which parts there are.
                    at = digests + 1
                    for number in range(part, parts_end):
                        place, step = at, integer(name_first[number])
                        upto = integer(name_last[number])
                        while step < upto and (eight(words, place) ^ text[step]) & mask[step] == 0:
                            place += 8
                            step += 1
                        if step == upto:
                            stated |= 1 << (number - first_part)
                            at += integer(name_size[number]) + _DIGEST + 1
                            if data[at - 1] != _COMMA:
                                break
                    wrong = data[at - 1] != _CLOSE
                    if wrong:
                        break
                at, end = integer(rows.private_first[row]), integer(rows.private_end[row])
                inside = True
                if at == end:
                    break
                wrong = data[at] != _OPEN
            elif data[at] == _CLOSE:
                wrong = at + 2 != end or data[at + 1] != _NEWLINE
                break
            else:
                wrong = data[at] != _COMMA
            at += 1
            # The next part there is.
            named = False
            while not wrong and part < parts_end and not named:
                place, step = at, integer(name_first[part])
                upto = integer(name_last[part])
                while step < upto and (eight(words, place) ^ text[step]) & mask[step] == 0:
                    place += 8
                    step += 1
                named = step == upto
                if not named:
                    part += 1
            if not named:
                wrong = True
                break
            there |= 1 << (part - first_part)
            at += integer(name_size[part])
            key, last = integer(shapes.keys_first[part]), integer(shapes.keys_end[part])
            part += 1
        wrong = wrong or there != stated
        unusual[row] = wrong
        count += wrong
    return count


@kernel
def elements(
    data: Bytes, first: Offsets, end: Offsets, offsets: Offsets, into: Offsets, until: Offsets
) -> int:
    """Find the elements of lists, plain values or objects; -1 - n where list n is unusual.

    first, end: the tokens of the lists; offsets u4[lists + 1], written: where the elements of each
    begin; into, until u4[elements], written: where each element begins and ends, or empty, to
    count only. Returns the number of elements.
    """
    count = 0
    for row in range(first.size):
        offsets[row] = count
        at, last = integer(first[row]), integer(end[row])
        if data[at] != _OPEN_LIST or data[last - 1] != _CLOSE_LIST:
            return -1 - row
        at += 1
        begin, depth = at, 0
        while at < last:
            byte = data[at]
            if byte == _QUOTE:
                at += 1
                while at < last and data[at] != _QUOTE:
                    at += 2 if data[at] == _BACKSLASH else 1
            elif byte in (_OPEN, _OPEN_LIST):
                depth += 1
            elif (byte == _COMMA and depth == 0) or (byte == _CLOSE_LIST and at == last - 1):
                if at > begin:
                    if into.size:
                        into[count] = begin
                        until[count] = at
                    count += 1
                begin = at + 1
            elif byte in (_CLOSE, _CLOSE_LIST):
                depth -= 1
            at += 1
        if begin != last:  # a text that does not end
            return -1 - row
    offsets[first.size] = count
    return count
