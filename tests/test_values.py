"""Values: an identity number, a name, a paper's number are valid or they are not there."""

from __future__ import annotations

import copy
import pickle
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.codes import divisions
from registry.values import (
    EPOCH,
    CitizenNumber,
    DivisionCode,
    HouseholdNumber,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    PaperNumber,
    PlateNumber,
    Sex,
    Text,
    check_character,
    comparison_key,
    day_number,
    day_of,
    explain_number,
    masked,
)

WOMAN = "11010519491231002X"  # the sample of GB 11643-1999, annex A
RIGHT = {
    WOMAN: "annex A of GB 11643-1999, a woman",
    "440524188001010014": "annex A of GB 11643-1999, a man born in 1880",
    "51060219600101001X": "a code of 1984 to 1995, born long before it",
    "51060320040229002X": "born on 29 February",
    "519001199001010012": "a code of 1988 to 1994",
    "222401197905060028": "an autonomous prefecture",
    "220102196001010013": "a code first listed in 1980, born before",
    "510683199912319992": "the last male sequence code",
    "510683199912319984": "the last female sequence code",
    "510601199001010017": "a heading, which stands in old numbers",
}
WRONG = {
    "510603200402290021": ["check-character"],
    "510603200302290022": ["birth-date"],
    "510603200413010011": ["birth-date"],
    "51060320040229002x": ["lower-case-x"],
    "5106032004022900": ["length"],
    "000000200401010012": ["address-code"],
    "510603040229002": ["fifteen-digits"],
    "510603200401010006": ["sequence-000"],
    "": ["length"],
    "51060304022900A": ["length"],
    "5106032004O229002X": ["characters"],
    "51060320040229002*": ["characters"],
    "5106032004022900\u0662X": ["characters"],  # a digit, but not one of ours
    "０" * 18: ["characters"],
    "510603200402290021 ": ["length"],
    "510603179912310019": ["birth-date", "check-character"],
    "000000200302300000": ["address-code", "birth-date", "sequence-000", "check-character"],
    "00000020030230000x": [
        *("lower-case-x", "address-code", "birth-date", "sequence-000", "check-character")
    ],
    "00000020030230000A": ["characters", "address-code", "birth-date", "sequence-000"],
}


def codes_of(text, today=None):
    return [fault.code for fault in explain_number(text, today)]


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_number_is_taken(text):
    assert explain_number(text) == ()
    assert CitizenNumber(text) == text


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_number_is_refused_and_every_fault_named(text):
    assert codes_of(text) == WRONG[text]
    with pytest.raises(ValueError, match="is no identity number: "):
        CitizenNumber(text)


def test_a_number_tells_its_parts():
    number = CitizenNumber(WOMAN)
    assert number.address_code == DivisionCode("110105")
    assert number.address_code.name_on(date(2004, 1, 1)) == "朝阳区"
    assert (number.birth_date, number.sequence) == (date(1949, 12, 31), 2)
    assert number.sex is Sex.FEMALE
    assert CitizenNumber("440524188001010014").sex is Sex.MALE
    assert number.masked == "**************002X"


def test_the_right_last_character_is_named_and_nothing_else_of_the_number():
    (fault,) = explain_number("510603200402290021")
    assert fault.message.startswith("its last character should be X and not 1")
    with pytest.raises(ValueError, match="should be X") as refused:
        CitizenNumber("510603200402290021")
    assert "**************0021" in str(refused.value)
    for text in WRONG:
        with pytest.raises(ValueError) as refused:  # noqa: PT011, its text is what is tested
            CitizenNumber(text)
        assert not text[:6] or text[:6] not in str(refused.value)
        assert not text[6:14] or text[6:14] not in str(refused.value)


def test_sequence_000_is_a_warning_on_import_and_still_no_number():
    (fault,) = explain_number("510603200401010006")
    assert (fault.code, fault.severity) == ("sequence-000", "warning")
    assert {one.severity for one in explain_number("000000200302300011")} == {"error"}


def test_a_birth_after_today_is_a_fault_where_today_is_known():
    today = date(2004, 2, 28)
    assert codes_of("51060320040229002X", today) == ["birth-in-future"]
    assert codes_of("51060320040229002X", date(2004, 2, 29)) == []


