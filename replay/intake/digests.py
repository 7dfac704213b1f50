"""Stored halves in bulk: are they lines of text, and are private parts the ones that were recorded.

A kernel finds parts and digests; whatever does not look as the codec writes it is told, and looked
at by whoever reads entries one by one.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pyarrow as pa

from replay.columns.forms import Column
from replay.intake.lots import binary
from replay.jit import integer, kernel

_QUOTE, _BACKSLASH, _COLON, _COMMA, _NEWLINE, _SPACE = 34, 92, 58, 44, 10, 32
_OPEN, _CLOSE = 123, 125
_HEX = 64
#: `"parts":`, which stands before the digests.
_PARTS = np.frombuffer(b'"parts":', "u1")


def doubtful(batch: pa.RecordBatch) -> Column:
    """The rows of a batch, rising, whose halves are no lines of text, or whose parts are others.

    batch: stored rows, with the columns `state` and `private`.
    """
    (state_ends, state), (private_ends, private) = (
        binary(batch.column(name)) for name in ("state", "private")
    )
    # Of every part more than a digest's digits stand in the state half.
    room = int(state_ends[-1] - state_ends[0]) // _HEX
    first, end, row = np.empty(room, "i8"), np.empty(room, "i8"), np.empty(room, "i8")
    stated, odd = np.empty((room, 32), "u1"), np.zeros(batch.num_rows, "u1")
    count = parts(state, state_ends, private, private_ends, first, end, row, stated, odd)
    data = memoryview(private.data)
    spans = map(slice, first[:count].tolist(), end[:count].tolist())
    made = b"".join([sha256(data[span]).digest() for span in spans])
    wrong = np.frombuffer(made, "u1").reshape(-1, 32) != stated[:count]
    odd[row[:count][wrong.any(axis=1)]] = 1
    for name, ends, held in (("state", state_ends, state), ("private", private_ends, private)):
        odd[_no_lines(batch.column(name), ends, held)] = 1
    return np.flatnonzero(odd)


def _no_lines(column: pa.Array, ends: Column, data: Column) -> Column:
    """The rows whose bytes are not one line of UTF-8, with its end and no other control character.

    ends i8[rows + 1]: where they begin and end in data u1. Empty ones are lines here.
    """
    there = np.flatnonzero(np.diff(ends))
    without = there[data[ends[there + 1] - 1] != _NEWLINE]
    low = np.flatnonzero(data[ends[0] : ends[-1]] < _SPACE) + ends[0]
    row = np.searchsorted(ends, low, "right") - 1
    wrong = [without, row[low != ends[row + 1] - 1]]
    try:
        column.cast(pa.large_string() if pa.types.is_large_binary(column.type) else pa.string())
    except pa.ArrowInvalid:
        held = enumerate(column.to_pylist())
        wrong.append(np.array([row for row, half in held if not _is_text(half)], "i8"))
    return np.concatenate(wrong)


def _is_text(half: bytes) -> bool:
    try:
        half.decode()
    except UnicodeDecodeError:
        return False
    return True


@kernel
def parts(
    state: Column,
    state_ends: Column,
    private: Column,
    private_ends: Column,
    first: Column,
    end: Column,
    row: Column,
    stated: Column,
    odd: Column,
) -> int:
    """Find the parts of private halves and the digests stated of them; returns how many.

    state, private u1[...]; state_ends, private_ends i8[rows + 1]: where halves begin and end.
    Written: first, end i8[parts]: where the body of a part stands in `private`, row i8[parts]: its
    row, stated u1[parts, 32]: its digest; odd u1[rows]: 1 where a row is not as it is written.

    The state half ends with `"parts":{"one":"64 digits","other":"64 digits"}}` and a newline, or
    there are no parts; the private half is `{"one":{...},"other":{...}}` and a newline, or empty.
    """
    count = 0
    for one in range(odd.size):
        at, last = private_ends[one], private_ends[one + 1]
        before, low = state_ends[one + 1], state_ends[one]
        begun = count
        wrong = before - low < 3 or state[before - 1] != _NEWLINE or state[before - 2] != _CLOSE
        if at < last:
            wrong = wrong or last - at < 4
            wrong = wrong or private[last - 1] != _NEWLINE or private[at] != _OPEN
            # The parts from the first on, and where the digests of so many would have to begin.
            size = 0
            at += 1
            while not wrong:
                name = at
                wrong = private[at] != _QUOTE
                at += 1
                while at < last and private[at] != _QUOTE:
                    at += 1
                wrong = wrong or at + 2 >= last or private[at + 1] != _COLON
                wrong = wrong or private[at + 2] != _OPEN or count == first.size
                if wrong:
                    break
                size += at + 2 - name + _HEX + 3
                first[count] = at + 2
                depth = 0
                at += 2
                while at < last:
                    byte = private[at]
                    at += 1
                    if byte == _QUOTE:
                        while at < last and private[at] != _QUOTE:
                            at += 2 if private[at] == _BACKSLASH else 1
                        at += 1
                    elif byte == _OPEN:
                        depth += 1
                    elif byte == _CLOSE:
                        depth -= 1
                        if depth == 0:
                            break
                end[count], row[count] = at, one
                count += 1
                if at >= last or private[at] == _CLOSE:
                    wrong = at + 2 != last
                    break
                wrong = private[at] != _COMMA
                at += 1
            # Then the same parts in the state half: `{"one":"...","other":"..."}}`.
            place = before - 3 - size
            wrong = wrong or place - _PARTS.size < low
            if not wrong:
                for step in range(_PARTS.size):
                    wrong = wrong or state[place - _PARTS.size + step] != _PARTS[step]
                wrong = wrong or state[place] != _OPEN
                place += 1
            for part in range(begun, count):
                if wrong:
                    break
                # The name as it stands before the body, `"one":`.
                name = first[part] - 2
                while private[name - 1] != _QUOTE:
                    name -= 1
                name -= 1
                for step in range(name, first[part]):
                    wrong = wrong or state[place] != private[step]
                    place += 1
                wrong = wrong or state[place] != _QUOTE or state[place + _HEX + 1] != _QUOTE
                place += 1
                for step in range(_HEX):
                    digit = integer(state[place])
                    place += 1
                    value = digit - 48 if digit < 58 else digit - 87
                    wrong = wrong or value < 0 or value > 15 or (digit > 57 and digit < 97)
                    if step & 1:
                        stated[part, step >> 1] |= value
                    else:
                        stated[part, step >> 1] = value << 4
                place += 1
                ending = _CLOSE if part == count - 1 else _COMMA
                wrong = wrong or state[place] != ending
                place += 1
            wrong = wrong or place != before - 2
        else:
            # No private half, so no digest: they stand last, and nothing else ends like them.
            wrong = wrong or (before - low > 4 and state[before - 3] == _CLOSE)
        if wrong:
            odd[one] = 1
            count = begun
    return count
