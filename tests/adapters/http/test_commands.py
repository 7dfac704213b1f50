"""Commands over HTTP: submissions, batches, faults all at once, tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.http.auth import LOOK_EVERY, issue, new_keys, private_path
from tests.adapters.http.conftest import STATION, Town

PROVINCE: dict[str, Any] = {
    "level": 1,
    "division_code": "510000",
    "division_name": "四川省",
    "on": "1990-01-01",
}


def send(town: Town, body: Any, submission: str | None = None, name: str = "EstablishDivision"):
    headers = {"Authorization": f"Bearer {town.token()}"}
    if submission is not None:
        headers["Submission-Id"] = submission
    return town.client.post(f"/commands/{name}", headers=headers, json=body)


def test_the_same_submission_gets_the_same_answer(empty: Town):
    submission = str(uuid4())
    first, again = send(empty, PROVINCE, submission), send(empty, PROVINCE, submission)
    assert first.status_code == 200
    assert first.json() == again.json()
    other = send(empty, {**PROVINCE, "division_name": "川"}, submission)
    assert (other.status_code, other.json()["code"]) == (409, "submission-reused")


def test_a_refusal_leaves_no_trace_of_its_submission(empty: Town):
    submission = str(uuid4())
    wrong = {**PROVINCE, "level": 2, "parent": str(uuid4())}
    refused = send(empty, wrong, submission)
    assert (refused.status_code, refused.json()["rules"][0]["code"]) == (409, "division-unknown")
    assert set(refused.json()["rules"][0]) == {"code", "message", "law", "remedy"}
    assert send(empty, PROVINCE, submission).status_code == 200


def test_every_fault_is_told_at_once(empty: Town):
    told = send(empty, {"level": 9, "division_name": " ", "on": "1990-13-01", "colour": "red"})
    assert told.status_code == 422
    assert told.headers["content-type"] == "application/problem+json"
    assert {(one["at"], one["code"]) for one in told.json()["faults"]} == {
        ("Submission-Id", "missing"),
        ("/level", "unknown-code"),
        ("/division_name", "invalid"),
        ("/on", "invalid"),
        ("/colour", "unknown-field"),
    }


def test_faults_are_told_where_they_stand_in_nested_fields(empty: Town):
    body = {"movers": [{"person": "x", "relation": "02"}, {}], "declarant": "王"}
    told = send(empty, body, str(uuid4()), "ChangeAddress")
    assert {one["at"] for one in told.json()["faults"]} == {
        "/movers/0/person",
        "/movers/1/person",
        "/movers/1/relation",
    }


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", {}, 422, "malformed"),
        (b"\xff", {}, 422, "malformed"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "wrong-media-type"),
        (b" " * (1 << 21), {}, 413, "too-large"),
    ],
)
def test_what_is_not_a_body_is_said_to_be_none(
    empty: Town, content: bytes, headers: dict[str, str], status: int, code: str
):
    told = empty.client.post(
        "/commands/MoveOut",
        headers={**empty.headers(), "Submission-Id": str(uuid4()), **headers},
        content=content,
    )
    assert (told.status_code, told.json()["code"]) == (status, code)


def test_a_batch_answers_each_item_for_itself(empty: Town):
    child = {"level": 2, "division_name": "德阳市", "on": "1990-01-01", "parent": str(uuid4())}
    items = [
        {"submission": str(uuid4()), "command": "EstablishDivision", "fields": PROVINCE},
        {"submission": str(uuid4()), "command": "EstablishDivision", "fields": child},
        {"submission": str(uuid4()), "command": "EstablishDivision", "fields": {}},
        {"submission": "x", "command": "Nothing"},
        7,
    ]
    items.append(items[0])
    told = empty.client.post("/commands", headers=empty.headers(), json=items)
    assert [one["status"] for one in told.json()] == [200, 409, 422, 422, 422, 200]
    assert told.json()[0] == told.json()[5]
    assert {one["at"] for one in told.json()[3]["problem"]["faults"]} == {
        "/fields",
        "/submission",
        "/command",
    }


def test_a_command_is_for_its_roles(empty: Town):
    headers = {**empty.headers("station"), "Submission-Id": str(uuid4())}
    told = empty.client.post("/commands/EstablishDivision", headers=headers, json=PROVINCE)
    assert (told.status_code, told.json()["code"]) == (403, "forbidden")


def test_nobody_acts_without_a_valid_token(empty: Town, tmp_path: Path):
    other = tmp_path / "other.json"
    new_keys(other)
    claims: dict[str, Any] = {
        "sub": "李",
        "office": STATION,
        "roles": [],
        "area": None,
        "aud": "registry",
    }
    key = Ed25519PrivateKey.generate()
    known = json.loads(Path(empty.settings.keys).read_text())["keys"][0]["kid"]
    told: dict[str, Any] = {
        "officer": "李",
        "office": STATION,
        "roles": ["station"],
        "now": empty.clock.now,
    }
    for header in (
        None,
        "Basic abc",
        "Bearer",
        "Bearer abc",
        "Bearer " + "a" * 5_000,
        "Bearer " + issue(other, **told),
        "Bearer " + issue(empty.settings.keys, **told, days=-1),
        "Bearer " + jwt.encode({**claims, "exp": 9**9}, "", algorithm="none"),
        "Bearer " + jwt.encode(claims | {"exp": 9**9}, key, "EdDSA", {"kid": known}),
        "Bearer " + jwt.encode(claims | {"exp": 9**9}, "a" * 32, "HS256", {"kid": known}),
    ):
        headers = {} if header is None else {"Authorization": header}
        told_back = empty.client.get("/places", headers=headers)
        assert told_back.status_code == 401, header
        assert told_back.headers["www-authenticate"].startswith("Bearer")
        assert told_back.json()["code"] == "unauthorized"


def test_a_token_ends_with_its_time(empty: Town):
    headers = {
        "Authorization": "Bearer "
        + issue(
            empty.settings.keys,
            officer="李",
            office=STATION,
            roles=["station"],
            now=empty.clock.now,
        )
    }
    path = "/places?code=510603"
    assert empty.client.get(path, headers=headers).status_code == 200
    empty.clock.goes_on(24 * 3600)
    assert empty.client.get(path, headers=headers).status_code == 401


def test_a_key_that_is_taken_away_opens_nothing(empty: Town, tmp_path: Path):
    path = tmp_path / "keys.json"
    new_keys(path)
    ring = type(empty.services.keys)(path, empty.clock)
    token = issue(path, officer="李", office=STATION, roles=["station"], now=empty.clock.now)
    assert ring.authority(f"Bearer {token}").officer == "李"
    path.write_text('{"keys": []}')
    empty.clock.goes_on(LOOK_EVERY / 1_000_000)
    with pytest.raises(Exception, match="not known here"):
        ring.authority(f"Bearer {token}")
    assert private_path(path).stat().st_mode & 0o077 == 0


def test_addresses_that_do_not_exist_are_problems_too(empty: Town):
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/commands/MoveOut", 405),
        ("DELETE", "/feed", 405),
    ):
        told = empty.client.request(method, path)
        assert told.status_code == status
        assert told.headers["content-type"] == "application/problem+json"
