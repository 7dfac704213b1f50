"""Single fields of persons at a point: the value of the standing row latest in (day, version).

For fields that are groups of their own, such as the lesser items of the permanent-resident form
(常住人口登记表), and for those that every event of a group writes.
"""

from __future__ import annotations

import numpy as np

from replay.columns.forms import Column, Form
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.history import At
from replay.states.standing import plain, point

#: No value.
ABSENT = -(2**31)


def latest(block: Block, at: At, name: str, fallen: Column) -> Column:
    """The value of a field of each entity of a block, i4[entities], ABSENT where there is none.

    Codes are places in their table, texts and identifiers handles, whose highest bit is unused.
    fallen u1[rows], as `fallen_marks` tells.
    """
    out = np.full(block.size, ABSENT, "i4")
    where, values = _told(block, name)
    day, known = point(block, at)
    choose(
        plain(block.starts),
        plain(block.effective_on),
        plain(block.position),
        fallen,
        plain(where),
        plain(values),
        day,
        known,
        out,
    )
    return out


def _told(block: Block, name: str) -> tuple[Column, Column]:
    """The rows that tell a field, rising, and what each says; a null of a dense column too."""
    rows, values = np.empty(0, "u4"), np.empty(0, "i4")
    if (side := block.sparse.get(name)) is not None:
        form = block.layout.sparse[name]
        assert isinstance(form, Form), f"{name} holds lists"
        rows, values = side.rows, _signed(side.parts["value"], form)
    if (column := block.dense.get(name)) is not None and len(column):
        form = block.layout.dense[name]
        more = np.flatnonzero(block.layout.declares(name)[block.code]).astype("u4")
        rows = np.concatenate([rows, more])
        values = np.concatenate([values, _signed(column, form)])
        order = np.argsort(rows, kind="stable")
        rows, values = rows[order], values[order]
    return rows, values


def _signed(column: Column, form: Form) -> Column:
    found = np.asarray(column).astype("i4")
    found[np.asarray(column) == form.null] = ABSENT
    return found


@kernel
def choose(
    starts: Column,
    day: Column,
    position: Column,
    fallen: Column,
    rows: Column,
    values: Column,
    last: int,
    known: int,
    out: Column,
) -> None:
    """Write for each entity the value of the last row in (day, version) that tells it.

    starts u4[entities + 1]; day u2[n]; position u4[n]; fallen u1[n]; rows u4[m], rising, values
    i4[m]; out i4[entities]: written where a row stands.
    """
    entity, newest = 0, -1
    for place in range(rows.size):
        row = integer(rows[place])
        if row >= starts[entity + 1]:
            newest = -1
            while row >= starts[entity + 1]:
                entity += 1
        when = integer(day[row])
        if position[row] <= known and when <= last and not fallen[row] and when >= newest:
            newest = when
            out[entity] = values[place]
