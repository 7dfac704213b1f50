"""What every question has in common: who asks, why, about which point on both clocks.

A question is a function from what was asked to an answer; around it stand the token, the role, the
parameters with all their faults, the wait for a receipt, the query log and the ETag.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Request, Response

from adapters.http.answering import Told
from adapters.http.clocks import AFTER, CURSOR, KNOWN, KNOWN_AT, PURPOSE, VALID_ON
from adapters.http.commands import RECEIPT, body_of
from adapters.http.document import question_document
from adapters.http.errors import answer_problem
from adapters.http.negotiating import JSON, SUFFIXES, chosen
from adapters.http.parameters import Parameter, gather, header
from adapters.http.services import Services
from adapters.http.sight import Sight, fields_seen
from adapters.http.topics import topic_of
from adapters.querylog import ANSWERED, NOTHING, REFUSED, Question
from adapters.reading import Behind, Reader, resolve
from adapters.shapes import fault
from adapters.wire import read_command
from registry.days import end_of, instant_of
from registry.errors import Fault, Forbidden, Malformed, NotFound, RegistryError
from registry.projections import At
from registry.register import Authority
from registry.values import day_number, day_of

#: How long a reader waits for what has been recorded to be readable.
PATIENCE_S = 3.0


@dataclass
class Answer:
    """What is shown, and of whom: the query log is told both.

    rows: how many things of their kind. shapes: how it is made in other forms than JSON, by media
    type. name: of a file of it, without its ending.
    """

    body: dict[str, Any]
    subjects: Sequence[UUID] = ()
    fields: Sequence[str] = ()
    rows: int = 1
    shapes: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    name: str = ""


@dataclass
class Ask:
    """A question on its way: who asks, what, and about which point on both clocks."""

    services: Services
    authority: Authority
    values: dict[str, Any]
    body: Any
    reader: Reader
    at: At
    sight: Sight

    def fields(self) -> tuple[str, ...]:
        """The fields of a person to be shown."""
        return fields_seen(self.authority, self.values.get("fields"))

    def point(self) -> dict[str, Any]:
        """The point on both clocks, as answers tell it."""
        return self.point_of(self.at)

    def point_of(self, at: At) -> dict[str, Any]:
        """A point on both clocks, as answers tell it."""
        return {"valid_on": at.valid_on, "known": self.services.seal.token(KNOWN, at.known)}

    def found(self, kind: str, value: Any, identifier: object) -> Any:
        """What was found, or that there is nothing."""
        if value is None:
            raise NotFound(kind, identifier, self.at.valid_on)
        return value


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as it is declared."""

    path: str
    method: str
    roles: frozenset[str]
    parameters: tuple[Parameter, ...]
    body: Any
    personal: bool
    answer: Callable[[Ask], Answer]
    number_of: Callable[[Any], str] | None = None
    clocks: bool = True
    by_key: bool = False
    produces: tuple[str, ...] = ()
    example: Any = None


QUESTIONS: list[Asked] = []
Declare = Callable[[Callable[[Ask], Answer]], Callable[[Ask], Answer]]


def question(
    path: str,
    *parameters: Parameter,
    roles: frozenset[str],
    personal: bool = True,
    body: Any = None,
    number_of: Callable[[Any], str] | None = None,
    clocks: bool = True,
    by_key: bool = False,
    produces: tuple[str, ...] = (),
    example: Any = None,
) -> Declare:
    """Declare a question and its route; a body makes it a POST.

    personal: a purpose is needed, and the query log is told. number_of: the identity number in a
    body. clocks: it is asked of a point on both clocks. by_key: a few look-ups answer it.
    produces: other media types than JSON in which the answer is to be had. example: an answer.
    """

    def declare(answer: Callable[[Ask], Answer]) -> Callable[[Ask], Answer]:
        told = [*parameters]
        if clocks:
            told += [VALID_ON, KNOWN_AT, AFTER]
        if personal:
            told.append(PURPOSE)
        QUESTIONS.append(
            Asked(
                path=path,
                method="GET" if body is None else "POST",
                roles=roles,
                parameters=tuple(told),
                body=body,
                personal=personal,
                answer=answer,
                number_of=number_of,
                clocks=clocks,
                by_key=by_key,
                produces=produces,
                example=example,
            )
        )
        return answer

    return declare


