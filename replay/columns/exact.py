"""The stored bytes of entries, kept beside their columns so that they come back one and all.

A canonical half follows from the event; what does not follow is kept: the salts of private parts,
and the instant at which another node recorded an entry. Where a half is not what the codec would
write today (an old event type, a redacted part) it is kept as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from registry.codec import Codec
from registry.entry import Entry
from registry.store import StoredEntry
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Heap, Spaces
from replay.columns.runs import Block, Keep, Run, Side, entries, runs

#: Sides of stored bytes and what they hold: salts in two halves, one of each for every part.
SALT, ORIGIN_AT, CODE, STATE, PRIVATE = "salt", "origin_at", "code", "state", "private"
#: Sides of rows that are kept as they are.
RAW = {CODE: "u2", STATE: "u4", PRIVATE: "u4"}
WITHOUT = "this log, or its newest entries, were laid out without their stored bytes"


def stored_runs(
    rows: Iterable[StoredEntry], spaces: Spaces, codec: Codec | None = None
) -> dict[Kind, Run]:
    """Lay out stored entries one by one, with what brings their bytes back."""
    codec = codec or Codec()
    known = {row.position: row for row in rows}
    return runs(map(codec.entry, known.values()), spaces, keep(known, codec))


def keep(known: Mapping[int, StoredEntry], codec: Codec) -> Keep:
    """Tells what brings the bytes of entries back; known: by position."""

    def sides(found: Sequence[Entry], heap: Heap) -> dict[str, Side]:
        salted: dict[int, list[bytes]] = {}
        origins: dict[int, int] = {}
        raw: dict[int, StoredEntry] = {}
        for row, entry in enumerate(found):
            stored = known[entry.position]
            if stored.origin_at != stored.recorded_at:
                origins[row] = stored.origin_at
            assert stored.code is not None
            salts = exact_salts(codec, entry.event, stored.code, stored.state, stored.private)
            if salts is None:
                raw[row] = stored
            elif salts:
                salted[row] = salts
        kept = {name: [getattr(one, name) for one in raw.values()] for name in RAW}
        for name in (STATE, PRIVATE):
            kept[name] = [heap.handle(half.decode()) for half in kept[name]]
        return {
            SALT: salt_side(salted),
            ORIGIN_AT: plain_side(origins.keys(), list(origins.values()), "i8"),
            **{name: plain_side(raw.keys(), kept[name], dtype) for name, dtype in RAW.items()},
        }

    return sides


def exact_salts(
    codec: Codec, event: Any, code: int, state: bytes, private: bytes
) -> list[bytes] | None:
    """The salts with which an event is written as these bytes; none if it cannot be."""
    if VOCABULARY[type(event)].code != code:
        return None
    told = json.loads(private) if private else {}
    if any(part is None for part in told.values()):
        return None
    salts = [bytes.fromhex(part["salt"]) for part in told.values()]
    left = iter(salts)
    halves = codec.halves(event, lambda: next(left, bytes(16)))
    return salts if halves == (state, private) else None


def salt_side(salted: Mapping[int, Sequence[bytes]]) -> Side:
    """Salts by row."""
    flat = [salt for salts in salted.values() for salt in salts]
    halves = np.frombuffer(b"".join(flat), ">u8").reshape(-1, 2).astype("u8")
    ends = np.cumsum([0, *map(len, salted.values())], dtype="u4")
    parts = {"high": halves[:, 0].copy(), "low": halves[:, 1].copy()}
    return Side(np.array([*salted], "u4"), ends, parts)


def plain_side(rows: Iterable[int], values: Sequence[int], dtype: str) -> Side:
    """A value each for some rows."""
    return Side(np.array([*rows], "u4"), None, {"value": np.array(values, dtype)})


def stored_rows(rows: Run | Block, spaces: Spaces, codec: Codec | None = None) -> list[StoredEntry]:
    """The stored entries again, byte for byte, by entity and version."""
    codec = codec or Codec()
    if not len(rows):
        return []
    assert SALT in rows.stored, WITHOUT
    salted, told = _salts(rows.stored[SALT]), {}
    for name in (ORIGIN_AT, *RAW):
        side = rows.stored[name]
        told[name] = dict(zip(side.rows.tolist(), side.parts["value"].tolist(), strict=True))
    found = []
    for row, entry in enumerate(entries(rows, spaces)):
        stored = codec.stored(entry, _salter(salted.get(row, []), raw=row in told[CODE]))
        changes: dict[str, Any] = {"origin_at": told[ORIGIN_AT].get(row, entry.recorded_at)}
        if row in told[CODE]:
            changes[CODE] = told[CODE][row]
            for name in (STATE, PRIVATE):
                (text,) = rows.texts.take([told[name][row]])
                changes[name] = text.encode()
        found.append(replace(stored, **changes))
    return found


def _salter(salts: Sequence[bytes], raw: bool) -> Callable[[], bytes]:
    """Gives the salts of a row; of one that is kept as it is only the envelope is written anew."""
    left = iter(salts)

    def salt() -> bytes:
        one = next(left, None)
        assert one is not None or raw, WITHOUT
        return one or bytes(16)

    return salt


def _salts(side: Side) -> dict[int, list[bytes]]:
    assert side.offsets is not None
    halves = np.stack([side.parts["high"], side.parts["low"]], axis=1).astype(">u8").tobytes()
    flat: Iterator[bytes] = (halves[at : at + 16] for at in range(0, len(halves), 16))
    counts = np.diff(side.offsets.astype("i8")).tolist()
    return {
        row: [next(flat) for _ in range(count)]
        for row, count in zip(side.rows.tolist(), counts, strict=True)
    }
