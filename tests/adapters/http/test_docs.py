"""The page of the routes works where nothing else can be reached."""

from __future__ import annotations

import re

from tests.adapters.http.conftest import Town


def test_the_page_loads_nothing_from_elsewhere(town: Town):
    page = town.client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert all(where.startswith("/docs/") for where in loaded)
    for where in loaded:
        assert town.client.get(where).status_code == 200


def test_every_route_stands_in_a_chapter_that_is_explained(town: Town):
    document = town.client.get("/openapi.json").json()
    explained = [one["name"] for one in document["tags"]]
    used = {
        tag
        for methods in document["paths"].values()
        for route in methods.values()
        for tag in route["tags"]
    }
    assert used <= set(explained)
    assert len(explained) == len(set(explained))
    assert all(one["description"] for one in document["tags"])
