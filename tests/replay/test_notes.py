"""Signed notes and checkpoints: published examples, a foreign check, and every bit flipped."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.proof.merkle import BrokenProof
from replay.proof.notes import (
    Checkpoint,
    PublicKey,
    SigningKey,
    labels,
    open_checkpoint,
    open_note,
    sign,
)

#: The example of golang.org/x/mod/sumdb/note.
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
    "pRZb6KE6RyyBwJnAM=\n"
)
#: The example of the specification of signed notes.
OTHER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
OTHER_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ON"
    "ncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

OLD, NEW = SigningKey("register", bytes(range(32))), SigningKey("register", bytes(32))
CHECKPOINT = Checkpoint("register", 70_000, hashlib.sha256(b"root").digest())
names = st.text(min_size=1, max_size=20).filter(
    lambda name: name.isprintable() and "+" not in name and not any(map(str.isspace, name))
)


def test_the_published_example_is_signed_and_opened():
    key = SigningKey.read(SECRET)
    assert (str(key.public), key.secret) == (PUBLIC, SECRET)
    note = sign(TEXT, [key])
    assert note == f"{TEXT}\n{SIGNATURE}"
    assert open_note(note.encode(), [PublicKey.read(PUBLIC)]) == (TEXT, (key.public,))


def test_the_example_of_the_specification_is_opened():
    text, (signer,) = open_note(OTHER_NOTE.encode(), [PublicKey.read(OTHER)])
    assert (text, str(signer)) == ("This is an example message.\n", OTHER)


def test_somebody_else_checks_a_checkpoint_with_a_signature_scheme_alone():
    """From the bytes as the specification tells them, without a line of ours."""
    note = sign(CHECKPOINT.text, [NEW])
    vkey = str(NEW.public)
    text, gap, line = note.partition("\n\n")
    assert gap
    origin, size, root = text.split("\n")
    assert (origin, size, len(base64.b64decode(root))) == ("register", "70000", 32)
    dash, name, coded = line.rstrip("\n").split(" ")
    assert (dash, name) == ("\u2014", "register")
    key = base64.b64decode(vkey.split("+", 2)[2])
    assert key[0] == 1
    raw = base64.b64decode(coded)
    told = hashlib.sha256(b"register\n\x01" + key[1:]).digest()[:4]
    assert (raw[:4], vkey.split("+")[1]) == (told, told.hex())
    public = Ed25519PublicKey.from_public_bytes(key[1:])
    public.verify(raw[4:], f"{text}\n".encode())
    with pytest.raises(InvalidSignature):
        public.verify(raw[4:], text.encode())


@given(st.binary(min_size=32, max_size=32), names, st.integers(0, 2**63), st.binary(max_size=9))
@settings(deadline=None, max_examples=50)
def test_what_is_signed_is_read_back(seed, name, size, root):
    key = SigningKey(name, seed)
    assert SigningKey.read(key.secret) == key
    assert PublicKey.read(str(key.public)) == key.public
    checkpoint = Checkpoint(name, size, hashlib.sha256(root).digest())
    note = sign(checkpoint.text, [key]).encode()
    assert open_checkpoint(note, [OLD.public, key.public]) == (checkpoint, (key.public,))


def test_a_flipped_bit_anywhere_in_a_checkpoint_is_refused():
    note = sign(CHECKPOINT.text, [NEW]).encode()
    open_checkpoint(note, [NEW.public])
    for bit in range(len(note) * 8):
        broken = bytearray(note)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenProof):
            open_checkpoint(bytes(broken), [NEW.public])


def test_a_flipped_bit_anywhere_in_a_key_is_refused():
    for text, read in ((str(NEW.public), PublicKey.read), (NEW.secret, SigningKey.read)):
        raw = text.encode("ascii")
        for bit in range(len(raw) * 8):
            broken = bytearray(raw)
            broken[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ValueError, match=r"."):
                read(broken.decode("latin-1"))


def test_a_note_signed_with_two_keys_is_opened_with_either():
    note = sign(CHECKPOINT.text, [OLD, NEW]).encode()
    assert labels(note) == [OLD.public.label, NEW.public.label]
    for known in ([OLD.public], [NEW.public], [OLD.public, NEW.public]):
        assert open_checkpoint(note, known) == (CHECKPOINT, tuple(known))


def test_a_wrong_signature_of_a_known_key_spoils_a_note_that_another_has_signed():
    note = sign(CHECKPOINT.text, [OLD]) + sign("another\n", [NEW]).partition("\n\n")[2]
    open_checkpoint(note.encode(), [OLD.public])
    with pytest.raises(BrokenProof, match="does not belong to this text"):
        open_checkpoint(note.encode(), [OLD.public, NEW.public])


def test_a_note_of_strangers_is_not_believed():
    note = sign(CHECKPOINT.text, [OLD]).encode()
    with pytest.raises(BrokenProof, match="not signed by register"):
        open_checkpoint(note, [NEW.public])
    with pytest.raises(BrokenProof, match="not signed by"):
        open_checkpoint(note, [PublicKey("register2", OLD.public.raw)])
    with pytest.raises(BrokenProof, match="signed by somebody else"):
        open_checkpoint(
            sign(Checkpoint("another", 1, bytes(32)).text, [OLD]).encode(), [OLD.public]
        )


@pytest.mark.parametrize(
    "text",
    [
        *("register\n1\n", "register\n01\nROOT\n", "register\n-1\nROOT\n", "\n1\nROOT\n"),
        *("register\n１\nROOT\n", "register\n1\nAAAA\n", "register\n1\nROOT\n\nmore\n"),
        *("register\n1 \nROOT\n", "register\n1\nROOT=\n", "register\n1\n ROOT\n"),
    ],
)
def test_what_is_signed_and_no_checkpoint_is_refused(text):
    root = base64.b64encode(bytes(32)).decode()
    note = sign(text.replace("ROOT", root), [NEW]).encode()
    with pytest.raises(BrokenProof):
        open_checkpoint(note, [NEW.public])


def test_lines_beyond_the_root_are_passed_over():
    note = sign(CHECKPOINT.text + "an extension\n", [NEW]).encode()
    assert open_checkpoint(note, [NEW.public])[0] == CHECKPOINT


@pytest.mark.parametrize(
    "note",
    [
        *(b"", b"\n\n", b"text\n", b"text\n\n", b"\xff\n\n" + SIGNATURE.encode()),
        *(TEXT.encode() + b"\n\r" + SIGNATURE.encode(), SIGNATURE.encode()),
        TEXT.encode() + b"\n" + SIGNATURE.encode().rstrip(b"\n"),
        TEXT.encode() + b"\n" + SIGNATURE.encode() * 101,
        TEXT.encode() + b"\n- PeterNeumann " + SIGNATURE.split()[2].encode() + b"\n",
        TEXT.encode() + "\n— PeterNeumann AAAA\n".encode(),
    ],
)
def test_what_is_no_signed_note_is_refused(note):
    with pytest.raises(BrokenProof):
        open_note(note, [PublicKey.read(PUBLIC)])


def test_control_characters_stand_in_no_note():
    with pytest.raises(BrokenProof, match="control characters"):
        open_note(sign("a\ttab\n", [NEW]).encode(), [NEW.public])


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\n", "tab\t", "wide\u3000space"])
def test_a_name_that_notes_cannot_carry_names_no_key(name):
    with pytest.raises(ValueError, match="cannot name a key"):
        SigningKey(name, bytes(32))


def test_a_secret_stands_in_no_message():
    assert SECRET not in repr(SigningKey.read(SECRET))
    spoiled = SECRET[:-1] + "A"
    with pytest.raises(ValueError, match="not the name and id") as told:
        SigningKey.read(spoiled)
    assert spoiled.split("+", 3)[3] not in str(told.value)
