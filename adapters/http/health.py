"""Alive, ready, and the meters: what a supervisor asks, without a token and without a secret."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from adapters.http.document import answered, problems
from adapters.http.errors import answer_problem
from adapters.http.metrics import KIND
from adapters.http.services import Services
from adapters.watching import sights
from registry.errors import RegistryError, Unavailable


def add_health(app: FastAPI, services: Services) -> None:
    """Give a supervisor its routes."""

    async def alive(request: Request) -> Response:
        """Say that the process answers."""
        return Response(b'{"alive":true}', media_type="application/json")

    async def ready(request: Request) -> Response:
        """Say whether questions and commands are answered: databases there, read models near."""
        try:
            told = await run_in_threadpool(_look, services)
        except SQLAlchemyError:
            return answer_problem(Unavailable("the database is away"))
        except RegistryError as error:
            return answer_problem(error)
        return Response(orjson.dumps(told), media_type="application/json")

    async def metrics(request: Request) -> Response:
        """Tell the meters as Prometheus reads them."""
        try:
            text = await run_in_threadpool(_meters, services)
        except (SQLAlchemyError, RegistryError):
            return answer_problem(Unavailable("the database is away"))
        return Response(text, media_type=KIND)

    for path, endpoint, document in (
        ("/health/alive", alive, {"responses": {"200": answered(_flags("alive"))}}),
        (
            "/health/ready",
            ready,
            {"responses": {"200": answered(_flags("ready")), **problems(503)}},
        ),
        (
            "/metrics",
            metrics,
            {
                "responses": {
                    "200": {
                        "description": "The meters.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    **problems(503),
                }
            },
        ),
    ):
        app.add_api_route(
            path, endpoint, openapi_extra=document, tags=["health"], response_class=Response
        )


def _flags(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "boolean"}}, "required": [name]}


def _look(services: Services) -> dict[str, Any]:
    lag, limit = services.projector.lag(), services.parts.settings.lag_limit
    services.log.reach()
    if services.bell.closed:
        raise Unavailable("the register is shutting down")
    if lag > limit:
        raise Unavailable(f"the read models are {lag} entries behind; the limit is {limit}")
    return {"ready": True, "lag": lag}


def _meters(services: Services) -> bytes:
    head, _ = services.parts.store.head()
    with services.parts.engine.connect() as connection:
        watched = sights(connection, services.now)
    return services.meters.text(head, services.projector.positions(), watched)
