"""Runs on disk: a segment is one run of one kind, any stretch of which is read where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from registry.vocabulary import Kind
from replay.columns.faults import Damaged, Flaw, Foreign
from replay.columns.forms import Column, Form
from replay.columns.layout import COLD, FIXED, Layout, layout
from replay.columns.merging import STORED_PARTS
from replay.columns.narrow import (
    FROM,
    INSTANT,
    NOTHING,
    POSITION,
    WORD,
    Instants,
    Narrow,
    Widened,
    narrowed,
)
from replay.columns.pieces import Cuts, Lazily, piece
from replay.columns.runs import Run, Side, Texts
from replay.columns.soundness import lengths
from replay.sealed.files import ColumnFile, Written, write

#: What a run says of its entities, and how a kernel finds their rows.
ENTITIES = {"entities": "u4", "first_version": "u4"}


def write_run(path: Path, run: Run, bits: int) -> Written:
    """Write a run; what kernels touch comes first, what only a reader of one entry wants last."""
    made = {name: _made(run, name) for name in run.cold}
    about = {
        "what": "run",
        "kind": run.layout.kind.value,
        "bits": bits,
        "rows": len(run),
        "entities": len(run.entities),
        "stored": [*run.stored],
        "narrow": {name: narrow for name, (narrow, _) in made.items()},
    }
    cold = {name: raw for name, (_, raw) in made.items()}
    return write(path, about, dict(_named(run, Cuts.of(run, bits), cold)))


def _made(run: Run, name: str) -> tuple[Narrow, Column]:
    told = FROM.get(name, NOTHING)
    if told == INSTANT:  # which may be slow to tell, and is not written
        return Narrow(0, 0, told), np.empty(0, "u1")
    return narrowed(run.cold[name], told, run.position)


def _named(run: Run, cuts: Cuts, cold: Mapping[str, Column]) -> Iterator[tuple[str, Column]]:
    yield "starts", run.starts
    yield from run.fixed().items()
    for name, column in run.dense.items():
        yield f"dense.{name}", column
    yield from _sides("sparse", run.sparse)
    yield "entities", run.entities
    if not (run.first_version == 1).all():  # otherwise it is left out
        yield "first_version", run.first_version
    yield "cuts.places", cuts.places
    for name, column in cuts.dense.items():
        if len(run.dense[name]):
            yield f"cuts.{name}", column
    for name, column in cold.items():
        yield f"cold.{name}", column
    yield from _sides("stored", run.stored)
    yield "texts.offsets", run.texts.offsets
    yield "texts.data", run.texts.data


def _sides(under: str, sides: Mapping[str, Side]) -> Iterator[tuple[str, Column]]:
    for name, side in sides.items():
        if len(side.rows) == 0:
            continue
        yield f"{under}.{name}.rows", side.rows
        if side.offsets is not None:
            yield f"{under}.{name}.offsets", side.offsets
        for part, column in side.parts.items():
            yield f"{under}.{name}.part.{part}", column


def timeless(positions: Column) -> Column:
    """The instants of positions where nothing tells them."""
    raise LookupError("when rows were recorded stands in another file of the log")


class Segment:
    """A run on disk, read where it lies.

    instants: those of positions, as the log knows them.
    """

    def __init__(self, columns: ColumnFile, instants: Instants = timeless) -> None:
        self.columns, self._instants = columns, instants
        about = columns.about
        if about.get("what") != "run" or about.get("kind") not in [*Kind]:
            raise Foreign(f"{columns.name} holds no run of a kind that this program knows")
        self.kind = Kind(about["kind"])
        self.bits = int(about["bits"])
        self.run = self._run(layout(self.kind))
        read = columns.column
        flaws = [Flaw(columns.name, what, column) for column, what in lengths(self.run)]
        if flaws:
            raise Damaged(flaws)
        places = read("cuts.places", "u4")
        none = np.zeros(len(places), "u4")
        self.cuts = Cuts(
            places,
            Lazily(
                [*self.run.layout.dense],
                lambda name: (
                    read(f"cuts.{name}", "u4") if f"cuts.{name}" in columns.places else none
                ),
            ),
        )

    def _run(self, laid: Layout) -> Run:
        read = self.columns.column
        parts = {
            name: {"value": form.dtype} if isinstance(form, Form) else _dtypes(form.parts)
            for name, form in laid.sparse.items()
        }
        listed = {name for name, form in laid.sparse.items() if not isinstance(form, Form)}
        offsets = read("texts.offsets", "u4")
        position = read("position", FIXED["position"])
        entities, first_version = read("entities", "u4"), read("first_version", "u4")
        if len(first_version) == 0:
            first_version = np.broadcast_to(np.ones((), "u4"), len(entities))
        return Run(
            layout=laid,
            entities=entities,
            starts=read("starts", "u4"),
            first_version=first_version,
            code=read("code", FIXED["code"]),
            effective_on=read("effective_on", FIXED["effective_on"]),
            position=position,
            dense=Lazily([*laid.dense], lambda name: read(f"dense.{name}", laid.dense[name].dtype)),
            sparse=Lazily(
                [*laid.sparse],
                lambda name: self._side(f"sparse.{name}", parts[name], name in listed),
            ),
            cold=self._envelope(position),
            stored=Lazily(
                self.columns.about["stored"],
                lambda name: self._side(f"stored.{name}", *STORED_PARTS[name]),
            ),
            texts=Texts(offsets if len(offsets) else np.zeros(1, "u4"), read("texts.data", "u1")),
        )

    def _envelope(self, position: Column) -> Mapping[str, Column]:
        read, told = self.columns.column, self.columns.about.get("narrow")
        if told is None:  # as it was once written
            return Lazily([*COLD], lambda name: read(f"cold.{name}", COLD[name]))
        held = {name: Narrow(*told[name]) for name in COLD}
        for name, narrow in held.items():
            if not 0 <= narrow.width <= WORD or narrow.told not in (NOTHING, POSITION, INSTANT):
                raise Foreign(f"{self.columns.name}: column cold.{name} is {narrow}")
            place = self.columns.places.get(f"cold.{name}")
            have, should = place.length if place else 0, len(position) * narrow.width
            if have != should:
                what = f"it has {have} bytes, not {should}"
                raise Damaged([Flaw(self.columns.name, what, f"cold.{name}")])
        columns = Lazily([*COLD], lambda name: (held[name], read(f"cold.{name}", "u1"), COLD[name]))
        return Widened(columns, position, self._instants)

    def _side(self, name: str, parts: Mapping[str, str], listed: bool) -> Side:
        read = self.columns.column
        offsets = None
        if listed:
            offsets = read(f"{name}.offsets", "u4")
            offsets = offsets if len(offsets) else np.zeros(1, "u4")
        return Side(
            read(f"{name}.rows", "u4"),
            offsets,
            {part: read(f"{name}.part.{part}", dtype) for part, dtype in parts.items()},
        )

    def piece(self, first: int, size: int) -> Run | None:
        """What it holds of the entities `first` to `first + size`."""
        return piece(self.run, self.cuts, first, size)


def _dtypes(forms: Mapping[str, Form]) -> dict[str, str]:
    return {name: form.dtype for name, form in forms.items()}
