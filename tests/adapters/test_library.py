"""The event sourcing library on our store: its own test cases, and an application of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactoryError
from eventsourcing.tests import persistence as library
from sqlalchemy import Engine

from adapters import database
from adapters.eventstore import Factory, Recorder, StreamRecorder


class Tally(Aggregate):
    """An aggregate in the library's own manner."""

    @event("Started")
    def __init__(self) -> None:
        self.count = 0

    @event("Counted")
    def increase(self) -> None:
        self.count += 1


def test_an_application_of_the_library_runs_on_it(database_url: str):
    settings = {"PERSISTENCE_MODULE": "adapters.eventstore", "REGISTRY_DATABASE": database_url}
    with Application[UUID](settings) as application:
        counter = Tally()
        counter.increase()
        application.save(counter)
        counter.increase()
        application.save(counter)
        again: Tally = application.repository.get(counter.id)
        assert again.count == 2
        assert application.recorder.max_notification_id() == 3


def test_the_factory_names_what_it_lacks(sqlite_url: str):
    with pytest.raises(InfrastructureFactoryError, match="REGISTRY_DATABASE"):
        Factory({})
    factory = Factory({"REGISTRY_DATABASE": sqlite_url, "REGISTRY_NODE": "4"})
    assert factory.application_recorder().node == 4
    for refused in (
        lambda: factory.aggregate_recorder(purpose="snapshots"),
        factory.tracking_recorder,
        factory.process_recorder,
    ):
        with pytest.raises(InfrastructureFactoryError):
            refused()
    factory.close()


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine that outlives the threads started meanwhile: the library's cases leave readers."""
    before = set(threading.enumerate())
    engine = database.open_database(url, durability="off")
    yield engine
    for thread in set(threading.enumerate()) - before:
        thread.join()
    engine.dispose()


class OnSqlite:
    """Runs a test case of the library on SQLite."""

    @pytest.fixture(autouse=True)
    def database(self, sqlite_url: str) -> Iterator[None]:
        with opened(sqlite_url) as self.engine:
            yield

    def create_recorder(self) -> Recorder:
        return Recorder(self.engine)


class OnPostgres:
    """Runs a test case of the library on PostgreSQL."""

    @pytest.fixture(autouse=True)
    def database(self, postgres_url: str) -> Iterator[None]:
        with opened(postgres_url) as self.engine:
            yield

    def create_recorder(self) -> Recorder:
        return Recorder(self.engine)


class TestStreamsOnSqlite(OnSqlite, library.AggregateRecorderTestCase):
    def create_recorder(self) -> StreamRecorder:  # type: ignore[override]
        return StreamRecorder(super().create_recorder())


class TestStreamsOnPostgres(OnPostgres, library.AggregateRecorderTestCase):
    def create_recorder(self) -> StreamRecorder:  # type: ignore[override]
        return StreamRecorder(super().create_recorder())


class TestPositionsOnSqlite(OnSqlite, library.ApplicationRecorderTestCase[Recorder]):
    pass


class TestPositionsOnPostgres(OnPostgres, library.ApplicationRecorderTestCase[Recorder]):
    pass


class TestNoInterleavingOnSqlite(OnSqlite, library.NonInterleavingNotificationIDsBaseCase):
    pass


class TestNoInterleavingOnPostgres(OnPostgres, library.NonInterleavingNotificationIDsBaseCase):
    pass
