"""The application: every route, one way of saying no, one document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from adapters.http import questions
from adapters.http.asking import add_questions
from adapters.http.commands import add_commands
from adapters.http.direct import Application
from adapters.http.docs import add_docs
from adapters.http.document import add_document
from adapters.http.errors import add_errors
from adapters.http.feed import add_feed
from adapters.http.health import add_health
from adapters.http.metrics import Counted
from adapters.http.public import add_public
from adapters.http.services import Services
from adapters.http.topics import tags

ABOUT = """Central population registry: commands that record facts, and questions about them at any
day in the world (`valid_on`) as known at any instant (`known_at`).

1. **Authorize** with a token (`registry token` makes one): it names the officer, the office, the
   roles and the area.
2. A **question** about people states why in the header `Purpose`, such as `registration`; every
   answer is written into the query log.
3. A **command** carries a `Submission-Id`, a UUID of your own; sent again, it is recorded once. Its
   `receipt`, given to a question as `after`, lets you read what you wrote.
4. Identity numbers stand in bodies, never in addresses. Refusals are problem documents (RFC 9457)
   that name every rule in the way, its law and the way out."""


def create_app(services: Services) -> FastAPI:
    """The application around a register that is wired up; it closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        services.close()

    app = Application(
        services.meters,
        title="Population registry",
        version=version("population-registry"),
        description=ABOUT,
        lifespan=lifespan,
        openapi_tags=tags(),
        docs_url=None,  # FastAPI's own page loads from elsewhere; a register's network is closed
        redoc_url=None,
        redirect_slashes=False,
    )
    add_errors(app)
    add_health(app, services)
    assert questions.__all__  # imported, they have declared themselves
    add_questions(app, services)
    add_feed(app, services)
    add_commands(app, services)
    add_public(app, services)
    add_document(app)
    add_docs(app)
    app.add_middleware(Counted, meters=services.meters)
    return app