def add_questions(app: FastAPI, services: Services) -> None:
    """Give every question its route."""
    for asked in QUESTIONS:
        app.add_api_route(
            asked.path,
            _route(services, asked),
            methods=[asked.method],
            name=asked.answer.__name__,
            openapi_extra=question_document(
                asked.answer,
                roles=asked.roles,
                parameters=asked.parameters,
                body=asked.body,
                personal=asked.personal,
                produces=asked.produces,
                example=asked.example,
            ),
            tags=[topic_of(asked.answer.__module__)],
            response_class=Response,
        )


def _route(services: Services, asked: Asked) -> Any:
    async def ask(request: Request) -> Response:
        try:
            return await _ask(services, asked, request)
        except RegistryError as error:
            return answer_problem(error)

    return ask


async def _ask(services: Services, asked: Asked, request: Request) -> Response:
    authority = services.keys.authority(header(request, b"authorization"))
    faults: list[Fault] = []
    offers = (JSON, *asked.produces)
    media = chosen(header(request, b"accept"), offers) if asked.produces else JSON
    values = gather(request, asked.parameters, faults)
    body: Any = None
    if asked.body is not None:
        try:
            body = read_command(asked.body, await body_of(request, services.limits.body))
        except Malformed as error:
            faults.extend(error.faults)
    cursor, after = _tokens(services, values, faults)
    if faults:
        raise Malformed(faults)
    line = _Line(services, asked, request, authority, values, body, media)
    if asked.roles.isdisjoint(authority.roles):
        if asked.personal:
            line.outcome = REFUSED
            await services.answering.note(line.told())
        raise Forbidden(f"this is for {', '.join(sorted(asked.roles))}")
    if after is not None:
        await wait_for(services, after)

    def find(reader: Reader) -> Told:
        return _find(services, asked, reader, cursor, line)

    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while True:
        try:
            return await services.answering.ask(find, by_key=asked.by_key)
        except Behind:
            # Ask again while the read models are behind what is asked for.
            if loop.time() >= deadline or services.bell.closed:
                raise
            await services.bell.wait()


def _find(
    services: Services, asked: Asked, reader: Reader, cursor: Turn | None, line: _Line
) -> Told:
    """Answer a question, in whatever thread it is."""
    authority, values = line.authority, line.values
    try:
        at = line.at = cursor.at if cursor is not None else _point(services, reader, values)
        sight = Sight(authority, reader, at, services.atlas)
        answer = asked.answer(Ask(services, authority, values, line.body, reader, at, sight))
    except (Forbidden, NotFound) as error:
        line.outcome = REFUSED if isinstance(error, Forbidden) else NOTHING
        return Told(error, line.told() if asked.personal else None)
    line.rows, line.subjects, line.fields = answer.rows, answer.subjects, answer.fields
    line.outcome = ANSWERED if answer.rows else NOTHING
    response = _respond(line.request, answer, line.media)
    return Told(response, line.told() if asked.personal else None)


def _point(services: Services, reader: Reader, values: dict[str, Any]) -> At:
    valid_on, known_at = values.get("valid_on"), values.get("known_at")
    instant: int | None = None
    if isinstance(known_at, datetime):
        instant = instant_of(known_at)
    elif isinstance(known_at, date):
        instant = end_of(known_at)
    store, reached = services.parts.store, reader.reached
    at = resolve(reader.connection, store, services.now, valid_on, instant, reached)
    if isinstance(known_at, int):
        if known_at > at.known:
            raise Behind("the read models have not come that far; ask again in a moment")
        return At(at.valid_on, known_at)
    return at


@dataclass(frozen=True)
class Turn:
    """Where a list goes on: the point on both clocks, and what the last row was."""

    at: At
    last: Any


