"""A file of columns: raw, aligned, memory-mapped, every mebibyte of a column under a hash.

In this order: header, columns, directory, leaves, trailer. Header: magic, format u4, leaf size u4,
zeros to 64 bytes. Columns lie one after the other as little-endian numbers, each padded with zeros
to 64 bytes. The directory is canonical JSON: what the file is about, and of each column its name,
dtype, offset and how many elements it has; spaces pad it to 32 bytes. Leaves: the BLAKE3 hash of
each mebibyte of each column. Trailer: sizes of directory and leaves and of the file, u8, the root,
magic. The root is the BLAKE3 hash over header, directory and leaves.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from blake3 import blake3

from replay.columns.faults import Damaged, Flaw, Foreign
from replay.columns.forms import Column
from replay.columns.pieces import sealed

MAGIC = b"\x89REGCOL\n"
FORMAT = 1
ALIGNMENT = 64
LEAF_BYTES = 1 << 20
HASH_BYTES = 32
#: From so many bytes on it is worth the while to bring a leaf into the cache before it is hashed.
LONG = 1 << 15
_HEADER = struct.Struct("<8sII48x")
_TRAILER = struct.Struct("<QQQ32s8s")
HEADER = _HEADER.pack(MAGIC, FORMAT, LEAF_BYTES)
#: What a column may consist of.
DTYPES = frozenset({"u1", "u2", "u4", "u8", "i4", "i8"})


class Place(NamedTuple):
    """Where a column lies in its file."""

    name: str
    dtype: str
    offset: int
    length: int

    @property
    def size(self) -> int:
        """Its bytes, without the zeros behind it."""
        return self.length * int(self.dtype[1:])


class Written(NamedTuple):
    """A file as a manifest names it."""

    root: str
    size: int


class _Directory(msgspec.Struct):
    about: dict[str, Any]
    columns: list[Place]


def aligned(offset: int) -> int:
    """The first place at or after an offset where a column may begin."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def write(path: Path, about: Mapping[str, Any], columns: Mapping[str, Column]) -> Written:
    """Write a new file of columns, in their order; it is the caller's to sync.

    Columns without elements are left out.
    """
    places, offset = [], len(HEADER)
    for name, column in columns.items():
        if len(column) == 0:
            continue
        dtype = column.dtype.kind + str(column.dtype.itemsize)
        assert dtype in DTYPES, f"{name} is of {column.dtype}"
        places.append(Place(name, dtype, offset, len(column)))
        offset = aligned(offset + column.nbytes)
    with FileIO(path, "xb") as file:
        put(file, HEADER)
        leaves = []
        for place in places:
            raw = np.ascontiguousarray(columns[place.name], "<" + place.dtype).view("u1").data
            for begin in range(0, len(raw), LEAF_BYTES):
                leaf = raw[begin : begin + LEAF_BYTES]
                leaves.append(blake3(leaf).digest())
                put(file, leaf)
            put(file, bytes(aligned(len(raw)) - len(raw)))
        directory = msgspec.json.encode(_Directory(dict(about), places))
        directory += b" " * (-len(directory) % HASH_BYTES)
        told = b"".join(leaves)
        root = blake3(HEADER + directory + told).digest()
        size = offset + len(directory) + len(told) + _TRAILER.size
        put(file, directory + told)
        put(file, _TRAILER.pack(len(directory), len(told), size, root, MAGIC))
    return Written(root.hex(), size)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put(file: FileIO, data: bytes | memoryview) -> None:
    """Write all of some bytes."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


class ColumnFile:
    """An opened file of columns; what it says of itself holds, what they hold tells `flaws`.

    data: the whole file. guarded: a column is hashed before it is read for the first time. Raises
    Foreign if it is no such file, Damaged if it is not whole.
    """

    def __init__(self, name: str, data: memoryview, guarded: bool = False) -> None:
        self.name, self._data, self.guarded = name, data, guarded
        self._sound: set[str] = set()
        directory = self._open()
        self.about = directory.about
        self.places = {place.name: place for place in directory.columns}
        self._leaves = self._leaves_of(directory)

    def _open(self) -> _Directory:
        data, size = self._data, len(self._data)
        if bytes(data[: len(MAGIC)]) != MAGIC:
            raise Foreign(f"{self.name} is no file of sealed columns")
        if size < len(HEADER) + _TRAILER.size:
            raise self._damaged("it is cut off")
        _, edition, leaf = _HEADER.unpack(data[: len(HEADER)])
        if bytes(data[: len(HEADER)]) != HEADER:
            raise Foreign(
                f"{self.name} has format {edition} with leaves of {leaf} bytes; this program reads "
                f"format {FORMAT} with leaves of {LEAF_BYTES}"
            )
        told, leaves, stated, root, magic = _TRAILER.unpack(data[size - _TRAILER.size :])
        if magic != MAGIC or stated != size:
            raise self._damaged(f"its end is not that of a file of {size} bytes: it is cut off")
        if told + leaves > size - len(HEADER) - _TRAILER.size:
            raise self._damaged("its trailer states sizes that it does not have")
        begin = size - _TRAILER.size - leaves - told
        self._end = begin
        self._hashes = data[begin + told : size - _TRAILER.size]
        body = bytes(data[begin : begin + told])
        if blake3(HEADER + body + bytes(self._hashes)).digest() != root:
            raise self._damaged("its directory and leaves do not belong to its root")
        self.root = bytes(root).hex()
        try:
            return msgspec.json.decode(body, type=_Directory)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Foreign(f"{self.name} has a directory of another kind: {error}") from error

    def _leaves_of(self, directory: _Directory) -> dict[str, int]:
        """The first leaf of each column; the places of columns are what their sizes say."""
        offset, leaf, found = len(HEADER), 0, {}
        for place in directory.columns:
            if place.offset != offset or place.dtype not in DTYPES or place.length < 0:
                raise self._damaged(f"column {place.name} is not where its directory says")
            found[place.name] = leaf
            leaf += -(-place.size // LEAF_BYTES)
            offset = aligned(offset + place.size)
        if offset != self._end or leaf * HASH_BYTES != len(self._hashes):
            raise self._damaged("its columns do not fill it")
        return found

    def _damaged(self, what: str) -> Damaged:
        return Damaged([Flaw(self.name, what)])

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return len(self._data)

    def column(self, name: str, dtype: str) -> Column:
        """A column on the file's own memory, empty if the file has none of this name.

        Raises Damaged if it is guarded and not as it was written.
        """
        place = self.places.get(name)
        if place is None:
            return sealed(np.empty(0, dtype))
        if self.guarded and name not in self._sound:
            if flaws := [*self.flaws([name])]:
                raise Damaged(flaws)
            self._sound.add(name)
        if place.dtype != dtype:
            raise Foreign(
                f"{self.name}: column {name} holds {place.dtype}, this program reads {dtype} there"
            )
        return np.frombuffer(self._data, "<" + dtype, place.length, place.offset)

    def flaws(self, names: Collection[str] | None = None) -> Iterator[Flaw]:
        """Hash columns, all unless some are named; yields what is not as it was written."""
        for place in self.places.values():
            if names is not None and place.name not in names:
                continue
            end = place.offset + place.size
            leaves = self._leaves[place.name]
            found = hashed(self._data[place.offset : end])
            told = bytes(self._hashes[leaves * HASH_BYTES :][: len(found)])
            if found != told:
                for number, begin in enumerate(range(0, len(found), HASH_BYTES)):
                    if found[begin : begin + HASH_BYTES] != told[begin : begin + HASH_BYTES]:
                        yield Flaw(self.name, "its hash is another", place.name, number)
            if bytes(self._data[end : aligned(end)]).strip(b"\0"):
                yield Flaw(self.name, "the zeros behind it are none", place.name)


def hashed(data: memoryview) -> bytes:
    """The leaves of a column, one after the other.

    The hash reads sixteen places of a leaf at a time, which no processor foresees: a long
    leaf is brought into the cache first, by adding it up, at a seventh of the cost of hashing it.
    """
    digests = []
    for begin in range(0, len(data), LEAF_BYTES):
        leaf = data[begin : begin + LEAF_BYTES]
        if len(leaf) >= LONG:
            np.add.reduce(np.frombuffer(leaf, "u8", len(leaf) // 8))
        digests.append(blake3(leaf).digest())
    return b"".join(digests)


def check(name: str, data: memoryview, root: str | None = None) -> list[Flaw]:
    """Everything that is wrong with a file of columns, which should have a root."""
    try:
        columns = ColumnFile(name, data)
    except Damaged as damaged:
        return list(damaged.flaws)
    except Foreign as foreign:
        return [Flaw(name, str(foreign))]
    found = list(columns.flaws())
    if root is not None and columns.root != root:
        found.insert(0, Flaw(name, f"its root is {columns.root}, not {root}"))
    return found
