"""Whatever is sent to a route, it answers, and every refusal is a problem document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from adapters.http.app import create_app
from adapters.http.asking import QUESTIONS
from adapters.http.errors import PROBLEM
from registry.commands import COMMANDS
from tests.adapters.http.conftest import ROLES, Clock, Town, opened, settled

EXAMPLES, MANY = 15, 100  # what is sent to each route
EVERY_ROLE = (*ROLES, "reader", "auditor", "statistics", "feed", "log-auditor")
ROUTES = [
    *(("POST", f"/commands/{name}") for name in sorted(COMMANDS)),
    ("POST", "/commands"),
    *((one.method, one.path) for one in QUESTIONS),
    ("GET", "/feed"),
    ("GET", "/health/alive"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
    ("GET", "/public/cards"),
]
IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
UNSET = schemathesis.core.NOT_SET


@pytest.fixture(scope="module")
def fuzzed(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, keys: Path
) -> Iterator[Town]:
    """A town that every route is tried on."""
    folder = tmp_path_factory.mktemp("fuzzed")
    clock = Clock()
    services = opened(f"sqlite:///{folder / 'registry.db'}", folder, keys, clock)
    stop = Event()
    with TestClient(create_app(services)) as client:
        town = settled(Town(client, services, services.parts.settings, clock))
        follower = Thread(target=services.projector.follow, args=(stop,))
        follower.start()
        try:
            yield town
        finally:
            stop.set()
            follower.join()


@pytest.fixture(scope="module")
def document(fuzzed: Town) -> Any:
    """The OpenAPI document as it is served."""
    return schemathesis.openapi.from_dict(fuzzed.client.get("/openapi.json").json())


def known(value: Any, ids: list[str], dice: Random) -> Any:
    """A value with some of its identifiers put for such as the town knows."""
    match value:
        case dict():
            return {name: known(one, ids, dice) for name, one in value.items()}
        case list():
            return [known(one, ids, dice) for one in value]
        case str() if IDENTIFIER.fullmatch(value) and dice.random() < 0.7:
            return dice.choice(ids)
    return value


def test_the_document_tells_every_route_that_is_tried(document: Any):
    told = {
        (method.upper(), path)
        for path, methods in document.raw_schema["paths"].items()
        for method in methods
    }
    assert told == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_breaks_whatever_it_is_sent(method: str, path: str, fuzzed: Town, document: Any):
    send_anything(method, path, fuzzed, document, EXAMPLES)


@pytest.mark.long
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_breaks_whatever_else_it_is_sent(
    method: str, path: str, fuzzed: Town, document: Any
):
    send_anything(method, path, fuzzed, document, MANY)


def send_anything(method: str, path: str, fuzzed: Town, document: Any, examples: int) -> None:
    """Send a route whatever its description allows, and much that it does not."""
    operation = document[path][method]
    bearer = f"Bearer {fuzzed.token(*EVERY_ROLE)}"
    ids = [one for one in fuzzed.ids.values() if IDENTIFIER.fullmatch(one)]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), dice=st.randoms(use_true_random=False))
    def every_answer_is_ours(case: Any, dice: Random) -> None:
        place = known(dict(case.path_parameters or {}), ids, dice)
        address = re.sub(r"\{(\w+)\}", lambda found: str(place[found[1]]), path)
        headers = {
            name: str(value).encode("utf-8", "replace").decode("latin-1").strip()
            for name, value in (case.headers or {}).items()
            if str(value).isprintable()
        }
        headers |= {"Authorization": bearer}
        if dice.random() < 0.8:
            headers |= {"Submission-Id": str(uuid4()), "Purpose": "registration"}
        query = dict(case.query or {})
        query.pop("wait", None)
        body = {} if case.body is UNSET else {"json": known(case.body, ids, dice)}
        told = fuzzed.client.request(
            method,
            address.replace("?", "%3F").replace("#", "%23"),
            headers=headers,
            params=query,
            **body,
        )
        assert told.status_code < 500, (told.text, case.body)
        if told.status_code >= 400:
            assert told.headers["content-type"] == PROBLEM
            problem = told.json()
            assert problem["status"] == told.status_code
            assert problem["code"]
            assert problem["faults"] if told.status_code == 422 else problem["detail"]
        if path == "/commands" and told.status_code == 200:
            assert all(one["status"] < 500 for one in told.json()), told.text

    every_answer_is_ours()
    fuzzed.services.projector.catch_up()