def cursor_token(ask: Ask, at: At, last: Any) -> str:
    """The cursor of the page that follows, good for this list alone."""
    path = [str(ask.values[name]) for name in sorted(ask.values) if name in PATH_NAMES]
    return ask.services.seal.token(
        CURSOR + "/".join(path), [day_number(at.valid_on), at.known, last]
    )


PATH_NAMES = frozenset({"place", "household", "doorplate"})


def _tokens(
    services: Services, values: dict[str, Any], faults: list[Fault]
) -> tuple[Turn | None, int | None]:
    """Tokens among the parameters, opened."""
    turn: Turn | None = None
    if (token := values.get("cursor")) is not None:
        path = [str(values[name]) for name in sorted(values) if name in PATH_NAMES]
        told = _open(services, CURSOR + "/".join(path), token, "cursor", faults)
        if told is not None:
            turn = Turn(At(day_of(told[0]), told[1]), told[2])
            for name in ("valid_on", "known_at"):
                if values.get(name) is not None:
                    faults.append(fault(name, "repeated", "the cursor says it already"))
        values["cursor"] = turn
    after: int | None = None
    if (token := values.get("after")) is not None:
        after = _open(services, RECEIPT, token, "after", faults)
    if isinstance(token := values.get("known_at"), str):
        values["known_at"] = _open(services, KNOWN, token, "known_at", faults)
    return turn, after


def _open(services: Services, purpose: str, token: str, at: str, faults: list[Fault]) -> Any:
    try:
        return services.seal.value(purpose, token)
    except ValueError as error:
        faults.append(fault(at, "not-a-token", str(error)))
        return None


async def wait_for(services: Services, position: int) -> None:
    """Wait until the read models hold a position; raises Behind if it takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while await services.run(services.projector.position) < position:
        if loop.time() >= deadline or services.bell.closed:
            raise Behind("what was recorded cannot be read yet; ask again in a moment")
        await services.bell.wait(0.01)


@dataclass
class _Line:
    """The line of the query log about a question, while it is answered."""

    services: Services
    asked: Asked
    request: Request
    authority: Authority
    values: dict[str, Any]
    body: Any
    media: str
    at: At | None = None
    outcome: str = ANSWERED
    rows: int = 0
    subjects: Sequence[UUID] = ()
    fields: Sequence[str] = field(default_factory=tuple)

    def told(self) -> Question:
        """The line."""
        purpose, case = self.values["Purpose"]
        client = self.request.scope.get("client")
        number = self.asked.number_of(self.body) if self.asked.number_of else None
        subjects = list(self.subjects)
        if not subjects:
            subjects = [value for name, value in self.values.items() if name in _SUBJECTS and value]
        return Question(
            officer=self.authority.officer,
            office=self.authority.office,
            terminal=client[0] if client else "",
            purpose=purpose,
            case_number=case,
            question=self.asked.answer.__name__,
            outcome=self.outcome,
            number_digest=self.services.log.number_digest(number) if number else None,
            valid_on=None if self.at is None else self.at.day,
            known=None if self.at is None else self.at.known,
            fields=",".join(self.fields),
            rows=self.rows,
            subjects=subjects,
            asked_at=self.services.now,
        )


_SUBJECTS = frozenset({"person", "household"})


def _respond(request: Request, answer: Answer, media: str) -> Response:
    body = orjson.dumps(answer.body)
    # Each form has a tag of its own; the same facts have the same one, so none is made in vain.
    told = body if media == JSON else body + media.encode()
    etag = f'"{hashlib.blake2b(told, digest_size=12).hexdigest()}"'
    vary = "Accept, Authorization" if answer.shapes else "Authorization"
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": vary}
    seen = header(request, b"if-none-match")
    if seen is not None and (seen.strip() == "*" or etag in seen):
        return Response(status_code=304, headers=headers)
    if media != JSON:
        if answer.name:
            headers["Content-Disposition"] = f'inline; filename="{answer.name}.{SUFFIXES[media]}"'
        return Response(answer.shapes[media](), headers=headers, media_type=media)
    return Response(body, headers=headers, media_type=JSON)
