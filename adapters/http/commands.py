"""Commands: a route each, and one for a batch in which every item has its own fate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Request, Response

from adapters.founded import asks, consulted
from adapters.http.document import batch_document, command_document
from adapters.http.errors import TooLarge, WrongMediaType, answer_problem, problem_of
from adapters.http.parameters import header
from adapters.http.services import Services
from adapters.http.topics import MANY, topic_of
from adapters.shapes import fault
from adapters.wire import read_command, read_json, read_value
from registry.commands import COMMANDS
from registry.days import moment_of
from registry.errors import Fault, Malformed, RegistryError, Unavailable
from registry.register import Authority, Submission
from registry.store import Receipt

RECEIPT = "receipt"


def add_commands(app: FastAPI, services: Services) -> None:
    """Give every command its route: its fields are the body, its docstring the description."""
    app.add_api_route(
        "/commands",
        _batch(services),
        methods=["POST"],
        name="batch",
        openapi_extra=batch_document(COMMANDS, services.limits.batch),
        tags=[MANY.name],
        response_class=Response,
    )
    for name, kind in sorted(COMMANDS.items()):
        app.add_api_route(
            f"/commands/{name}",
            _single(services, kind),
            methods=["POST"],
            name=name,
            openapi_extra=command_document(kind),
            tags=[topic_of(kind.__module__)],
            response_class=Response,
        )


def _single(services: Services, kind: type[Any]) -> Any:
    async def execute(request: Request) -> Response:
        try:
            by = services.keys.authority(header(request, b"authorization"))
            faults: list[Fault] = []
            submission = _submission_id(request, faults)
            command: Any = None
            body = await body_of(request, services.limits.body)
            try:
                command = read_command(kind, body)
            except Malformed as error:
                faults.extend(error.faults)
            if faults or submission is None:
                raise Malformed(faults)
            turn_away_if_full(services)
            sent = await asked_before(services, Submission(submission, by, command))
            receipt = await services.queue.do(sent)
            return Response(orjson.dumps(told(services, receipt)), media_type="application/json")
        except RegistryError as error:
            return answer_problem(error)

    return execute


def _batch(services: Services) -> Any:
    async def execute_batch(request: Request) -> Response:
        try:
            by = services.keys.authority(header(request, b"authorization"))
            body = await body_of(request, services.limits.batch_body)
            items = _items(read_json(body), services.limits.batch)
            turn_away_if_full(services)
            answers: list[dict[str, Any] | None] = [None] * len(items)
            places, submissions = [], []
            for place, item in enumerate(items):
                try:
                    submissions.append(await asked_before(services, _read_item(item, by)))
                    places.append(place)
                except RegistryError as error:
                    answers[place] = _failed(item, error)
            results = await services.queue.do_all(submissions)
            for place, submission, result in zip(places, submissions, results, strict=True):
                if isinstance(result, Receipt):
                    answers[place] = {"status": 200, **told(services, result)}
                else:
                    answers[place] = {
                        "submission": str(submission.id),
                        "status": (problem := problem_of(result))["status"],
                        "problem": problem,
                    }
            return Response(orjson.dumps(answers), media_type="application/json")
        except RegistryError as error:
            return answer_problem(error)

    return execute_batch


async def asked_before(services: Services, sent: Submission) -> Submission:
    """A submission with what the read models tell of it, where its command needs to know.

    Those of a batch are all asked about before any is recorded: what one of them gives up is free
    for whoever is sent after it.
    """
    if not asks(sent.command):
        return sent
    parts, projector = services.parts, services.projector
    return await services.run(lambda: consulted(sent, parts, projector, services.now))


def told(services: Services, receipt: Receipt) -> dict[str, Any]:
    """What a submitter is told; the place in the log leaves as an opaque token."""
    last = receipt.first + receipt.count - 1 if receipt.count else receipt.first
    return {
        "submission": str(receipt.submission),
        "receipt": services.seal.token(RECEIPT, last),
        "recorded_at": moment_of(receipt.recorded_at).isoformat(timespec="microseconds"),
        "count": receipt.count,
        "answer": orjson.Fragment(receipt.answer),
    }


async def body_of(request: Request, most: int) -> bytes:
    """The body of a request that says it is JSON and is not too large."""
    kind = header(request, b"content-type")
    if kind is not None and kind.partition(";")[0].strip().lower() != "application/json":
        raise WrongMediaType("send JSON, and the header `Content-Type: application/json`")
    length = header(request, b"content-length")
    if length is not None and length.isdecimal() and int(length) > most:
        raise TooLarge(f"a body here has at most {most} bytes; send less at once")
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most:
            raise TooLarge(f"a body here has at most {most} bytes; send less at once")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def turn_away_if_full(services: Services) -> None:
    """More than can be answered soon is better sent again later."""
    if services.queue.depth > services.limits.depth:
        raise Unavailable("more submissions wait than can be answered soon; send it again later")


def _submission_id(request: Request, faults: list[Fault]) -> UUID | None:
    text = header(request, b"submission-id")
    if text is None:
        faults.append(
            fault(
                "Submission-Id",
                "missing",
                "send a fresh UUID in the header Submission-Id, and the same one to try again",
            )
        )
        return None
    found: UUID | None = read_value(UUID, text, "Submission-Id", faults)
    return found


def _items(raw: Any, most: int) -> list[Any]:
    if not isinstance(raw, list):
        raise Malformed([fault("", "wrong-type", "expected a list of submissions")])
    if not 1 <= len(raw) <= most:
        raise Malformed([fault("", "too-long", f"send 1 to {most} submissions, not {len(raw)}")])
    return raw


ITEM = {"submission", "command", "fields"}


def _read_item(item: Any, by: Authority) -> Submission:
    if not isinstance(item, Mapping):
        raise Malformed([fault("", "wrong-type", "expected an object")])
    faults = [fault(f"/{name}", "missing", f"{name} is needed") for name in ITEM - item.keys()]
    for name in item.keys() - ITEM:
        faults.append(fault(f"/{name[:50]}", "unknown-field", f"there are {', '.join(ITEM)}"))
    submission: UUID | None = None
    if "submission" in item:
        submission = read_value(UUID, item["submission"], "/submission", faults)
    command: Any = None
    if "command" in item:
        name = item["command"]
        kind = COMMANDS.get(name) if isinstance(name, str) else None
        if kind is None:
            faults.append(fault("/command", "unknown-code", "no command of that name"))
        elif "fields" in item:
            try:
                command = read_command(kind, item["fields"], "/fields")
            except Malformed as error:
                faults.extend(error.faults)
    if faults or submission is None:
        raise Malformed(faults)
    return Submission(submission, by, command)


def _failed(item: Any, error: RegistryError) -> dict[str, Any]:
    problem = problem_of(error)
    given = item.get("submission") if isinstance(item, Mapping) else None
    return {
        "submission": given if isinstance(given, str) else None,
        "status": problem["status"],
        "problem": problem,
    }
