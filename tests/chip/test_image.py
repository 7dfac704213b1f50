"""The files of a chip: frozen bytes, what the signature is about, and what is not genuine."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chip import tlv
from registry.chip.files import FILES, HEADER, PHOTO, PRINTS, SIGNATURE, SIZES, TEXT
from registry.chip.image import Header, Image, image_digest, token
from registry.errors import Malformed
from tests.chip.people import WANG, holders
from tests.chip.stamp import Stamp, genuine

APPLICATION = UUID("00112233-4455-6677-8899-aabbccddeeff")
SERIAL = bytes.fromhex("0102030405060708")
TOKEN = token(APPLICATION, 1)
PHOTOGRAPH = b"RIFF" + bytes(range(1, 200))
PRINT = bytes(range(256)) * 2
IMAGE = Image.of(WANG, PHOTOGRAPH, (PRINT, PRINT), SERIAL, TOKEN, Stamp())

#: What IMAGE is, for ever: its digest, and what its signature is about.
GOLDEN_DIGEST = "f51bd9b4a5635089e335b1e60da230671a4bdf9899f2b49d6c40b7f763c495fb"
GOLDEN_HEADER = "010203040506070800112233445566778899aabbccddeeff0001000000000000"


def image(holder=WANG, photo=PHOTOGRAPH, prints=(), serial=SERIAL, token=TOKEN, signer=None):
    return Image.of(holder, photo, prints, serial, token, signer or Stamp())


def refused(files) -> str:
    """What is said of files that are not genuine."""
    with pytest.raises(Malformed) as malformed:
        Image.found(files).refuse_unsigned(genuine)
    (fault,) = malformed.value.faults
    return fault.at


def test_the_image_of_a_card_is_these_bytes():
    assert IMAGE.digest.hex() == GOLDEN_DIGEST
    assert IMAGE.files[HEADER].hex() == GOLDEN_HEADER
    assert IMAGE.files[TEXT] == WANG.text()
    assert IMAGE.files[PHOTO] == PHOTOGRAPH.ljust(1024, b"\0")
    assert IMAGE.files[PRINTS] == PRINT + PRINT
    assert IMAGE.files[SIGNATURE][:14].hex() == "0101010201c80308" + b"stamp-".hex()


@given(holder=holders, prints=st.lists(st.binary(min_size=512, max_size=512), max_size=2))
def test_every_file_is_whole_and_the_digest_is_over_all_of_them(holder, prints):
    made = image(holder=holder, prints=tuple(prints))
    assert {fid: len(content) for fid, content in made.files.items()} == {
        fid: SIZES[fid] for fid in made.files
    }
    assert (PRINTS in made.files) == bool(prints)
    pencil = b"".join(
        struct.pack(">HH", fid, len(made.files[fid])) + made.files[fid]
        for fid in sorted(made.files)
    )
    assert made.digest == hashlib.sha256(pencil).digest() == image_digest(made.files)
    assert made.holder == holder


def test_the_signature_is_about_these_things_in_this_order():
    signed = []

    class Witness(Stamp):
        def sign(self, content):
            signed.append(content)
            return super().sign(content)

    image(prints=(PRINT,), signer=Witness())
    digest = {
        name: hashlib.sha256(content).digest()
        for name, content in {
            "text": WANG.text(),
            "photo": PHOTOGRAPH.ljust(1024, b"\0"),
            "prints": PRINT.ljust(1024, b"\0"),
        }.items()
    }
    assert signed == [
        b"\x01\x01\x01\x02\x01\xc8\x03\x08stamp-01"
        + (b"\x10\x20" + digest["text"] + b"\x11\x20" + digest["photo"])
        + (b"\x12\x20" + digest["prints"] + b"\x20\x08" + SERIAL)
        + (b"\x21\x10" + APPLICATION.bytes + b"\x22\x02\x00\x01")
    ]


def test_what_was_read_from_a_chip_is_the_image_again():
    read = Image.found(dict(reversed(list(IMAGE.files.items()))))
    read.refuse_unsigned(genuine)
    assert (read, read.key_id) == (IMAGE, b"stamp-01")
    assert read.header == Header(SERIAL, APPLICATION, 1)
    assert read.header.token == TOKEN


@given(data=st.data())
def test_a_byte_that_was_changed_anywhere_is_noticed(data):
    fid = data.draw(st.sampled_from(sorted(IMAGE.files)))
    content = bytearray(IMAGE.files[fid])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    changed = {**IMAGE.files, fid: bytes(content)}
    assert Image.found(changed).digest != IMAGE.digest
    assert refused(changed) in {"signature", "header"}


@pytest.mark.parametrize("fid", [HEADER, TEXT, PHOTO, PRINTS])
def test_a_file_of_another_genuine_card_does_not_fit(fid):
    other = image(
        holder=replace(WANG, name="张三"),
        photo=b"other",
        prints=(PRINT,),
        serial=bytes(8),
        token=token(APPLICATION, 2),
    )
    assert refused({**IMAGE.files, fid: other.files[fid]}) == "signature"


def test_prints_cannot_be_taken_off_or_put_on():
    without = {fid: content for fid, content in IMAGE.files.items() if fid != PRINTS}
    assert refused(without) == "signature"
    assert refused({**image().files, PRINTS: IMAGE.files[PRINTS]}) == "signature"


def test_another_attempt_or_another_body_is_another_image():
    digests = {image(serial=serial).digest for serial in (SERIAL, bytes(8))}
    digests |= {image(token=token(APPLICATION, attempt)).digest for attempt in (1, 2, 300)}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"photo": b""}, "photo"),
        ({"photo": bytes(1024)}, "photo"),
        ({"photo": b"x" * 1025}, "photo"),
        ({"prints": (b"x",)}, "prints"),
        ({"prints": (PRINT,) * 3}, "prints"),
        ({"serial": b"x"}, "header"),
        ({"token": b"x" * 24}, "header"),
        ({"holder": replace(WANG, name="阿" * 16)}, "name"),
    ],
)
def test_what_cannot_stand_on_a_chip_is_refused_by_its_name(given, at):
    with pytest.raises(Malformed) as malformed:
        image(**given)
    assert [fault.at for fault in malformed.value.faults] == [at]


def test_files_that_are_not_a_cards_are_no_image():
    files = dict(IMAGE.files)
    for wrong in ({}, {**files, 0x7777: b""}, {**files, TEXT: b"short"}):
        with pytest.raises(Malformed) as malformed:
            Image.found(wrong)
        assert malformed.value.faults[0].at == "files"


def test_a_chip_has_seven_files_of_sizes_that_readers_know():
    assert {name: file.size for name, file in FILES.items()} == {
        "header": 32,
        "signature": 128,
        "text": 256,
        "photo": 1024,
        "prints": 1024,
        "appended": 4 * 70,
        "appended_signatures": 4 * 128,
    }
    assert len(SIZES) == len(FILES)


@given(
    values=st.dictionaries(st.integers(1, 255), st.binary(max_size=127), max_size=8),
    zeros=st.integers(0, 9),
)
def test_tagged_values_are_read_back_in_their_order(values, zeros):
    assert list(tlv.read(tlv.written(values.items()) + bytes(zeros), "here").items()) == list(
        values.items()
    )


@given(content=st.binary(max_size=40))
def test_tagged_values_have_one_writing(content):
    try:
        values = tlv.read(content, "here")
    except Malformed:
        return
    assert tlv.written(values.items()) == content.rstrip(b"\0") or content.endswith(b"\0")
    assert content.startswith(tlv.written(values.items()))


@pytest.mark.parametrize(
    "content", ["0102ff", "01", "0101aa0101aa", "0101aa00ff", "0181" + "aa" * 129]
)
def test_tagged_values_that_are_cut_off_or_doubled_are_refused(content):
    with pytest.raises(Malformed, match="here"):
        tlv.read(bytes.fromhex(content), "here")
