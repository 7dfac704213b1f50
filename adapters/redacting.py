"""What a redaction takes out of read models: the rows of a stream are folded anew and replaced.

The store blanks the part in the transaction that records the redaction. Read models show it until
the follower has come to that entry; then the rows that told of the part are gone, on the known
clock too, in the transaction that moves the position.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, Table, delete

from adapters.divergences import owner
from adapters.positions import Standing
from registry.codec import Codec
from registry.events.redaction import PART_REDACTED
from registry.projections.base import Steps
from registry.store import Stored

if TYPE_CHECKING:
    from adapters.projector import Projector

CODEC = Codec()
#: Positions named in one statement.
NAMED = 500


def redacted(batch: Iterable[Stored]) -> set[bytes]:
    """The streams, by their bytes, of which entries of a batch blank something."""
    return {event_of(one).entry_of.bytes for one in batch if one.code == PART_REDACTED}


def event_of(stored: Stored) -> Any:
    """The redaction that an entry is."""
    assert stored.code == PART_REDACTED, stored.position
    return CODEC.event(PART_REDACTED, stored.state, stored.private)


def fold_anew(
    connection: Connection,
    projector: Projector,
    standings: Collection[Standing],
    streams: Collection[bytes],
    position: int,
) -> None:
    """Replace the rows of streams in read models by those that follow from the store now.

    position: where the read models stand. In the transaction at hand.
    """
    held = projector.store.rows_of(streams)
    batch = [one for told in held.values() for one in told if one.position <= position]
    folding = projector.folding([one.name for one in standings], 1)
    changes = folding.fold(batch, whole=True)
    for one in standings:
        copy = projector.copy(one.name, one.copy)
        table = copy.projection.physical(one.copy, MetaData())
        if isinstance(copy.projection, Steps):
            gone(connection, table, "position", [each.position for each in batch])
        else:
            gone(connection, table, owner(copy.projection), [*streams])
        copy.write(connection, changes[one.name])


def gone(connection: Connection, table: Table, column: str, values: Sequence[Any]) -> None:
    """Delete the rows in which a column has one of some values."""
    for first in range(0, len(values), NAMED):
        connection.execute(delete(table).where(table.c[column].in_(values[first : first + NAMED])))
