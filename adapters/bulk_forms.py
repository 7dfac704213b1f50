"""Events written a column at a time: the fields of many rows as texts, put together by Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from datetime import date
from functools import cache
from hashlib import sha1, sha256
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.bulk_encoding import Lines, Salts
from registry.values import EPOCH
from registry.vocabulary import VOCABULARY, EventType

Texts = Any  # an Arrow array of strings, null where there is nothing
Keys = NDArray[np.uint8]  # u1[n, 16], the bytes of UUIDs
Days = NDArray[np.int64]  # proleptic ordinals; 0: none


class Form:
    """How one event type is written, by its declaration."""

    def __init__(self, word: EventType) -> None:
        self.code = word.code
        self.public = [one for one in word.fields if one.part is None]
        self.parts = {part: [one for one in word.fields if one.part == part] for part in word.parts}
        self.needed = {one.name for one in word.fields if one.default is MISSING}
        self.names = {one.name for one in word.fields}

    def halves(
        self, told: Mapping[str, Texts | str], count: int, salts: Salts
    ) -> tuple[Texts, Texts]:
        """The stored halves of many events.

        told: the JSON of each field, one for all rows or a column, null where it is left out;
        a field that is not told has its default everywhere.
        """
        assert self.needed <= told.keys() <= self.names, self.needed ^ told.keys()
        fields = {one.name: told[one.name] for one in self.public if one.name in told}
        salted: dict[str, Texts] = {}
        for part, members in self.parts.items():
            inside = {one.name: told[one.name] for one in members if one.name in told}
            if inside:
                salted[part] = self.salted(inside, members, count, salts)
        if salted:
            digests = {part: digest(column) for part, column in salted.items()}
            fields["parts"] = braced(digests, self.needed_part, "}")
        state = braced(fields, "effective_on", "}\n")
        private = braced(salted, self.needed_part, "}\n") if salted else None
        return state, private

    def salted(
        self, inside: Mapping[str, Texts | str], members: Sequence[Any], count: int, salts: Salts
    ) -> Texts:
        """One part of the private half, its salt first; null where nothing is told."""
        body = braced({"salt": quoted(salts.many(count)), **inside}, "salt", "}")
        if any(one.name in self.needed for one in members):
            return body
        present = [pc.is_valid(column) for column in inside.values()]
        some = present[0]
        for one in present[1:]:
            some = pc.or_(some, one)
        return pc.if_else(some, body, pa.scalar(None, pa.string()))

    @property
    def needed_part(self) -> str:
        """A part that every event has."""
        return next(
            part
            for part, members in self.parts.items()
            if any(one.name in self.needed for one in members)
        )


@cache
def form(shape: Any) -> Form:
    """How to write an event type."""
    return Form(VOCABULARY[shape])


def braced(fields: Mapping[str, Texts | str], pivot: str, end: str) -> Texts:
    """A JSON object a row: what is null is left out, the pivot never is."""
    pieces: list[Texts | str] = ["{"]
    seen = False
    for name, value in fields.items():
        before, after = ("", ",") if not seen else (",", "")
        if name == pivot:
            seen, after = True, ""
        head = f'{before}"{name}":'
        if isinstance(value, str):
            pieces.append(f"{head}{value}{after}")
        elif value.null_count:
            piece = pc.binary_join_element_wise(head, value, after, "")
            pieces.append(pc.fill_null(piece, ""))
        else:
            pieces += [head, value, after]
    return together([*pieces, end])


def together(pieces: Sequence[Texts | str]) -> Texts:
    """Texts one after another, row by row."""
    merged: list[Texts | str] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return pc.binary_join_element_wise(*merged, "")


def quoted(texts: Texts) -> Texts:
    """Texts that need no escape, in quotation marks."""
    return pc.binary_join_element_wise('"', texts, '"', "")


def digest(salted: Texts) -> Texts:
    """The SHA-256 of each text, in quotation marks."""
    told = [
        None if one is None else f'"{sha256(one).hexdigest()}"'
        for one in salted.cast(pa.binary()).to_pylist()
    ]
    return pa.array(told, pa.string())


def raw(texts: Texts) -> list[bytes]:
    """Texts as bytes; making strings of them takes three times as long."""
    told: list[bytes] = texts.cast(pa.large_binary()).to_pylist()
    return told


def keys_of(head: bytes, names: Sequence[bytes]) -> Keys:
    """The UUIDs, version 5, of names after a namespace's bytes and a prefix."""
    hashed = b"".join([sha1(head + name).digest() for name in names])
    keys = np.frombuffer(hashed, np.uint8).reshape(-1, 20)[:, :16].copy()
    keys[:, 6] = keys[:, 6] & 0x0F | 0x50
    keys[:, 8] = keys[:, 8] & 0x3F | 0x80
    return keys


def uuid_texts(keys: Keys) -> Texts:
    """UUIDs as they are written, in quotation marks."""
    text = np.full((len(keys), 38), ord("-"), np.uint8)
    text[:, 0] = text[:, 37] = ord('"')
    text[:, HIGH], text[:, HIGH + 1] = HEX[keys >> 4], HEX[keys & 15]
    return fixed(text)


HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
#: Where the first digit of each byte stands.
HIGH = np.array([1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35])


def fixed(text: NDArray[np.uint8]) -> Texts:
    """Rows of characters of one width as strings."""
    count, width = text.shape
    ends = np.arange(0, width * count + 1, width, dtype=np.int32)
    body = np.ascontiguousarray(text)
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(body))


def binaries(keys: Keys) -> Any:
    """Keys as the store has them."""
    ends = np.arange(0, 16 * len(keys) + 1, 16, dtype=np.int32)
    body = np.ascontiguousarray(keys)
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(keys), [None, pa.py_buffer(ends), pa.py_buffer(body)]
    )


def text(value: str) -> str:
    """A text as JSON."""
    return orjson.dumps(value).decode()


def day_texts(days: Days) -> Texts:
    """Days as JSON, null where there is none."""
    some, rows = np.unique(days, return_inverse=True)
    told = [f'"{date.fromordinal(day).isoformat()}"' if day else None for day in some.tolist()]
    return pa.array(told, pa.string()).take(pa.array(rows))


def written(
    shape: Any, keys: Keys, told: Mapping[str, Texts | str], days: Days, salts: Salts
) -> Lines:
    """The lines of events of one type, each the first of its stream."""
    count = len(keys)
    how = form(shape)
    state, private = how.halves(told, count, salts)
    return Lines(
        binaries(keys),
        pa.array(np.ones(count, np.int32)),
        pa.array((days - EPOCH.toordinal()).astype(np.int32)),
        pa.array(np.full(count, how.code, np.int32)),
        state.cast(pa.binary()),
        pa.array([b""] * count, pa.binary()) if private is None else private.cast(pa.binary()),
    )
