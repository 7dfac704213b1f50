"""Photographs over HTTP: a report for whoever takes them, and what is kept for an application."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from adapters.media import Media, new_node_key, open_node_keys
from adapters.photos.drawing import drawn_head, drawn_photo, saved
from adapters.querylog import about
from registry.values import MediaType
from tests.adapters.http.conftest import Town

GOOD = drawn_photo(1)
BAD = saved(drawn_head(1).crop((0, 0, 350, 441)))


def sent(content: bytes, **more: Any) -> dict[str, Any]:
    return {"content": base64.b64encode(content).decode(), **more}


@pytest.fixture
def album(town: Town, tmp_path) -> Media:
    """The town's photographs, under a key."""
    path = tmp_path / "media.key"
    new_node_key(path)
    parts = town.services.parts
    settings = replace(parts.settings, media_key=str(path))
    town.services.parts = replace(parts, settings=settings)
    return Media(parts.engine, open_node_keys(path))


def test_a_photographer_gets_a_report(town: Town):
    good = town.post("/photographs/check", **sent(GOOD)).json()
    assert good["verdict"] == "passed"
    bad = town.post("/photographs/check", **sent(BAD)).json()
    assert bad["verdict"] is None
    (width,) = (one for one in bad["findings"] if not one["passed"])
    assert (width["rule"], width["measured"], width["low"]) == ("width", 350, 358)
    assert "358×441" in width["zh"]
    assert town.post("/photographs/check", "statistics", **sent(GOOD)).status_code == 403


@pytest.mark.parametrize("content", ["no base64!", "AAA", "相片", ""])
def test_what_is_no_base64_is_told_so(town: Town, content):
    told = town.post("/photographs/check", content=content)
    assert (told.status_code, told.json()["faults"][0]["at"]) == (422, "/content")


def test_a_photograph_is_kept_and_can_complete_an_application(town: Town, album: Media):
    person = town.ids["王甲"]
    told = town.post(f"/persons/{person}/photographs", **sent(GOOD)).json()
    kept = told["kept"]
    assert kept["photo"] == hashlib.sha256(GOOD).hexdigest()
    assert (kept["photo_size"], kept["photo_verdict"]) == (len(GOOD), "passed")
    held = album.digests(UUID(person))
    assert held == {kept["photo"]: MediaType.JPEG, kept["chip_photo"]: MediaType.WEBP}
    town.do("AcceptBaseline", division=town.ids["旌阳区"], document="川府〔2007〕1号")
    town.do("VerifyPersons", persons=[person], document="川府〔2007〕1号")
    one = town.do("AcceptApplication", person=person, apply_reason="12")["application"]
    town.do("CompleteCapture", application=one, **kept)


def test_a_photograph_is_shown_to_who_says_why_and_stands_in_the_query_log(
    town: Town, album: Media
):
    person = town.ids["王甲"]
    digest, prints = album.keep(
        UUID(person), (GOOD, MediaType.JPEG), (b"\0" * 512, MediaType.FEATURES)
    )
    path = f"/persons/{person}/photographs/{digest}"
    told = town.get(path).json()
    assert base64.b64decode(told["content"]) == GOOD
    assert (told["type"], told["size"]) == ("image/jpeg", len(GOOD))
    line = town.services.log.read(about(subject=UUID(person)))[-1]
    assert (line["question"], line["outcome"], line["fields"]) == (
        "photograph",
        "answered",
        "photograph",
    )
    assert town.get(path, "statistics").status_code == 403
    assert town.get(path, area=["510604"]).status_code == 403
    for other in ("0" * 64, prints):
        assert town.get(f"/persons/{person}/photographs/{other}").status_code == 404
    assert town.get(f"/persons/{person}/photographs/no-digest").status_code == 422


def test_a_photograph_with_faults_is_not_kept(town: Town, album: Media):
    person = town.ids["王甲"]
    told = town.post(f"/persons/{person}/photographs", **sent(BAD, looked=True)).json()
    assert told["kept"] is None
    assert album.digests(UUID(person)) == {}


def test_another_area_keeps_no_photograph(town: Town, album: Media):
    path = f"/persons/{town.ids['王甲']}/photographs"
    assert town.post(path, area=["510604"], **sent(GOOD)).status_code == 403
    nobody = "/persons/01890a5d-ac96-774b-bcce-b302099a8057/photographs"
    assert town.post(nobody, **sent(GOOD)).status_code == 404
