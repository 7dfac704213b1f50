"""Whether a run hangs together, so that a loop over it never leaves its columns.

Hashes tell that a file is as it was written; this tells that whoever wrote it wrote a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from registry.vocabulary import VOCABULARY
from replay.columns.forms import NONE, Column, Form
from replay.columns.layout import CODES, COLD, COLD_TEXTS
from replay.columns.merging import STORED_TEXTS
from replay.columns.narrow import Widened
from replay.columns.pieces import Cuts
from replay.columns.runs import Run, Side


def unsound(run: Run, cuts: Cuts, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Columns of a run that do not fit the others, each with what is wrong.

    counts: how many identifiers each space has.
    """
    yield from lengths(run)
    rows, texts = len(run), len(run.texts)
    if (np.diff(run.entities.astype("i8")) <= 0).any():
        yield "entities", "its handles do not rise"
    if not _named(run.entities, counts.get(run.layout.kind.value, 0)):
        yield "entities", "it names what there is not"
    if not _rises(run.texts.offsets, len(run.texts.data)):
        yield "texts.offsets", "it does not lead from the first byte to the last"
    if not _rises(run.starts, rows):
        yield "starts", "it does not lead from the first row to the last"
        return
    codes = [word.code for word in VOCABULARY.values() if word.kind is run.layout.kind]
    if not np.isin(np.flatnonzero(np.bincount(run.code, minlength=CODES)), codes).all():
        yield "code", "it has a code that is not of this kind of stream"
        return
    for name, form in run.layout.dense.items():
        column = run.dense[name]
        if len(column) != np.count_nonzero(run.layout.declares(name)[run.code]):
            yield f"dense.{name}", "it has not an element for each row that declares it"
        elif not _known(column, form, texts, counts):
            yield f"dense.{name}", "it names what there is not"
    for name, held in run.sparse.items():
        sparse = run.layout.sparse[name]
        parts = {"value": sparse} if isinstance(sparse, Form) else sparse.parts
        yield from _side(f"sparse.{name}", held, rows)
        for part, form in parts.items():
            if not _known(held.parts[part], form, texts, counts):
                yield f"sparse.{name}.part.{part}", "it names what there is not"
    for name, held in run.stored.items():
        yield from _side(f"stored.{name}", held, rows)
        if name in STORED_TEXTS and not _named(held.parts["value"], texts):
            yield f"stored.{name}.part.value", "it names a text that there is not"
    for name in COLD_TEXTS:
        if not _named(run.cold[name], texts):
            yield f"cold.{name}", "it names a text that there is not"
    yield from _cuts(run, cuts)


def lengths(run: Run) -> Iterator[tuple[str, str]]:
    """Columns that are not as long as they must be, without reading any."""
    rows, entities = len(run.code), len(run.entities)
    known: dict[str, tuple[Column, int]] = {
        "effective_on": (run.effective_on, rows),
        "position": (run.position, rows),
        "starts": (run.starts, entities + 1),
        "first_version": (run.first_version, entities),
    }
    if not isinstance(run.cold, Widened):  # which was looked at where it was opened
        known |= {f"cold.{name}": (run.cold[name], rows) for name in COLD}
    for name, (column, length) in known.items():
        if len(column) != length:
            yield name, f"it has {len(column)} elements, not {length}"
    if len(run.starts) and int(run.starts[-1]) != rows:
        yield "starts", "it does not lead to the last row"


def _side(name: str, side: Side, rows: int) -> Iterator[tuple[str, str]]:
    if len(side.rows) and (
        int(side.rows[-1]) >= rows or (np.diff(side.rows.astype("i8")) <= 0).any()
    ):
        yield f"{name}.rows", "it does not name rows of this run, rising"
    elements = len(side.rows)
    if side.offsets is not None:
        elements = int(side.offsets[-1])
        if len(side.offsets) != len(side.rows) + 1 or not _rises(side.offsets, elements):
            yield f"{name}.offsets", "it does not lead from the first element to the last"
    for part, column in side.parts.items():
        if len(column) != elements:
            yield f"{name}.part.{part}", f"it has {len(column)} elements, not {elements}"


def _cuts(run: Run, cuts: Cuts) -> Iterator[tuple[str, str]]:
    """The cuts that are, against those that the run has."""
    if not _rises(cuts.places, len(run.entities)):
        yield "cuts.places", "it does not lead from the first entity to the last"
        return
    true = Cuts.at(run, cuts.places)
    for name, column in true.items():
        if len(run.dense[name]) and not np.array_equal(column, cuts.dense[name]):
            yield f"cuts.{name}", "it does not tell where the dense column stands"


def _rises(column: Column, last: int) -> bool:
    """Whether offsets lead from 0 to the last."""
    if len(column) == 0 or int(column[0]) != 0 or int(column[-1]) != last:
        return False
    return bool((column[1:] >= column[:-1]).all())


def _known(column: Column, form: Form, texts: int, counts: Mapping[str, int]) -> bool:
    """Whether all texts and identifiers that a column names are there."""
    if form.texts:
        return _named(column, texts)
    return form.space is None or _named(column, counts.get(form.space, 0))


def _named(column: Column, count: int) -> bool:
    """Whether all handles are below a count; among numbers, those below zero are handles."""
    if len(column) == 0:
        return True
    if column.dtype.kind == "i":
        return int(column.min()) >= -count
    named = column[column != NONE]
    return len(named) == 0 or int(named.max()) < count
