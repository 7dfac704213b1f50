"""Every refusal as a problem document (RFC 9457): one shape, a stable code, all faults at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from adapters.http.auth import Unauthorized
from adapters.shapes import fault
from registry.errors import (
    Conflict,
    Fault,
    Forbidden,
    Malformed,
    NotFound,
    Refused,
    RegistryError,
    Unavailable,
)

PROBLEM = "application/problem+json"

STATUS: Mapping[type[RegistryError], int] = {
    Malformed: 422,
    Refused: 409,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unavailable: 503,
    Unauthorized: 401,
}
TITLES = {
    "malformed": "The request is not well formed",
    "refused": "Rules of law stand in the way",
    "not-found": "Nothing is registered under that identifier",
    "conflict": "Somebody else entered first",
    "submission-reused": "The submission is recorded with another body",
    "forbidden": "The officer may not do or see this",
    "unavailable": "Something that is needed is away",
    "store-unavailable": "The database is away",
    "unauthorized": "Nobody knows who is asking",
    "no-such-route": "There is nothing at that address",
    "method-not-allowed": "The address does not take that method",
    "too-large": "The body is too large",
    "wrong-media-type": "The body is not JSON",
    "not-acceptable": "The answer is not to be had in that form",
    "bad-request": "The request is not HTTP as it should be",
    "internal": "The register made a mistake",
}
RETRY_AFTER_S = "1"


class TooLarge(RegistryError):
    """The body is larger than the register reads; send less at once."""

    code = "too-large"


class WrongMediaType(RegistryError):
    """The body is not JSON; say `Content-Type: application/json`."""

    code = "wrong-media-type"


class NotAcceptable(RegistryError):
    """Nothing that `Accept` names can be made of the answer."""

    code = "not-acceptable"

    def __init__(self, offers: Sequence[str]) -> None:
        super().__init__(f"this answer is to be had as {', '.join(offers)}")


OTHER_STATUS: Mapping[type[RegistryError], int] = {
    TooLarge: 413,
    WrongMediaType: 415,
    NotAcceptable: 406,
}


def status_of(error: RegistryError) -> int:
    """The HTTP status of an error of ours."""
    for kind in type(error).__mro__:
        if (status := STATUS.get(kind) or OTHER_STATUS.get(kind)) is not None:
            return status
    return 500


def told(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """The members of a problem document."""
    return {
        "type": f"/problems/{code}",
        "title": TITLES.get(code, code),
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }


def problem_of(error: RegistryError) -> dict[str, Any]:
    """An error of ours as a problem document."""
    more: dict[str, Any] = {}
    detail = str(error)
    match error:
        case Malformed(faults=faults):
            more["faults"] = [fault_of(one) for one in faults]
            detail = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}: see `faults`"
        case Refused(rules=rules):
            more["rules"] = [
                {
                    "code": rule.code,
                    "message": fault("", "", rule.message).message,
                    "law": rule.law,
                    "remedy": rule.remedy,
                }
                for rule in rules
            ]
            detail = f"{len(rules)} rule{'s' if len(rules) > 1 else ''} of law: see `rules`"
        case _:
            detail = fault("", "", detail).message
    return told(status_of(error), error.code, detail, **more)


def fault_of(one: Fault) -> dict[str, str]:
    """A fault as JSON."""
    return {"at": one.at, "code": one.code, "message": one.message}


def answer_problem(error: RegistryError) -> Response:
    """An error of ours as a response."""
    headers = {}
    status = status_of(error)
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_S
    if status == 401:
        headers["WWW-Authenticate"] = f'Bearer realm="{"registry"}"'
    return respond(problem_of(error), headers)


def respond(problem: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A problem document as a response."""
    return Response(
        orjson.dumps(problem),
        problem["status"],
        {"Cache-Control": "no-store", **(headers or {})},
        media_type=PROBLEM,
    )


def _of_http(error: HTTPException) -> Response:
    codes = {404: "no-such-route", 405: "method-not-allowed"}
    code = codes.get(error.status_code, "bad-request")
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "no question and no command has that address; /docs lists all of them"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        detail = f"send {allowed}; /docs tells what every address takes"
    return respond(told(error.status_code, code, detail), error.headers)


def add_errors(app: FastAPI) -> None:
    """Answer whatever goes wrong with a problem document."""

    @app.exception_handler(RegistryError)
    async def ours(request: Request, error: RegistryError) -> Response:
        return answer_problem(error)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        return _of_http(error)

    app.exception_handler(Exception)(unforeseen)


async def unforeseen(request: Request, error: Exception) -> Response:
    """A mistake of ours as a response."""
    detail = "the mistake is written in the server's log; nothing is known to be recorded"
    return respond(told(500, "internal", detail))


#: What a document says of problems.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; programs decide by it"},
        "detail": {"type": "string"},
        "faults": {
            "type": "array",
            "description": "everything that is wrong with the words of the request",
            "items": {
                "type": "object",
                "properties": {
                    "at": {
                        "type": "string",
                        "description": "JSON pointer into the body, or a parameter's name",
                    },
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["at", "code", "message"],
            },
        },
        "rules": {
            "type": "array",
            "description": "every rule of law that stands in the way",
            "items": {
                "type": "object",
                "properties": {
                    name: {"type": "string"} for name in ("code", "message", "law", "remedy")
                },
                "required": ["code", "message", "law", "remedy"],
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
}