def test_a_newer_code_is_a_warning_only_where_the_configuration_allows(monkeypatch):
    """A division founded after the newest list is not known here; births tell that it may be so."""
    newer, older = (
        compose_any("510699", "20200101", "001"),
        compose_any("510699", "20191231", "001"),
    )
    assert codes_of(newer) == codes_of(older) == ["address-code"]
    monkeypatch.setattr(divisions(), "tolerate_newer", True)
    (fault,) = explain_number(newer)
    assert (fault.code, fault.severity) == ("address-code-newer", "warning")
    assert CitizenNumber(newer) == newer
    assert codes_of(older) == ["address-code"]
    monkeypatch.undo()
    with pytest.raises(ValueError, match="never were a division's code"):
        CitizenNumber(newer)
    assert CitizenNumber.recorded(newer).birth_date == date(2020, 1, 1)


def compose_any(address: str, birth: str, sequence: str) -> str:
    digits = address + birth + sequence
    return digits + check_character(digits)


@given(day=st.dates(date(1800, 1, 1), date(2199, 12, 31)), sequence=st.integers(1, 999))
def test_a_composed_number_is_right_and_tells_what_it_was_made_of(day, sequence):
    number = CitizenNumber.compose(DivisionCode("510603"), day, sequence)
    assert explain_number(number) == ()
    assert (number.address_code, number.birth_date, number.sequence) == ("510603", day, sequence)
    assert number.sex is (Sex.MALE if sequence % 2 else Sex.FEMALE)
    assert (
        sum(int(c, 11) * 2**i for i, c in enumerate(reversed(number.replace("X", "A")))) % 11 == 1
    )


@given(st.data())
def test_one_wrong_character_and_two_swapped_neighbours_are_always_found(data):
    """ISO 7064 MOD 11-2 finds them all."""
    text = data.draw(st.sampled_from(list(RIGHT)))
    place = data.draw(st.integers(0, 16))
    other = data.draw(st.sampled_from("0123456789"))
    assume(other != text[place])
    assert "check-character" in codes_of(text[:place] + other + text[place + 1 :])
    if text[place] != text[place + 1] and text[place + 1] != "X":
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        assert "check-character" in codes_of(swapped)


@given(st.one_of(st.text(), st.text("0123456789Xx", min_size=14, max_size=19)))
def test_a_number_can_be_made_exactly_where_there_is_no_fault(text):
    if explain_number(text):
        with pytest.raises(ValueError, match="is no identity number"):
            CitizenNumber(text)
    else:
        assert CitizenNumber(text) == text


@pytest.mark.parametrize("sequence", [0, 1000, -1])
def test_sequence_codes_go_from_001_to_999(sequence):
    with pytest.raises(ValueError, match="001 to 999"):
        CitizenNumber.compose(DivisionCode("510603"), date(2004, 2, 29), sequence)


@pytest.mark.parametrize("address", ["000000", "510601", "510600"])
def test_no_new_number_is_composed_for_what_is_no_county(address):
    with pytest.raises(ValueError, match="take a county's code"):
        CitizenNumber.compose(DivisionCode(address), date(2004, 2, 29), 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("110105491231002", "11010519491231002X"),
        ("510602600101001", "51060219600101001X"),
        ("440524800101999", "440524188001019991"),
        ("440524800101996", "440524188001019967"),
        ("440524800101001", "440524198001010013"),
        ("440524800101995", "440524198001019958"),
    ],
)
def test_an_old_number_gets_its_century_and_a_check_character(old, new):
    """GB 11643-1989 kept sequence codes 996 to 999 for people over a hundred."""
    assert CitizenNumber.from_15(old) == new


@pytest.mark.parametrize("text", ["", "11010549123100", "11010519491231002X", "11010549123100X"])
def test_only_fifteen_digits_are_an_old_number(text):
    with pytest.raises(ValueError, match="has 15 digits"):
        CitizenNumber.from_15(text)


def test_an_old_number_of_an_impossible_day_stays_what_it_is():
    with pytest.raises(ValueError, match="no day"):
        CitizenNumber.from_15("510603030229002")


