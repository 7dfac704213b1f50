"""Signatures on chips: published answers, a change of keys, and what is not genuine."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.card.signatures import (
    SoftwareSigner,
    Verifier,
    key_id,
    new_signer,
    open_signers,
    open_verifier,
)
from registry.chip.image import Image, token
from registry.errors import Malformed, Unavailable
from tests.chip.people import WANG
from tests.chip.test_image import APPLICATION, PHOTOGRAPH, SERIAL

#: RFC 6979, appendix A.2.5: the private key, and signatures of two texts with SHA-256.
SECRET = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
ANSWERS = {
    b"sample": "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    b"test": "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
}
SIGNER = SoftwareSigner(ec.derive_private_key(SECRET, ec.SECP256R1()))
VERIFY = Verifier({SIGNER.key_id: SIGNER.key.public_key()})


@pytest.mark.parametrize("content", ANSWERS)
def test_a_signature_is_that_of_its_publication(content):
    assert SIGNER.sign(content).hex().upper() == ANSWERS[content]
    assert VERIFY(1, SIGNER.key_id, content, bytes.fromhex(ANSWERS[content]))


def test_the_id_of_a_key_is_of_its_public_half():
    assert SIGNER.key_id == key_id(SIGNER.key.public_key())
    assert len(SIGNER.key_id) == 8


@settings(max_examples=40)
@given(content=st.binary(max_size=300), place=st.integers(0, 63), change=st.integers(1, 255))
def test_nothing_else_is_genuine(content, place, change):
    signature = SIGNER.sign(content)
    changed = bytearray(signature)
    changed[place] ^= change
    assert VERIFY(1, SIGNER.key_id, content, signature)
    assert not VERIFY(1, SIGNER.key_id, content, bytes(changed))
    assert not VERIFY(1, SIGNER.key_id, content + b"\0", signature)
    assert not VERIFY(2, SIGNER.key_id, content, signature)
    assert not VERIFY(1, bytes(8), content, signature)
    assert not VERIFY(1, SIGNER.key_id, content, signature + b"\0")
    assert not VERIFY(1, SIGNER.key_id, content, bytes(64))


def test_a_change_of_keys_leaves_the_cards_of_the_old_key_genuine(tmp_path):
    path = tmp_path / "cards-signing.key"
    first = new_signer(path)
    old = image(open_signers(path).newest)
    second = new_signer(path)
    held = open_signers(path)
    assert [one.key_id for one in held.held] == [first, second]
    assert held.newest.key_id == second
    assert held.of(first).key_id == first
    assert image(held.of(first)) == old, "written again, it is the same to the byte"
    verify = open_verifier(path)
    for genuine in (old, image(held.newest)):
        genuine.refuse_unsigned(verify)


def test_a_key_that_was_taken_out_is_not_asked_for_in_vain(tmp_path):
    path = tmp_path / "cards-signing.key"
    new_signer(path)
    with pytest.raises(Unavailable, match="not at hand"):
        open_signers(path).of(bytes(8))


def test_a_card_of_a_key_that_was_revoked_is_not_genuine(tmp_path):
    path = tmp_path / "cards-signing.key"
    new_signer(path)
    made = image(open_signers(path).newest)
    path.with_suffix(".pub").unlink()
    new_signer(path)
    with pytest.raises(Malformed, match="not genuine"):
        made.refuse_unsigned(open_verifier(path))


def test_no_key_is_shown(tmp_path):
    path = tmp_path / "cards-signing.key"
    new_signer(path)
    held = open_signers(path)
    secret = held.newest.key.private_numbers().private_value
    assert path.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in path.with_suffix(".pub").read_text()
    assert f"{secret:x}" not in repr(held)
    assert str(secret) not in repr(held)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no file of keys"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "no file of private keys",
        ),
        (pem(ec.generate_private_key(ec.SECP384R1())), "not on P-256"),
        (pem(SIGNER.key) + "something", "no file of keys"),
    ],
)
def test_a_file_that_holds_no_signing_keys_is_refused(tmp_path, text, told):
    path = tmp_path / "cards-signing.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Unavailable, match=told):
        open_signers(path)
    path.chmod(0o644)
    with pytest.raises(Unavailable, match="chmod 600"):
        open_signers(path)
    with pytest.raises(Unavailable, match="registry key cards"):
        open_verifier(path)


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", pem(SIGNER.key)]
)
def test_a_file_that_holds_no_public_keys_is_refused(tmp_path, text):
    path = tmp_path / "cards-signing.pub"
    path.write_text(text)
    with pytest.raises(Unavailable, match="no file of"):
        open_verifier(path)


def image(signer) -> Image:
    """A card, signed."""
    return Image.of(WANG, PHOTOGRAPH, (), SERIAL, token(APPLICATION, 1), signer)
