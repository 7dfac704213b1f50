"""Keys of cards: published answers, and what a file of them must not be."""

from __future__ import annotations

import logging

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from adapters.card.keys import (
    APPENDING,
    MAKING,
    SoftwareKeys,
    derived,
    diversification,
    new_master,
    open_keys,
)
from registry.errors import Unavailable

SERIAL = bytes.fromhex("0102030405060708")


def cmac(key: bytes, content: bytes) -> bytes:
    """AES-CMAC, as the answers published for it say."""
    code = CMAC(AES(key))
    code.update(content)
    return code.finalize()


def test_cmac_is_that_of_its_publication():
    """RFC 4493, section 4: nothing, and forty bytes."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    forty = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
    )
    assert cmac(key, b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert cmac(key, forty).hex() == "dfa66747de9ae63030ca32611497c827"


def test_cmac_diversifies_as_card_makers_publish_it():
    """NXP AN10922, section 2.2.1: a key of AES-128 for a UID, an application and a system."""
    master = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    told = bytes.fromhex("04782E21801D803042F54E585020416275")
    assert cmac(master, b"\x01" + told).hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


@given(
    master=st.sampled_from([16, 24, 32]).flatmap(
        lambda size: st.binary(min_size=size, max_size=size)
    ),
    use=st.sampled_from([b"ENC", b"MAC", b"DEK"]),
    context=st.binary(min_size=10, max_size=10),
)
def test_a_card_key_is_what_a_counter_and_cmac_come_to(master, use, context):
    bits = (8 * len(master)).to_bytes(2, "big")
    blocks = [cmac(master, bytes([i]) + use + b"\0" + context + bits) for i in (1, 2)]
    assert derived(master, use, context) == b"".join(blocks)[: len(master)]


def test_the_keys_of_a_card_are_these():
    keys = SoftwareKeys({1: bytes(range(16)), 7: bytes(16)})
    found = keys.card_keys(1, diversification(MAKING, SERIAL))
    assert keys.newest == 7
    assert [key.hex() for key in found] == [
        "ac888cec150a9d5db79eea6aad6669d9",
        "a19d0c59722a4a132c10837adfe2b615",
        "d4de6358dbebf585ff11d0f653499679",
    ]


def test_no_two_cards_uses_or_versions_share_a_key():
    keys = SoftwareKeys({1: bytes(range(16)), 2: bytes(16)})
    found = [
        key
        for version in (1, 2)
        for profile in (MAKING, APPENDING)
        for serial in (SERIAL, bytes(8))
        for key in keys.card_keys(version, diversification(profile, serial))
    ]
    assert len(set(found)) == len(found) == 24


def test_a_version_that_is_gone_says_so():
    with pytest.raises(Unavailable, match="version 3"):
        SoftwareKeys({1: bytes(16)}).card_keys(3, diversification(MAKING, SERIAL))


def test_a_file_gains_a_version_and_keeps_the_older_ones(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "cards.keys"
    assert [new_master(path), new_master(path)] == [1, 2]
    keys = open_keys(path)
    assert keys.newest == 2
    assert keys.masters.keys() == {1, 2}
    assert path.stat().st_mode & 0o777 == 0o600
    card = keys.card_keys(2, diversification(MAKING, SERIAL))
    shown = f"{keys} {keys!r} {card} {card!r} {caplog.text}".lower()
    for secret in (*keys.masters.values(), *card):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1].lower() not in shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 00\n", "size"),
        ("0 " + "00" * 16, "version"),
        ("128 " + "00" * 16, "version"),
        ("1 " + "00" * 16 + "\n1 " + "11" * 16, "no version and key"),
        ("1 " + "0" * 33, "no version and key"),
        ("secret", "no version and key"),
        ("", "no master key"),
    ],
)
def test_a_file_that_holds_no_master_keys_is_refused(tmp_path, text, told):
    path = tmp_path / "cards.keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Unavailable, match=told) as unavailable:
        open_keys(path)
    assert "00" * 16 not in str(unavailable.value)


def test_a_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "cards.keys"
    new_master(path)
    path.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        open_keys(path)
    with pytest.raises(Unavailable, match="registry key cards"):
        open_keys(tmp_path / "none.keys")
