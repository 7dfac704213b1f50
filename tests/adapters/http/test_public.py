"""What the public may read without a token; lists about cards and papers that officers print."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from adapters.calling import Lack, lack
from adapters.http.public import NAMES
from registry.days import day_at
from tests.adapters.http.conftest import MORNING, Town

TODAY = day_at(MORNING)
THERE = ["510604"]


def test_fees_and_time_limits_are_public_and_cite_their_documents(town: Town):
    told = town.client.get("/public/cards").json()
    fees = {one["class"]: one for one in told["fees"]}
    assert (fees["issue"]["yuan"], fees["lost"]["yuan"]) == (20, 40)
    assert "issue_first_free" not in fees, "that is so from 2018 on"
    assert all(one["document"] for one in (*told["fees"], *told["limits"]))
    assert {one["name"] for one in told["limits"]} == set(NAMES)
    page = town.client.get("/public").text
    assert all(words in page for words in ("20 元", "60 日", "长期", "丢失补领"))


def test_whoever_is_of_age_without_a_card_is_called_up_until_he_applies(town: Town):
    place, one = town.ids["旌阳区"], town.ids["王甲"]
    path = f"/places/{place}/card-call-up"

    def called(**more):
        return {each["person"]: each for each in town.get(path, **more).json()["called_up"]}

    told = called()[one]
    assert (told["lacks"], told["of_age_on"]) == ("first", "1986-01-01")
    assert one not in called(to_age=36)
    assert one in called(from_age=37, to_age=37)
    town.do("AcceptBaseline", division=place, document="B1")
    town.do("VerifyPersons", persons=[one], document="B1")
    made = town.do("AcceptApplication", person=one, apply_reason="12", documents=["111"])
    assert one not in called()
    form = town.get(f"/card-applications/{made['application']}/form").json()["form"]
    assert (form["items"]["name"], form["applied_on"]) == ("王甲", str(TODAY))
    assert town.get(path, "county", area=THERE).status_code == 403


HELD = {"id": "a card", "card_kind": "2", "state": "93", "term_until": TODAY}


@pytest.mark.parametrize(
    ("cards", "why"),
    [
        ([], Lack.FIRST),
        ([HELD], None),
        ([{**HELD, "term_until": None}], None),
        ([{**HELD, "term_until": TODAY.replace(year=2006)}], Lack.EXPIRED),
        ([{**HELD, "state": "94"}], Lack.LOST),
        ([{**HELD, "state": "95"}], Lack.GONE),
        ([{**HELD, "card_kind": "1"}], Lack.EXCHANGE),
        ([{**HELD, "card_kind": "4", "state": None}], Lack.FIRST),
        ([{**HELD, "state": "03"}, {**HELD, "card_kind": "1"}], None),
        ([{**HELD, "state": "95"}, {**HELD, "card_kind": "1"}], Lack.EXCHANGE),
    ],
)
def test_what_somebody_lacks_follows_from_the_cards_there_are(cards, why):
    applications: list[Any] = [SimpleNamespace(**one) for one in cards]
    found = lack(applications, TODAY)
    assert (found and found[0]) == why


def test_papers_say_what_the_register_says(town: Town):
    one = town.ids["王甲"]
    form = town.get(f"/persons/{one}/form").json()["form"]
    assert (form["items"]["name"], form["brought_by"]) == ("王甲", "户籍补录")
    headers = {**town.headers("station"), "Accept": "text/html"}
    page = town.client.get(f"/persons/{one}/form", headers=headers)
    assert page.headers["content-type"].startswith("text/html")
    assert "常住人口登记表" in page.text
    booklet = town.get(f"/households/{form['household']}/booklet").json()["booklet"]
    assert booklet["head"] == "王甲"
    assert booklet["pages"][0]["items"]["name"] == "王甲"
    for path in (f"/persons/{one}/form", f"/households/{form['household']}/booklet"):
        assert town.get(path, "county", area=THERE).status_code == 403
        assert town.get(path, "reader").status_code == 403, "who may not see the timeline either"
