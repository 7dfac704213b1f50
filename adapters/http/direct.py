"""Endpoints found by the words of their path, past the layers in which FastAPI wraps a route.

All our endpoints read the request and make the response by themselves, so that dependencies, exit
stacks and a dozen tries of patterns would only cost time: three quarters of what a request took
outside of the register. FastAPI still makes the document, and answers whatever is not found here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request, Response

from adapters.http.errors import unforeseen
from adapters.http.metrics import Message, Meters

Endpoint = Callable[[Request], Awaitable[Response]]
Step = dict[str, Any]  # by a word of the path, or ANY: the next step; under END: what is found

ANY, END = "{}", ""  # no word of a path is empty or has braces


@dataclass(frozen=True)
class Found:
    """An endpoint and its path as it was declared."""

    path: str
    names: tuple[str, ...]
    endpoint: Endpoint


class Direct:
    """The endpoints of an application, by method and words."""

    def __init__(self) -> None:
        self._methods: dict[str, Step] = {}

    def add(self, methods: Iterable[str], path: str, endpoint: Endpoint) -> None:
        """Add an endpoint; its path has names in braces."""
        words = path.split("/")[1:]
        names = tuple(word[1:-1] for word in words if word.startswith("{"))
        for method in methods:
            step = self._methods.setdefault(method, {})
            for word in words:
                step = step.setdefault(ANY if word.startswith("{") else word, {})
            step[END] = Found(path, names, endpoint)

    def find(self, method: str, path: str) -> tuple[Found, dict[str, str]] | None:
        """The endpoint of a path, and the values of its names."""
        step = self._methods.get(method)
        values: list[str] = []
        for word in path.split("/")[1:]:
            if not step or not word or word == ANY:
                return None
            following = step.get(word)
            if following is None:
                following = step.get(ANY)
                values.append(word)
            step = following
        found: Found | None = step.get(END) if step else None
        return None if found is None else (found, dict(zip(found.names, values, strict=True)))


class Application(FastAPI):
    """An application whose endpoints are called directly."""

    def __init__(self, meters: Meters, **told: Any) -> None:
        super().__init__(**told)
        self._meters = meters
        self._direct = Direct()

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        """Add a route to the document, and its endpoint."""
        super().add_api_route(path, endpoint, **told)
        self._direct.add(told.get("methods") or ["GET"], path, endpoint)

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Answer a request."""
        found = None
        if scope["type"] == "http" and not scope.get("root_path"):
            found = self._direct.find(scope["method"], scope["path"])
        if found is None:
            await super().__call__(scope, receive, send)
            return
        start, status = perf_counter(), 500
        route, scope["path_params"] = found
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
            status = response.status_code
            await response(scope, receive, send)
        except Exception as error:
            if status == 500:  # nothing has been sent as yet
                await (await unforeseen(request, error))(scope, receive, send)
            raise  # for the server's log
        finally:
            self._meters.count(route.path, status, perf_counter() - start)
