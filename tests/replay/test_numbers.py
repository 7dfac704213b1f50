"""Numbers by the million are judged as one by one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.codes import divisions
from registry.numbers import FAULTS
from registry.values import CitizenNumber, DivisionCode, check_character, explain_number
from replay.numbers import (
    BITS,
    characters,
    check,
    fault_codes,
    from_arrow,
    right,
    unpack,
    unpack_one,
)

WOMAN = "11010519491231002X"
ADDRESSES = st.sampled_from(["510603", "519001", "510602", "441900", "510601", "000000", "510699"])
BIRTHS = st.one_of(
    st.dates(date(1799, 1, 1), date(2040, 1, 1)).map(lambda day: f"{day:%Y%m%d}"),
    st.from_regex(r"(1[789]|20)[0-9]{2}[01][0-9][0-3][0-9]", fullmatch=True),
    st.sampled_from(["20000229", "19000229", "20040229", "20030229", "00000000", "99991231"]),
)
SEQUENCES = st.from_regex(r"[0-9]{3}|000", fullmatch=True)
DAYS = st.none() | st.dates(date(1990, 1, 1), date(2030, 1, 1))


@st.composite
def numbers(draw):
    """Numbers with the right last character, mostly; and such with a few characters spoiled."""
    digits = draw(ADDRESSES) + draw(BIRTHS) + draw(SEQUENCES)
    text = digits + draw(st.sampled_from([check_character(digits)] * 3 + list("0Xx")))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, 17))
        spoiled = draw(st.sampled_from("0123456789XxA \0é字\ud800"))
        text = text[:place] + spoiled + text[place + 1 :]
    end = draw(st.sampled_from([18, 18, 18, 17, 15]))
    return text[:end] + draw(st.sampled_from(["", "", "1"]))


TEXTS = st.one_of(numbers(), st.text(max_size=20), st.from_regex(r"[0-9]{15}", fullmatch=True))


def laid_out(texts):
    return characters(text.encode("utf-8", "surrogatepass") for text in texts)


def pencil(text: str, today: date | None) -> tuple[int, int]:
    """What one writes by hand about a number: its fault bits and its packed field."""
    codes = [fault.code for fault in explain_number(text, today)]
    flags = sum(1 << list(FAULTS).index(code) for code in codes)
    if {"length", "fifteen-digits", "characters"} & {*codes}:
        return flags, 0
    parts = [
        (int(not codes or codes == ["address-code-newer"]), 1),
        *((int(text[a:b]), bits) for a, b, bits in [(0, 6, 20), (6, 10, 14), (10, 12, 7)]),
        *((int(text[a:b]), bits) for a, b, bits in [(12, 14, 7), (14, 17, 10)]),
        ("0123456789Xx".index(text[17]) + 1, 4),
    ]
    field = "".join(f"{value:0{bits}b}" for value, bits in parts)
    assert len(field) == 63
    return flags, int(field, 2)


@given(texts=st.lists(TEXTS, max_size=20), today=DAYS, tolerate=st.booleans())
@settings(deadline=None)
def test_the_kernel_judges_like_the_rule(texts, today, tolerate):
    book = divisions()
    try:
        book.tolerate_newer = tolerate
        found = check(laid_out(texts), today)
        expected = [pencil(text, today) for text in texts]
    finally:
        book.tolerate_newer = False
    assert list(zip(found.faults.tolist(), found.packed.tolist(), strict=True)) == expected


@pytest.mark.parametrize("code", BITS)
def test_every_fault_can_be_found(code, monkeypatch):
    examples = {
        "length": "5106032004022900",
        "fifteen-digits": "510603040229002",
        "characters": "5106032004O229002X",
        "lower-case-x": "51060320040229002x",
        "address-code": "000000200401010012",
        "address-code-newer": "51069920200101001" + check_character("51069920200101001"),
        "birth-date": "510603200302290022",
        "birth-in-future": "51060320040229002X",
        "sequence-000": "510603200401010006",
        "check-character": "510603200402290021",
    }
    monkeypatch.setattr(divisions(), "tolerate_newer", code == "address-code-newer")
    today = date(2004, 1, 1) if code == "birth-in-future" else None
    found = check(laid_out([examples[code], WOMAN]), today)
    assert [fault_codes(flags) for flags in found.faults.tolist()] == [(code,), ()]
    assert right(found.faults).tolist() == [code == "address-code-newer", True]


@given(st.lists(numbers(), max_size=20))
@settings(deadline=None)
def test_a_packed_number_reads_back_as_it_was_written(texts):
    packed = check(laid_out(texts)).packed
    for text, field, row in zip(texts, packed.tolist(), unpack(packed), strict=True):
        whole = (
            len(text) == 18
            and text.isascii()
            and text[:17].isdigit()
            and text[17] in ("0123456789Xx")
        )
        assert unpack_one(field) == (text if whole else None)
        assert row.tobytes() == (text.encode() if whole else bytes(18))
        assert 0 <= field < 1 << 63


def test_packed_numbers_that_are_right_come_after_all_others_and_in_their_own_order():
    made = [
        CitizenNumber.compose(DivisionCode(code), day, sequence)
        for code in ("220102", "510603")
        for day in (date(1960, 12, 31), date(2004, 2, 29))
        for sequence in (1, 2, 999)
    ]
    packed = check(laid_out(["999999200401010010", *made])).packed
    assert np.all(np.diff(packed) > 0)


@given(
    st.lists(st.none() | TEXTS.filter(lambda text: "\ud800" not in text), max_size=20), st.data()
)
@settings(deadline=None)
def test_a_column_of_arrow_is_read_where_it_lies(texts, data):
    kind = data.draw(st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]))
    first = data.draw(st.integers(0, len(texts)))
    expected = laid_out([text or "" for text in texts[first:]])
    column = pa.array(texts, pa.string()).cast(kind)
    for one in (column.slice(first), pa.chunked_array([column.slice(first)])):
        assert from_arrow(one).tobytes() == expected.tobytes()


def test_no_number_at_all_is_judged_too():
    for nothing in (characters([]), from_arrow(pa.array([], pa.string()))):
        assert nothing.shape == (0, 18)
        assert check(nothing).faults.size == 0
        assert unpack(check(nothing).packed).shape == (0, 18)


def test_codes_that_a_configuration_adds_are_known_to_the_kernel(monkeypatch):
    text = "51069920200101001" + check_character("51069920200101001")
    assert fault_codes(int(check(laid_out([text])).faults[0])) == ("address-code",)
    book = divisions()
    monkeypatch.setattr(book, "listings", dict(book.listings))
    monkeypatch.setattr(book, "edition", book.edition + 1000)
    book.add(
        [
            {
                "code": "510699",
                "name_zh": "新",
                "level": "county",
                "first_year": "2020",
                "last_year": "",
            }
        ]
    )
    assert fault_codes(int(check(laid_out([text])).faults[0])) == ()
