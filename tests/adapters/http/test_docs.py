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
