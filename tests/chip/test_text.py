"""The text of a chip, against frozen bytes and a reader that shares no code with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chip.text import Holder, decode, encode, faults, kinds, places
from registry.errors import Malformed
from tests.chip.people import WANG, days, holders, texts
from tests.chip.reader import joined, resident

#: The block of WANG, field by field.
GOLDEN = "".join(
    [
        *("8b73c0797051", " 2000" * 12),
        *("3200", "30003100", "31003900340039003100320033003100"),
        *("db56dd5d0177f57ef97a025e5152575347955753698fef8d31003200f753", " 2000" * 20),
        "310031003000310030003500310039003400390031003200330031003000300032005800",
        *("f57ef97a025e6c51895b405c", " 2000" * 9),
        "32003000300035003000310031003200",
        *("7f951f67", " 2000" * 6),
        " 2000" * 18,
    ]
).replace(" ", "")

PERMIT = {
    "name": "陈大文",
    "sex": "1",
    "birth_date": "19800229",
    "address": "广东省深圳市福田区深南大道1号",
    "number": "810000198002290015",
    "authority": "深圳市公安局",
    "valid_from": "20180901",
    "valid_until": "20230901",
    "pass_number": "H12345678",
    "issue_count": "01",
}
FOREIGNER = {
    "english_name": "DOE, JANE",
    "sex": "2",
    "number": "USA110085010110",
    "country": "USA",
    "valid_from": "20170616",
    "valid_until": "20270616",
    "birth_date": "19850101",
    "version": "01",
    "authority": "1500",
}


def test_the_block_of_a_card_for_life_is_these_bytes():
    assert WANG.text().hex() == GOLDEN
    assert Holder.read(bytes.fromhex(GOLDEN)) == WANG


@given(holder=holders)
def test_what_was_written_is_read_back(holder):
    assert Holder.read(holder.text()) == holder


@given(holder=holders)
def test_a_reader_of_others_reads_the_same(holder):
    block = holder.text()
    seen = resident(block)
    assert len(block) == 256
    assert joined(seen["xm"]) == holder.name
    assert joined(seen["dzmc"]) == holder.address
    assert joined(seen["qfjgmc"]) == holder.authority
    assert (seen["xbdm"], seen["mzdm"]) == (str(int(holder.sex)), holder.nationality)
    assert seen["gmsfhm"] == holder.number
    assert seen["csrq"] == f"{holder.birth_date:%Y%m%d}"
    assert seen["yxqqsrq"] == f"{holder.valid_from:%Y%m%d}"
    until = "长期      " if holder.valid_until is None else f"{holder.valid_until:%Y%m%d}"
    assert seen["yxqjzrq"] == until
    assert seen["ylqy"] == " " * 18


@pytest.mark.parametrize("kind", ["resident", "permit", "foreigner_2017", "foreigner_2023"])
def test_each_kind_of_document_fills_the_block_and_has_a_mark_of_its_own(kind):
    assert sum(place.units for place in places(kind)) == 128
    (mark,) = (place for place in places(kind) if place.is_mark)
    assert mark.offset == 248
    assert kinds()[mark.mark] == kind


FORMATS = {
    "text": texts,
    "digits": lambda units: st.text("0123456789", min_size=units, max_size=units),
    "exact": lambda units: st.text("0123456789ABCXYZ", min_size=units, max_size=units),
    "day": lambda units: days.map(lambda day: f"{day:%Y%m%d}"),
    "last_day": lambda units: days.map(lambda day: f"{day:%Y%m%d}") | st.just("长期"),
}


@given(kind=st.sampled_from(sorted(kinds().values())), data=st.data())
def test_whatever_a_kind_of_document_says_is_read_back(kind, data):
    fields = {
        place.field: data.draw(FORMATS[place.format](place.units), place.field)
        for place in places(kind)
        if place.field and (place.required or data.draw(st.booleans()))
    }
    assert decode(encode(kind, fields)) == (kind, fields)


@pytest.mark.parametrize(
    ("kind", "fields", "mark"), [("permit", PERMIT, "J"), ("foreigner_2017", FOREIGNER, "I")]
)
def test_other_documents_are_rows_of_the_table(kind, fields, mark):
    block = encode(kind, fields)
    assert block[248:250].decode("utf-16-le") == mark
    assert decode(block) == (kind, fields)


@given(block=st.binary(min_size=250, max_size=260) | st.just(bytes.fromhex(GOLDEN)), data=st.data())
def test_a_block_is_read_only_if_it_is_what_would_be_written(block, data):
    where = data.draw(st.integers(0, len(block) - 1))
    changed = bytearray(block)
    changed[where] ^= data.draw(st.integers(0, 255))
    try:
        kind, fields = decode(bytes(changed))
    except Malformed:
        return
    assert encode(kind, fields) == changed


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("name", "阿" * 16, "too-long"),
        ("name", "𠮷" * 8, "too-long"),
        ("name", "王\ud842", "no-text"),
        ("name", "王\u0007", "no-text"),
        ("name", "王\uffff", "no-text"),
        ("name", "王\ufdd0", "no-text"),
        ("name", "王\U0002fffe", "no-text"),
        ("name", "王\u2028兰", "no-text"),
        ("name", "王 ", "margin"),
        ("name", "", "missing"),
        ("address", "路" * 36, "too-long"),
        ("authority", "局" * 16, "too-long"),
        ("number", "11010519491231002", "format"),
        ("number", "11010519491231002x", "format"),
        ("sex", "男", "format"),
        ("nationality", "1", "format"),
        ("birth_date", "20050229", "no-day"),
        ("birth_date", "２００５0101", "no-day"),
        ("birth_date", "长期", "no-day"),
        ("valid_until", "长 期", "no-day"),
    ],
)
def test_what_does_not_fit_is_named_with_its_field(field, text, code):
    assert [(fault.at, fault.code) for fault in faults(**{field: text})] == [(field, code)]
    assert text not in faults(**{field: text})[0].message or not text


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "𠮷" * 7 + "家"),
        ("name", "阿卜杜拉·艾合麦提"),
        ("name", "王\ue123"),
        ("address", "路" * 35),
        ("valid_until", "长期"),
    ],
)
def test_what_fits_is_let_pass(field, text):
    assert faults(**{field: text}) == ()


def test_every_fault_of_a_holder_is_told_at_once():
    holder = replace(WANG, name="阿" * 16, address="路" * 36, authority="")
    with pytest.raises(Malformed) as malformed:
        holder.text()
    assert [fault.at for fault in malformed.value.faults] == ["address", "authority", "name"]


def test_fields_that_a_document_does_not_have_are_refused():
    with pytest.raises(Malformed, match="blood: is no field of resident"):
        encode("resident", {"blood": "1"})


def test_a_block_of_another_document_is_no_resident():
    with pytest.raises(Malformed, match="that of a permit"):
        Holder.read(encode("permit", PERMIT))


@pytest.mark.parametrize("mark", ["K", "\ud800"])
def test_a_mark_that_nobody_knows_is_not_guessed(mark):
    block = bytearray(WANG.text())
    block[248:250] = mark.encode("utf-16-le", "surrogatepass")
    with pytest.raises(Malformed, match="tells no kind of document"):
        decode(bytes(block))


def test_something_in_the_reserve_is_not_passed_over():
    block = bytearray(WANG.text())
    block[222:224] = "密".encode("utf-16-le")
    with pytest.raises(Malformed, match="blank"):
        decode(bytes(block))


def test_a_number_that_nobody_can_have_is_not_read_as_one():
    block = bytearray(WANG.text())
    block[122:124] = "9".encode("utf-16-le")
    with pytest.raises(Malformed, match="no identity number") as malformed:
        Holder.read(bytes(block))
    assert "194912" not in str(malformed.value)


def test_a_leap_day_is_a_day():
    assert faults(birth_date="20040229") == ()
    assert Holder.read(replace(WANG, birth_date=date(2004, 2, 29)).text()).birth_date.day == 29


@given(name=texts(40))
def test_a_name_fits_exactly_when_its_units_do(name):
    fits = len(name.encode("utf-16-le")) <= 30
    assert (faults(name=name) == ()) == fits
