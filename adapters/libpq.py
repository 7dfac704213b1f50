"""Prepared statements on PostgreSQL through libpq itself.

A cursor of psycopg can wait for several things at once, be interrupted and adapt any type; for a
look-up by key that costs four times as much as the look-up. Here a call blocks, and there are the
few types that this register's tables have.
"""

from __future__ import annotations

import select
import struct
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer


@dataclass(frozen=True)
class Kind:
    """A type of parameter: its number in PostgreSQL's catalogue, and its binary form."""

    oid: int
    pack: Callable[[Any], bytes]


#: Of a list: dimensions, has nulls, type, length, first index; then come its values.
_head = struct.Struct(">iiiii").pack
_size = struct.Struct(">i").pack
_NULL = _size(-1)


def _listed(
    kind: Kind, joined: Callable[[Sequence[Any]], bytes]
) -> Callable[[Collection[Any]], bytes]:
    """What packs a list; joined: packs the values of one without nulls, each after its size."""
    pack = kind.pack

    def sized(value: Any) -> bytes:
        if value is None:
            return _NULL
        told = pack(value)
        return _size(len(told)) + told

    def packed(some: Collection[Any]) -> bytes:
        values = [*some]
        if not values:
            return struct.pack(">iii", 0, 0, kind.oid)
        size, first = len(values), values[0]
        nulls = None in values
        if values.count(first) == size:  # such as who has sent it: half of the columns of a batch
            body = sized(first) * size
        elif nulls:
            body = b"".join(map(sized, values))
        else:
            body = joined(values)
        return _head(1, int(nulls), kind.oid, size, 1) + body

    return packed


def _joined(values: Sequence[bytes]) -> bytes:
    parts = [b""] * (2 * len(values))
    parts[::2] = map(_size, map(len, values))
    parts[1::2] = values
    return b"".join(parts)


def _joined_texts(values: Sequence[str]) -> bytes:
    return _joined([*map(str.encode, values)])


def _joined_ints(values: Sequence[int]) -> bytes:
    parts = [8] * (2 * len(values))
    parts[1::2] = values
    return struct.pack(f">{len(values) * 'iq'}", *parts)


BYTES = Kind(17, lambda value: value)
INT = Kind(20, struct.Struct(">q").pack)
TEXT = Kind(25, str.encode)
BYTES_LIST = Kind(1001, _listed(BYTES, _joined))
INT_LIST = Kind(1016, _listed(INT, _joined_ints))
TEXT_LIST = Kind(1009, _listed(TEXT, _joined_texts))


#: A statement, the kinds of its places and their values.
Asked = tuple[str, Sequence[Kind], Sequence[Any]]


def packed_of(kinds: Sequence[Kind], values: Sequence[Any]) -> list[bytes | None]:
    """Values in their binary form."""
    return [
        None if value is None else kind.pack(value)
        for kind, value in zip(kinds, values, strict=True)
    ]


class Lane:
    """The prepared statements of one connection; used by one thread at a time.

    It begins no transactions by itself: outside of one, a statement is one.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._adapt = Transformer(connection)
        self._names: dict[str, bytes] = {}
        self._poll = select.poll()
        self._poll.register(connection.pgconn.socket, select.POLLIN)
        self._poll_both = select.poll()
        self._poll_both.register(connection.pgconn.socket, select.POLLIN | select.POLLOUT)
        # A plan made over a small table would go on reading all of it when it has grown: plans
        # that read all are ruled out.
        self.run(b"set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off")

    def rows(self, text: str, kinds: Sequence[Kind], values: Sequence[Any]) -> list[Any]:
        """Execute a statement, whose places are $1, $2 …, and give its rows."""
        told = self.connection.pgconn
        name = self._names.get(text) or self._prepare(text, kinds)
        packed = packed_of(kinds, values)
        formats = [pq.Format.BINARY] * len(packed)
        result = told.exec_prepared(name, packed, formats, pq.Format.BINARY)  # type: ignore[arg-type]  # None is null
        return self._rows_of(result)

    def trip(self, *asked: Asked) -> list[list[Any]]:
        """Execute several statements in one trip, one after the other, and give the rows of each.

        After one that fails none is executed.
        """
        self.send(*asked)
        return self.receive(len(asked))

    def send(self, *asked: Asked) -> None:
        """Send several statements for one trip, whose rows `receive` must be asked for."""
        told = self.connection.pgconn
        ready = [
            (self._names.get(text) or self._prepare(text, kinds), packed_of(kinds, values))
            for text, kinds, values in asked
        ]
        told.enter_pipeline_mode()
        try:
            for name, packed in ready:
                formats = [pq.Format.BINARY] * len(packed)
                told.send_query_prepared(name, packed, formats, pq.Format.BINARY)
            told.pipeline_sync()
            while told.flush():  # more than goes out at once; and what has come in makes room
                self._poll_both.poll()
                told.consume_input()
        except BaseException:
            told.finish()  # it is in the middle of a trip that nobody will receive
            raise

    def receive(self, statements: int) -> list[list[Any]]:
        """Wait for the end of a trip and give the rows of each of its statements."""
        told = self.connection.pgconn
        try:
            results = []
            for _ in range(statements):
                results.append(self._result())
                if told.status != pq.ConnStatus.OK:
                    break
                assert self._result() is None, "each statement has one result"
            else:
                self._result()  # of the end of the pipeline
        except BaseException:
            told.finish()  # as above
            raise
        if told.status == pq.ConnStatus.OK:
            told.exit_pipeline_mode()
        rows = [self._rows_of(result) for result in results]
        if len(rows) < statements:
            raise psycopg.OperationalError("the connection was lost")
        return rows

    def _result(self) -> Any:
        told = self.connection.pgconn
        while told.is_busy():
            self._poll.poll()
            told.consume_input()
        return told.get_result()

    def _rows_of(self, result: Any) -> list[Any]:
        if result is None:
            raise psycopg.OperationalError("the connection was lost")
        if result.status != pq.ExecStatus.TUPLES_OK:
            self._check(result)
            return []
        self._adapt.set_pgresult(result)
        return self._adapt.load_rows(0, result.ntuples, tuple)

    def _prepare(self, text: str, kinds: Sequence[Kind]) -> bytes:
        name = self._names[text] = b"lane_%d" % len(self._names)
        oids = [kind.oid for kind in kinds]
        try:
            self._check(self.connection.pgconn.prepare(name, text.encode(), oids))
        except psycopg.Error:
            del self._names[text]
            raise
        return name

    def run(self, text: bytes) -> None:
        """Execute several statements without parameters in one trip."""
        self._check(self.connection.pgconn.exec_(text))

    @staticmethod
    def _check(result: Any) -> None:
        if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            if not result.error_field(pq.DiagnosticField.SQLSTATE):
                raise psycopg.OperationalError(result.get_error_message())
            raise errors.error_from_result(result)