@pytest.mark.parametrize("digits", ["", "1101051949123100", "1101051949123100X", "1" * 18])
def test_a_check_character_is_that_of_seventeen_digits(digits):
    with pytest.raises(ValueError, match="seventeen digits"):
        check_character(digits)


def test_a_mask_never_shows_a_short_text():
    assert masked("12345678") == "********"
    assert masked("123456789") == "*****6789"


@pytest.mark.parametrize(
    "value",
    [
        CitizenNumber(WOMAN),
        DivisionCode("510603"),
        OfficeCode("510603000001"),
        Name("张三"),
        PaperNumber("CZ-0042"),
        Nationality("01"),
    ],
)
def test_a_value_is_its_text_and_survives_copying(value):
    assert value == str(value)
    assert hash(value) == hash(str(value))
    for other in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert other == value
        assert type(other) is type(value)


@pytest.mark.parametrize("text", ["", "51060", "5106033", "51060a", "51060\u0663", " 51060"])
def test_a_division_code_has_six_digits(text):
    with pytest.raises(ValueError, match="has six digits"):
        DivisionCode(text)


def test_an_office_code_has_twelve_digits_and_starts_with_its_county():
    assert OfficeCode("510603000001").division == DivisionCode("510603")
    with pytest.raises(ValueError, match="has twelve digits"):
        OfficeCode("510603")


@pytest.mark.parametrize(
    "text",
    [
        "张三",
        "欧阳娜娜",
        "阿卜杜拉·买买提",
        "Anna Maria",
        "\U00020bb7野",  # beyond the first plane
        "\ue1a3",  # private use, as systems of 2004 wrote rare characters
        "\U00032000",  # a character of a later Unicode
        "葛\U000e0100",  # with a variation selector
        "e\u0301",  # not composed, and left so
        "字" * 50,
    ],
)
def test_a_name_is_kept_exactly_as_received(text):
    assert list(map(ord, Name(text))) == list(map(ord, text))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to 50 characters, not 0"),
        ("字" * 51, "1 to 50 characters, not 51"),
        (" 张三", "white space"),
        ("张三\u3000", "white space"),
        ("张\t三", r"must not contain U\+0009"),
        ("张\x7f三", r"must not contain U\+007F"),
        ("张\ud800三", r"must not contain U\+D800"),
        ("张\u2028三", r"must not contain U\+2028"),
        ("张\x00三", r"must not contain U\+0000"),
    ],
)
def test_a_name_hides_nothing(text, why):
    with pytest.raises(ValueError, match=f"a name .*{why}"):
        Name(text)


@pytest.mark.parametrize(
    ("kind", "limit"),
    [(Name, 50), (Text, 200), (Officer, 40), (HouseholdNumber, 9), (PlateNumber, 40)],
)
def test_lines_have_their_limits_in_code_points(kind, limit):
    assert kind("\U00020bb7" * limit)
    with pytest.raises(ValueError, match=f"1 to {limit} characters"):
        kind("字" * (limit + 1))


@pytest.mark.parametrize("text", ["", "川字7号", "A B", "A" * 41, "A_1", "A\n"])
def test_a_papers_number_is_digits_letters_and_hyphens(text):
    with pytest.raises(ValueError, match="1 to 40 digits, letters"):
        PaperNumber(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提"),
        ("阿卜杜拉·买买提", "阿卜杜拉・买买提"),
        ("阿卜杜拉·买买提", "阿卜杜拉 · 买买提"),
        ("Anna Maria", "ＡＮＮＡ\u3000ＭＡＲＩＡ"),
        ("葛\U000e0100", "葛"),
        ("\uf900", "\u8c48"),  # a compatibility form and its character
        ("e\u0301va", "\u00e9va"),
        ("张\u200d三", "张三"),
    ],
)
def test_two_writings_of_a_name_compare_equal_and_stay_two(one, other):
    assert comparison_key(one) == comparison_key(other)
    assert Name(one) != Name(other)


def test_different_names_compare_different():
    assert len({comparison_key(name) for name in ("张三", "章三", "张叁", "張三")}) == 4


@given(st.dates(date(1800, 1, 1)))
def test_days_count_from_1880(day):
    assert day_of(day_number(day)) == day
    assert day_number(EPOCH) == 0
    assert day_number(date(1879, 12, 31)) == -1
