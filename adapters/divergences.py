"""Rows that are stored beside rows that follow from the log: which differ, in what, since when.

Of some streams' rows digests are compared; where those differ the rows are, and the position from
which a row should have been another names the first entry that was not followed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from blake3 import blake3

from registry.codec import encode_value
from registry.projections import Projection
from registry.projections.base import Steps, Values

#: Divergences that are listed of one range; a table that was lost has millions.
LISTED = 20
#: Bytes of an identifier.
IDENTIFIER = 16

_pack = msgspec.msgpack.Encoder(enc_hook=encode_value).encode


@dataclass(frozen=True)
class Divergence:
    """A row that does not follow from the log.

    stream: whose row it is, the bytes that stand there; none where it is something else. position:
    the first entry after which table and log part, 0 where the row says none. columns: in which
    they do; empty where a row is missing or should not be there.
    """

    model: str
    stream: bytes
    position: int
    what: str  # missing, surplus, doubled or different
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words, without any value."""
        stream = words_of(self.stream, "stream")
        where = f"{self.model}: {stream}, since position {self.position}"
        return f"{where}: row is {self.what} {', '.join(self.columns)}".rstrip()


@dataclass(frozen=True)
class Piece:
    """A range of streams of one read model, compared.

    last: the last stream of the range, END if there is none after it. position: where the read
    model stood. stored, expected: digests of the rows in order.
    """

    model: str
    last: bytes
    position: int
    streams: int
    rows: int
    stored: bytes
    expected: bytes
    divergences: tuple[Divergence, ...]

    @property
    def equal(self) -> bool:
        """Whether every row follows from the log."""
        return self.stored == self.expected and not self.divergences

    @property
    def faults(self) -> list[str]:
        """What is wrong, in words without any value; something wherever it is not equal."""
        found = [str(one) for one in self.divergences]
        return found or ([] if self.equal else [f"{self.model}: several rows stand for one"])


def piece(
    model: Projection,
    last: bytes,
    position: int,
    streams: int,
    stored: Sequence[Values],
    expected: Sequence[Values],
) -> Piece:
    """Compare the rows of a range: by digest first, then one by one."""
    digests = [digest(rows) for rows in (stored, expected)]
    parted: tuple[Divergence, ...] = ()
    if digests[0] != digests[1]:
        parted = tuple(
            sorted(divergences(model, stored, expected, position), key=lambda one: one.position)
        )
    return Piece(
        model.name,
        last,
        position,
        streams,
        len(stored),
        digests[0],
        digests[1],
        parted[:LISTED],
    )


def digest(rows: Collection[Values]) -> bytes:
    """BLAKE3 of rows in the order of their bytes."""
    found = blake3()
    for row in sorted(map(_pack, rows)):
        found.update(row)
    return found.digest()


def divergences(
    model: Projection, stored: Sequence[Values], expected: Sequence[Values], reached: int
) -> Iterator[Divergence]:
    """Every row that is missing, should not be there, is there twice, or says something else.

    reached: the position at which the read model stands.
    """
    columns = model.columns
    key = [columns.index(name) for name in (*model.ident, *since(model))]
    mine = by_key(stored, key)
    theirs = by_key(expected, key)
    place = columns.index(owner(model))
    for twice, times in Counter(stored).items():  # where a key is broken
        if times > 1:
            stream = name_of(twice[place])
            yield Divergence(model.name, stream, begun(columns, twice), "doubled")
    for ident in mine.keys() | theirs.keys():
        here, there = mine.get(ident), theirs.get(ident)
        if here == there:
            continue
        row = here if here is not None else there
        assert row is not None
        stream = name_of(row[place])
        if here is None or there is None:
            what = "surplus" if there is None else "missing"
            yield Divergence(model.name, stream, begun(columns, row), what)
            continue
        apart = tuple(name for name, a, b in zip(columns, here, there, strict=True) if a != b)
        position = begun(columns, row)
        if apart == ("known_until",):  # both were right until the first of them was closed
            until = columns.index("known_until")
            ends = [one for one in (here[until], there[until]) if isinstance(one, int)]
            position = min(ends) if min(ends) <= reached else position  # later nothing is known
        yield Divergence(model.name, stream, position, "different", apart)


def since(model: Projection) -> tuple[str, ...]:
    """What names a row beside its ident, where rows are closed and written again."""
    return ("known_from",) if "known_from" in model.columns else ()


def begun(columns: Sequence[str], row: Values) -> int:
    """The position from which a row says something; 0 where no number stands there."""
    name = "known_from" if "known_from" in columns else "position"
    found = row[columns.index(name)]
    return found if isinstance(found, int) else 0


def name_of(stream: Any) -> bytes:
    """The bytes in the place of a stream; none where SQLite let something else stand there."""
    return stream if isinstance(stream, bytes) else b""


def words_of(name: bytes, what: str) -> str:
    """What stands in the place of an identifier, which need not be one, in words."""
    return f"{what} {UUID(bytes=name)}" if len(name) == IDENTIFIER else f"no identifier of a {what}"


def by_key(rows: Iterable[Values], key: Sequence[int]) -> Mapping[Values, Values]:
    """Rows by what names them."""
    return {tuple(row[place] for place in key): row for row in rows}


def owner(model: Projection) -> str:
    """The column that names the stream of a row."""
    return model.stream if isinstance(model, Steps) else model.columns[0]
