"""The peer of the benchmark of questions: a service as it is usually written.

FastAPI with pydantic models, SQLAlchemy's asyncio with psycopg, and one durable line in a log table
before the answer goes out. It reads the same tables and knows neither who asks nor the past: it
answers for today alone, checks no token and no area, and its log has no chain.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    MetaData,
    Table,
    Text,
    create_engine,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from registry.entry import EVERYTHING
from registry.projections.base import STILL
from registry.projections.households import households, members
from registry.projections.persons import persons
from registry.projections.timelines import entries
from registry.values import day_number, day_of

METADATA = MetaData()
log = Table(
    "peer_log",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("question", Text, nullable=False),
    Column("subject", Text, nullable=False),
)


class ByNumber(BaseModel):
    """An identity number."""

    number: str


class Person(BaseModel):
    """What is shown of a person."""

    id: UUID
    name: str | None
    sex: int | None
    birth_date: date | None
    number: str | None
    nationality: str | None
    household: UUID | None
    community: UUID | None


class Member(Person):
    """A member of a household."""

    relation: str


class Household(BaseModel):
    """A household and its members."""

    id: UUID
    household_number: str
    community: UUID
    members: list[Member]


class Line(BaseModel):
    """An entry of a history."""

    version: int
    effective_on: date
    officer: str
    state: str


def create_log(url: str) -> None:
    """Make the log's table."""
    engine = create_engine(url)
    METADATA.create_all(engine)
    engine.dispose()


def create_app(url: str) -> FastAPI:
    """The peer's application."""
    engine = create_async_engine(url, pool_size=16)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/persons-by-number")
    async def by_number(body: ByNumber) -> list[Person]:
        async with engine.begin() as connection:
            newest = persons.c.valid_from.desc()
            query = _today(persons).where(persons.c.number == body.number).order_by(newest)
            found = (await connection.execute(query)).all()
            await _note(connection, "by-number", body.number)
        return [Person(**_person(row)) for row in found[:1]]

    @app.get("/households/{household}")
    async def household(household: UUID) -> Household:
        async with engine.begin() as connection:
            query = _today(households).where(households.c.household == household.bytes)
            form = (await connection.execute(query)).first()
            if form is None:
                raise HTTPException(404)
            query = (
                select(members.c.relation, persons)
                .join(persons, persons.c.person == members.c.person)
                .where(
                    members.c.household == household.bytes,
                    *_open(members),
                    *_open(persons),
                )
                .order_by(members.c.person, persons.c.valid_from)
            )
            # A row of a person holds until the next: the last of each counts.
            rows = {row.person: row for row in await connection.execute(query)}.values()
            await _note(connection, "household", str(household))
        return Household(
            id=household,
            household_number=form.household_number,
            community=UUID(bytes=form.community),
            members=[Member(relation=row.relation, **_person(row)) for row in rows],
        )

    @app.get("/persons/{person}/timeline")
    async def timeline(person: UUID) -> list[Line]:
        async with engine.begin() as connection:
            query = select(entries).where(entries.c.stream == person.bytes)
            rows = (await connection.execute(query.order_by(entries.c.version))).all()
            await _note(connection, "timeline", str(person))
        return [
            Line(
                version=row.version,
                effective_on=day_of(row.effective_on),
                officer=row.officer,
                state=row.state.decode(),
            )
            for row in rows
        ]

    return app


def _open(table: Table) -> Sequence[Any]:
    today = day_number(datetime.now(UTC).date())
    until = [table.c.valid_until == STILL] if "valid_until" in table.c else []
    return [table.c.known_until == EVERYTHING, table.c.valid_from <= today, *until]


def _today(table: Table) -> Any:
    return select(table).where(*_open(table))


def _person(row: Any) -> dict[str, Any]:
    return {
        "id": UUID(bytes=row.person),
        "name": row.name,
        "sex": row.sex,
        "birth_date": None if row.birth_date is None else day_of(row.birth_date),
        "number": row.number,
        "nationality": row.nationality,
        "household": None if row.household is None else UUID(bytes=row.household),
        "community": None if row.community is None else UUID(bytes=row.community),
    }


async def _note(connection: AsyncConnection, question: str, subject: str) -> None:
    line = {"asked_at": datetime.now(UTC), "question": question, "subject": subject}
    await connection.execute(insert(log).values(**line))


def main_peer(url: str, port: int, workers: int) -> None:
    """Serve until told to stop."""
    os.environ["PEER_DATABASE"] = url
    uvicorn.run(
        "tests.bench.http_peer:from_environment",
        factory=True,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
    )


def from_environment() -> FastAPI:
    """The application of one worker."""
    return create_app(os.environ["PEER_DATABASE"])


if __name__ == "__main__":
    main_peer(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
