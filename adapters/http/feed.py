"""The feed: the `state` halves of entries in the order of the log, for services downstream.

Pages are cut at fixed places, so a full one never changes and may be kept for ever; the last one
is still growing. Private halves and officers' names never stand in it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from adapters.http.auth import FEED
from adapters.http.clocks import TEXT
from adapters.http.document import answered, problems
from adapters.http.errors import answer_problem
from adapters.http.parameters import Parameter, gather, header, whole
from adapters.http.services import Services
from adapters.shapes import fault
from registry.days import moment_of
from registry.errors import Fault, Forbidden, Malformed, RegistryError
from registry.store import StoredEntry
from registry.values import day_of
from registry.vocabulary import VOCABULARY

PAGE = 500
LONGEST_WAIT_S = 30
CURSOR = "feed"
NAMES = {word.code: word.name for word in VOCABULARY.values()}


def _cursor(text: str, at: str, faults: list[Fault]) -> str:
    return text


CURSOR_PARAMETER = Parameter(
    name="cursor",
    read=_cursor,
    schema=TEXT,
    description="the `next` of the page before; the feed begins without one",
)
WAIT = whole("wait", 0, LONGEST_WAIT_S, 0, "seconds to wait for something new")


def add_feed(app: FastAPI, services: Services) -> None:
    """Give the feed its route."""

    async def feed(request: Request) -> Response:
        """Entries of the log in order, page by page, as they are fed to other services.

        A page that is full says `immutable`. The last page is given as far as it has come, and
        its `next` goes on from there; with `wait` the answer is held back until there is news.
        """
        try:
            return await _feed(services, request)
        except RegistryError as error:
            return answer_problem(error)

    app.add_api_route(
        "/feed",
        feed,
        name="feed",
        openapi_extra={
            "x-roles": [FEED],
            "parameters": [CURSOR_PARAMETER.document(), WAIT.document()],
            "responses": {
                "200": answered(
                    {
                        "type": "object",
                        "properties": {
                            "entries": {"type": "array", "items": {"type": "object"}},
                            "next": {"type": "string"},
                        },
                        "required": ["entries", "next"],
                    }
                ),
                **problems(401, 403, 422, 503),
            },
            "security": [{"token": []}],
        },
        tags=["feed"],
        response_class=Response,
    )


async def _feed(services: Services, request: Request) -> Response:
    authority = services.keys.authority(header(request, b"authorization"))
    faults: list[Fault] = []
    values = gather(request, (CURSOR_PARAMETER, WAIT), faults)
    after = 0
    if (token := values["cursor"]) is not None:
        try:
            after = services.seal.value(CURSOR, token)
        except ValueError as error:
            faults.append(fault("cursor", "not-a-token", str(error)))
    if faults:
        raise Malformed(faults)
    if FEED not in authority.roles:
        raise Forbidden(f"the feed is for the role {FEED}")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + values["wait"]
    # A page ends at the next multiple of its size, wherever it was begun.
    end = (after // PAGE + 1) * PAGE
    while True:
        entries = await services.run(lambda: services.parts.store.page(after, PAGE, end))
        left = deadline - loop.time()
        if entries or left <= 0 or services.bell.closed:
            break
        await services.bell.wait(left)
    last = entries[-1].position if entries else after
    full = last == end
    body = {
        "entries": [told(one) for one in entries if one.code is not None],
        "next": services.seal.token(CURSOR, last),
    }
    keep = "private, max-age=31536000, immutable" if full else "private, no-store"
    headers = {"Cache-Control": keep, "Vary": "Authorization"}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


def told(entry: StoredEntry) -> dict[str, Any]:
    """An entry as it is fed: its `state` half as the stored bytes have it."""
    return {
        "stream": entry.originator_id,
        "version": entry.originator_version,
        "origin": entry.origin,
        "sequence": entry.origin_seq,
        "code": entry.code,
        "event": NAMES.get(entry.code or 0),
        "effective_on": day_of(entry.effective_on),
        "recorded_at": moment_of(entry.recorded_at).isoformat(timespec="microseconds"),
        "office": entry.office,
        "state": orjson.Fragment(entry.state.rstrip(b"\n")),
    }
