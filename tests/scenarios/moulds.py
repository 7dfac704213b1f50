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

    def copy(self, path: Path) -> Town:
        """A town of one's own."""
        shutil.copy(self.path, path)
        return Town(path, ids=dict(self.ids), made=count(self.made), sent=count(1000))


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
    town = mould.copy(tmp_path / "town.db")
    yield town
    town.agrees()
    town.close()
