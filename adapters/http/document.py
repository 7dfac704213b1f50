"""What the OpenAPI document says of each route; schemas derive from the declarations."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from adapters.http import errors
from adapters.http.parameters import Parameter
from adapters.shapes import SAMPLE_ID
from adapters.wire import schemas, shape_of
from registry.commands import COMMANDS

SUBMISSION = {
    "name": "Submission-Id",
    "in": "header",
    "required": True,
    "description": "A UUID made by the client. Sent again with the same body it gets the same "
    "answer; with another body it is a conflict; what was refused leaves no trace.",
    "schema": {"type": "string", "format": "uuid"},
    "example": SAMPLE_ID,
}
RECEIPT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Durably recorded.",
    "properties": {
        "submission": {"type": "string", "format": "uuid"},
        "receipt": {
            "type": "string",
            "description": "opaque; give it to a query as `after`, to read what was written",
        },
        "recorded_at": {"type": "string", "format": "date-time"},
        "count": {"type": "integer", "description": "entries recorded"},
        "answer": {
            "type": "object",
            "description": "what the command says, such as new identifiers",
        },
    },
    "required": ["submission", "receipt", "recorded_at", "count", "answer"],
}
RECEIPT_EXAMPLE = {
    "submission": SAMPLE_ID,
    "receipt": "lW1zOMS9tzWVzZEq",
    "recorded_at": "2007-06-01T10:15:00.000000+08:00",
    "count": 3,
    "answer": {"person": SAMPLE_ID},
}
TEXT = {"type": "string"}
MEANINGS = {
    401: "Unauthorized: no valid token.",
    403: "Forbidden: the role or the area does not allow it.",
    406: "Nothing that `Accept` names can be made of the answer.",
    404: "Not found: nothing is registered under that identifier.",
    409: "Refused by rules of law (code `refused`), or a conflict.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Malformed: every fault with its place.",
    503: "Something that is needed is away; try again after `Retry-After` seconds.",
}


def problems(*statuses: int) -> dict[str, Any]:
    """The refusals that a route may answer with."""
    content = {errors.PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {"description": MEANINGS[status], "content": content} for status in statuses
    }


def answered(schema: Mapping[str, Any], example: Any = None, words: str = "Answered.") -> Any:
    """A successful answer."""
    content: dict[str, Any] = {"schema": dict(schema)}
    if example is not None:
        content["example"] = example
    return {"description": words, "content": {"application/json": content}}


def description_of(kind: Any) -> tuple[str, str]:
    """Summary and description from a docstring."""
    text = inspect.cleandoc(kind.__doc__ or kind.__name__)
    return text.splitlines()[0], text


def command_document(kind: type[Any]) -> dict[str, Any]:
    """A command's route: body, roles, refusals."""
    shape = shape_of(kind)
    summary, text = description_of(kind)
    roles = sorted(kind.ROLES)
    return {
        "summary": summary,
        "description": f"{text}\n\nRoles: {', '.join(roles)}.",
        "x-roles": roles,
        "parameters": [SUBMISSION],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": shape.schema, "example": shape.sample}},
        },
        "responses": {
            "200": answered(RECEIPT_SCHEMA, RECEIPT_EXAMPLE, "Durably recorded."),
            **problems(401, 403, 404, 409, 413, 415, 422, 503),
        },
        "security": [{"token": []}],
    }


def batch_document(kinds: Mapping[str, type[Any]], most: int) -> dict[str, Any]:
    """The route of a batch."""
    name, kind = next(iter(sorted(kinds.items())))
    item = {
        "type": "object",
        "properties": {
            "submission": {"type": "string", "format": "uuid"},
            "command": {"type": "string", "enum": sorted(kinds)},
            "fields": {"anyOf": [shape_of(one).schema for _, one in sorted(kinds.items())]},
        },
        "required": ["submission", "command", "fields"],
        "additionalProperties": False,
    }
    sample = {"submission": SAMPLE_ID, "command": name, "fields": shape_of(kind).sample}
    body = {"schema": {"type": "array", "items": item, "minItems": 1, "maxItems": most}}
    return {
        "summary": "Send several commands, each a submission of its own.",
        "description": "They are decided in the order given and answered in it, each for itself: "
        "`status` is what it would have been alone, with `problem` where it was refused.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {**body, "example": [sample]}},
        },
        "responses": {
            "200": answered(
                {"type": "array", "items": {"type": "object", "required": ["status"]}},
                [{"status": 200, **RECEIPT_EXAMPLE}],
            ),
            **problems(401, 413, 415, 422, 503),
        },
        "security": [{"token": []}],
    }


def question_document(
    question: Any,
    *,
    roles: Iterable[str],
    parameters: Iterable[Parameter],
    body: Any = None,
    personal: bool,
    schema: Mapping[str, Any] | None = None,
    produces: Iterable[str] = (),
    example: Any = None,
) -> dict[str, Any]:
    """The route of a query."""
    summary, text = description_of(question)
    named = sorted(roles)
    logged = "\n\nEvery answer is written into the query log." if personal else ""
    document: dict[str, Any] = {
        "summary": summary,
        "description": f"{text}\n\nRoles: {', '.join(named)}.{logged}",
        "x-roles": named,
        "parameters": [one.document() for one in parameters],
        "responses": {
            "200": answered(schema or {"type": "object"}, example),
            "304": {"description": "Nothing has changed since the answer with that ETag."},
            **problems(401, 403, 404, 422, 503),
        },
        "security": [{"token": []}],
    }
    for media in produces:
        kind = {"type": "string", "format": "binary"} if media.endswith("pdf") else TEXT
        document["responses"]["200"]["content"][media] = {"schema": kind}
        document["responses"] |= problems(406)
    if body is not None:
        shape = shape_of(body)
        document["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": shape.schema, "example": shape.sample}},
        }
        document["responses"] |= problems(413, 415)
    return document


def add_document(app: FastAPI) -> None:
    """Let the application tell its document, made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            components = made.setdefault("components", {})
            components["schemas"] = {
                **schemas(list(COMMANDS.values())),
                "Problem": errors.SCHEMA,
            }
            components["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            }
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the way that FastAPI documents
