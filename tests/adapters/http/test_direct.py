"""Endpoints by the words of their path: found as the patterns would find them."""

from __future__ import annotations

import pytest
from fastapi import Request, Response
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.direct import Application, Direct
from tests.adapters.http.conftest import Town

PATHS = ["/", "/persons", "/persons/{person}", "/persons/{person}/timeline", "/query-log/check"]
WORDS = st.sampled_from(["", "persons", "timeline", "query-log", "check", "{}", "a%2Fb", "户"])


async def endpoint(request: Request) -> Response:
    """Answer with what stood in the path."""
    return Response("/".join(request.path_params.values()))


@given(words=st.lists(WORDS, max_size=4))
def test_a_path_leads_where_the_framework_would_lead_it(words: list[str]):
    from starlette.routing import Match, Route

    path = "/" + "/".join(words)
    direct = Direct()
    expected = None
    for one in PATHS[1:]:
        direct.add(["GET"], one, endpoint)
        matched, scope = Route(one, endpoint).matches(
            {"type": "http", "method": "GET", "path": path, "path_params": {}}
        )
        if matched is Match.FULL:
            expected = one, scope["path_params"]
    found = direct.find("GET", path)
    # A word in braces is left to the framework, which has patterns for it.
    if found is None:
        assert expected is None or "{}" in words
    else:
        assert (found[0].path, found[1]) == expected
    assert direct.find("POST", path) is None


def test_what_no_endpoint_takes_is_answered_by_the_framework(town: Town):
    assert town.client.get("/nowhere").status_code == 404
    assert town.client.get("/nowhere").json()["code"] == "no-such-route"
    taken = town.client.delete("/places")
    assert taken.json()["code"] == "method-not-allowed"
    assert taken.headers["allow"] == "GET"
    assert "send GET" in taken.json()["detail"]
    assert town.client.get(f"/persons/{town.ids['王甲']}/").status_code == 404


def test_a_mistake_is_told_counted_and_raised_for_the_servers_log(town: Town):
    app = Application(town.services.meters)

    async def mistaken(request: Request) -> Response:
        raise ZeroDivisionError

    app.add_api_route("/mistaken/{word}", mistaken, response_class=Response)
    with pytest.raises(ZeroDivisionError):
        TestClient(app).get("/mistaken/1")
    told = TestClient(app, raise_server_exceptions=False).get("/mistaken/1")
    assert (told.status_code, told.json()["code"]) == (500, "internal")
    meters = town.services.meters.text(0, {}).decode()
    assert 'registry_requests_total{route="/mistaken/{word}",status="500"} 2.0' in meters
