"""Every scenario has a town of its own, a copy of one that was built once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.town import Town, build


@dataclass(frozen=True)
class Mould:
    """A town that was built, to be copied."""

    path: Path
    ids: dict[str, Any]
    made: int


@pytest.fixture(scope="session")
def mould(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Mould:
    """The town as every scenario finds it."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    shutil.copy(sqlite_template, path)
    town = Town(path)
    build(town)
    town.close()
    return Mould(path, town.ids, next(town.made))


@pytest.fixture
def town(mould: Mould, tmp_path: Path) -> Iterator[Town]:
    """A town in which nothing has happened since 2005; at the end its streams must agree."""
    path = tmp_path / "town.db"
    shutil.copy(mould.path, path)
    town = Town(path, ids=dict(mould.ids), made=count(mould.made), sent=count(1000))
    yield town
    town.agrees()
    town.close()
