"""Addresses appended to a chip: four slots, each with a seal of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chip import appended
from registry.errors import Malformed
from tests.chip.people import texts
from tests.chip.stamp import Stamp, genuine

SERIAL = bytes.fromhex("0102030405060708")
STREET = appended.encode("旌阳区天山南路一段1号")
SEAL = appended.slot_seal(SERIAL, 2, STREET, Stamp())


@given(addresses=st.lists(texts(35), max_size=4))
def test_addresses_are_read_in_the_order_in_which_they_were_written(addresses):
    file = b"".join(appended.encode(address) for address in addresses).ljust(280, b"\0")
    assert appended.decode(file) == tuple(addresses)
    pencil = [file[at : at + 70].decode("utf-16-le").rstrip() for at in range(0, 280, 70)]
    assert [one for one in pencil if one.strip("\0")] == [one.rstrip() for one in addresses]


def test_an_address_is_these_bytes():
    assert STREET.hex() == "cc6533963a532959715c5753ef8d004eb56b3100f753" + "2000" * 24
    assert len(STREET) == 70
    assert len(SEAL) == 128


def test_an_address_that_does_not_fit_is_refused():
    with pytest.raises(Malformed, match="36 UTF-16 units"):
        appended.encode("路" * 36)


@pytest.mark.parametrize(
    "file",
    [
        bytes(279),
        bytes(70) + STREET + bytes(140),
        b"\x00\xd8" + STREET[2:] + bytes(210),
        STREET[:60] + bytes(10) + bytes(210),
    ],
)
def test_a_file_with_gaps_or_half_addresses_is_not_read(file):
    with pytest.raises(Malformed, match="appended"):
        appended.decode(file)


def test_a_seal_holds_for_one_address_in_one_slot_of_one_chip():
    appended.refuse_unsealed_slot(SERIAL, 2, STREET, SEAL, genuine)
    other = appended.encode("旌阳区天山南路一段2号")
    for wrong in ((SERIAL, 3, STREET), (bytes(8), 2, STREET), (SERIAL, 2, other)):
        with pytest.raises(Malformed, match="not genuine"):
            appended.refuse_unsealed_slot(*wrong, SEAL, genuine)


@given(place=st.integers(0, 127), change=st.integers(1, 255))
def test_a_seal_that_was_changed_is_no_seal(place, change):
    seal = bytearray(SEAL)
    seal[place] ^= change
    with pytest.raises(Malformed):
        appended.refuse_unsealed_slot(SERIAL, 2, STREET, bytes(seal), genuine)
