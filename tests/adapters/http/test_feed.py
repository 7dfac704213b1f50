"""The feed, health, the meters, and who reads the query log."""

from __future__ import annotations

from threading import Timer

from adapters.http import feed
from tests.adapters.http.conftest import Town


def pages(town: Town, monkeypatch, size: int = 5):
    monkeypatch.setattr(feed, "PAGE", size)
    cursor = None
    while True:
        told = town.get("/feed", "feed", **({} if cursor is None else {"cursor": cursor}))
        assert told.status_code == 200, told.text
        yield told
        if not told.json()["entries"]:
            return
        cursor = told.json()["next"]


def test_the_feed_tells_every_entry_once_and_nothing_private(town: Town, monkeypatch):
    told = list(pages(town, monkeypatch))
    entries = [entry for page in told for entry in page.json()["entries"]]
    assert [one["sequence"] for one in entries] == list(
        range(1, town.services.parts.store.head()[0] + 1)
    )
    text = "".join(page.text for page in told)
    for secret in ("王小", "王甲", town.ids["王小号码"], "李警官"):
        assert secret not in text
    assert {"BirthRegistered", "NumberGiven"} <= {one["event"] for one in entries}


def test_a_full_page_never_changes_and_the_last_one_grows(town: Town, monkeypatch):
    *full, _, empty = pages(town, monkeypatch)
    assert all("immutable" in one.headers["cache-control"] for one in full)
    assert empty.headers["cache-control"] == "private, no-store"
    town.do("ChangeDetails", person=town.ids["王甲"], height_cm=180, declarant="王甲")
    following = town.get("/feed", "feed", cursor=empty.json()["next"]).json()["entries"]
    assert [one["event"] for one in following] == ["DetailsChanged"]
    again = list(pages(town, monkeypatch))
    assert [one.content for one in again[: len(full)]] == [one.content for one in full]


def test_the_feed_is_held_back_until_there_is_news(town: Town):
    *_, last = (town.get("/feed", "feed") for _ in range(1))
    cursor = last.json()["next"]

    def later() -> None:
        town.do("ChangeDetails", person=town.ids["王甲"], height_cm=180, declarant="王甲")

    timer = Timer(0.2, later)
    timer.start()
    told = town.get("/feed", "feed", cursor=cursor, wait=20)
    timer.join()
    assert [one["event"] for one in told.json()["entries"]] == ["DetailsChanged"]


def test_the_feed_is_for_its_role_alone(town: Town):
    assert town.get("/feed", "station", "auditor").status_code == 403
    assert town.get("/feed", "feed", cursor="A" * 20).status_code == 422
    assert town.get(f"/persons/{town.ids['王甲']}", "feed").status_code == 403


def test_it_is_ready_only_while_the_read_models_are_near(town: Town, monkeypatch):
    assert town.client.get("/health/alive").json() == {"alive": True}
    assert town.client.get("/health/ready").json() == {"ready": True, "lag": 0}
    monkeypatch.setattr(type(town.services.projector), "lag", lambda self: 10_001)
    told = town.client.get("/health/ready")
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")
    assert told.headers["retry-after"] == "1"


def test_the_meters_name_routes_and_no_identifiers(town: Town):
    town.get(f"/persons/{town.ids['王甲']}")
    text = town.client.get("/metrics").text
    assert 'registry_requests_total{route="/persons/{person}",status="200"} 1.0' in text
    assert 'registry_projection_lag_entries{projection="persons"} 0.0' in text
    assert town.ids["王甲"] not in text


def test_every_read_of_personal_data_states_why(town: Town):
    headers = town.headers("station")
    del headers["Purpose"]
    path = f"/persons/{town.ids['王甲']}"
    told = town.client.get(path, headers=headers)
    assert [(one["at"], one["code"]) for one in told.json()["faults"]] == [("Purpose", "missing")]
    for purpose, status in (
        ("curiosity", 422),
        ("criminal-case", 422),
        ("criminal-case; case=A2007-12", 200),
        ("criminal-case; case=%E5%85%AC12", 200),
    ):
        told = town.client.get(path, headers={**headers, "Purpose": purpose})
        assert told.status_code == status, told.text


def test_what_was_read_and_what_was_refused_stands_in_the_query_log(town: Town):
    person = town.ids["王小"]
    town.get(f"/persons/{person}", fields="name,sex")
    town.get(f"/persons/{person}", "county", area=["510604"])
    town.get(f"/persons/{person}", valid_on="2000-01-01")
    town.post("/queries/persons-by-number", number=town.ids["王小号码"])
    lines = town.get("/query-log", "log-auditor", subject=person).json()["lines"]
    assert [(one["question"], one["outcome"], one["fields"]) for one in lines[1:]] == [
        ("person", "nothing", ""),
        ("person", "refused", ""),
        ("person", "answered", "name,sex"),
    ]
    assert lines[-1]["purpose"] == "registration"
    by_number = town.post(
        "/queries/query-log-by-number", "log-auditor", number=town.ids["王小号码"]
    ).json()["lines"]
    assert [one["question"] for one in by_number] == ["persons_by_number"]
    assert town.get("/query-log/check", "log-auditor").json()["intact"] is True
    # Whoever watches is watched.
    newest = town.get("/query-log", "log-auditor").json()["lines"][0]
    assert newest["question"] == "query_log_check"


def test_nobody_who_reads_the_register_reads_its_query_log(town: Town):
    for role in ("station", "county", "auditor", "administrator"):
        assert town.get("/query-log", role).status_code == 403


def test_nothing_is_shown_that_cannot_be_logged(town: Town):
    town.services.log.close()
    told = town.get(f"/persons/{town.ids['王甲']}")
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")
