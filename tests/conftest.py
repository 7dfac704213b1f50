"""Databases for tests: a fresh one for each, on SQLite and on one private PostgreSQL a run.

A fresh one is a copy of one that has the schema and empty read models: to make those takes longer
than most tests.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from adapters import schema
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.postgres import PrivatePostgres, locked
from adapters.projector import Projector

pytest_plugins = ["tests.scenarios.moulds"]  # the town of the scenarios

CLUSTER = "REGISTRY_TEST_CLUSTER"  # where this run's server lives, for pytest-xdist's workers
TEMPLATE = "fresh"
STARTED = pytest.StashKey[PrivatePostgres]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let what others depend on be frozen anew."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run freezes anew what others depend on."""
    told: bool = request.config.getoption("--update-golden")
    return told


def pytest_configure(config: pytest.Config) -> None:
    """Reserve a place for this run's PostgreSQL; whoever needs it first starts it."""
    if not hasattr(config, "workerinput"):
        server = PrivatePostgres(fsync=False)
        server.claim()
        config.stash[STARTED] = server
        os.environ[CLUSTER] = str(server.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop this run's PostgreSQL."""
    if server := config.stash.get(STARTED, None):
        server.close()


@pytest.fixture(scope="session")
def postgres() -> PrivatePostgres:
    """This run's PostgreSQL server."""
    server = PrivatePostgres(os.environ[CLUSTER], fsync=False)
    server.start()
    return server


@pytest.fixture(scope="session")
def postgres_template(postgres: PrivatePostgres) -> str:
    """The name of a database that holds nothing yet."""
    with locked(postgres.folder / "template.lock"):
        done = postgres.folder / "template.done"
        if not done.exists():
            make_ready(postgres.create(TEMPLATE))
            done.touch()
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds nothing yet."""
    path = tmp_path_factory.mktemp("template") / "registry.db"
    make_ready(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database."""
    path = tmp_path / "registry.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: PrivatePostgres, postgres_template: str) -> Iterator[str]:
    """A fresh PostgreSQL database."""
    name = f"t{uuid4().hex}"
    yield postgres.create(name, template=postgres_template)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database, on each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a schema, on each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: PrivatePostgres = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh database."""
    opened = open_database(database_url, durability="off")
    yield opened
    opened.dispose()


@pytest.fixture
def unprepared(empty_url: str) -> Iterator[Engine]:
    """An engine on a database that has the schema and no read models yet."""
    opened = open_database(empty_url, durability="off")
    schema.migrate(opened)
    yield opened
    opened.dispose()


def make_ready(url: str) -> None:
    """Create the schema in a database, and read models of an empty log."""
    opened = open_database(url, durability="off")
    schema.migrate(opened)
    Projector(opened, Recorder(opened, node=1)).prepare()
    opened.dispose()
