"""A register's log in a database, with read models that follow it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.projector import Projector
from registry.codec import Codec
from registry.days import day_at
from registry.entry import Entry
from registry.projections import PROJECTIONS
from registry.store import Append, Receipt

CODEC = Codec()
SALT = bytes(16)


def record(store: Recorder, entries: Sequence[Entry]) -> None:
    """Append entries, each day's at the instant of its first."""
    for _, told in groupby(entries, lambda entry: day_at(entry.recorded_at)):
        day = list(told)
        store.clock = lambda instant=day[0].recorded_at: instant  # type: ignore[misc]
        stored = [CODEC.stored(entry, lambda: SALT) for entry in day]
        (outcome,) = store.append([Append(None, "officer", "510104000000", b"", b"", stored, {})])
        assert isinstance(outcome, Receipt), outcome


def followed(engine: Engine, entries: Sequence[Entry], **how: Any) -> Projector:
    """Read models of a log that was recorded at once, followed to its end."""
    store = Recorder(engine, node=1)
    projector = Projector(engine, store, **how)
    projector.prepare()
    record(store, entries)
    assert projector.catch_up() == len(entries)
    return projector


def kept(folder: Path, template: Path, entries: Sequence[Entry]) -> Path:
    """A SQLite file with a log and its read models: it is copied sooner than filled again."""
    path = folder / "followed.db"
    shutil.copy(template, path)
    engine = open_database(f"sqlite:///{path}", durability="off")
    followed(engine, entries)
    engine.dispose()
    return path


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that readers can see, in an order of their own."""
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(one.table))), key=repr)
            for name, one in PROJECTIONS.items()
        }
