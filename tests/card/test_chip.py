"""The chip: what it lets happen, and what it remembers whenever power fails."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.card import apdu
from adapters.card.apdu import Command
from adapters.card.channel import (
    CardBroken,
    CardRefused,
    OutcomeUnknown,
    ReaderFault,
    SessionBroken,
    WrongCard,
)
from adapters.card.emulator.chip import FAILURES, Chip, Memory, PowerLost, Refusal
from adapters.card.emulator.heads import halved
from adapters.card.keys import APPENDING, MAKING
from adapters.card.session import Life, Session, open_session, read_serial
from registry.chip.files import APPENDED, APPENDED_SIGNATURES, BASE, HEADER, PHOTO, SIZES, TEXT
from tests.card.blanks import KEYS, OTHER, PRINTS, SERIAL, CutWire, image_for, made, write

IMAGE = image_for(prints=PRINTS)
ADDRESS, SEAL = b"A" * 70, b"S" * 128


def session(memory: Memory, use: bytes = MAKING) -> tuple[Chip, Session]:
    """A chip that gets power, and a session with it."""
    chip = Chip(memory)
    return chip, open_session(chip, KEYS, memory.serial, use=use)


def appended(memory: Memory, *addresses: bytes) -> Memory:
    """A card with addresses appended."""
    for address in addresses:
        chip, county = session(memory, APPENDING)
        slot = county.state().appended + 1
        county.prepare(slot, address, SEAL)
        county.confirm(slot)
        memory = chip.memory
    return memory


def test_a_card_is_written_closed_and_read_back():
    chip = Chip.blank(SERIAL, KEYS)
    line = open_session(chip, KEYS, SERIAL)
    assert line.state().life is Life.BLANK
    write(line, IMAGE)
    state = line.state()
    assert (state.life, state.digest, state.appended) == (Life.DONE, IMAGE.digest, 0)
    assert state.token == IMAGE.header.token
    assert {fid: line.read(fid, 0, SIZES[fid]) for fid in IMAGE.files} == dict(IMAGE.files)


def test_a_serial_is_told_to_anybody_and_nothing_else_is():
    chip = Chip(made(IMAGE))
    assert chip.transmit(bytes.fromhex("0036000008")) == (SERIAL, apdu.OK)
    for command in (
        Command(apdu.ISO, apdu.SELECT, 0, 0, TEXT.to_bytes(2, "big")),
        Command(apdu.ISO, apdu.READ, 0, 0, b"", True),
        Command(apdu.GP, apdu.TELL_STATE, 0, 0, b"", True),
        Command(apdu.ISO, apdu.UPDATE, 0, 0, b"x"),
        Command(apdu.GP, apdu.COMMIT, 0, 0, IMAGE.digest),
        Command(apdu.GP, apdu.APPEND, 1, 0, ADDRESS + SEAL),
    ):
        assert chip.transmit(command.encode()) == (b"", apdu.UNAUTHORISED)


@given(st.binary(max_size=300))
def test_whatever_comes_in_the_clear_the_card_answers_and_changes_nothing(command):
    chip = Chip(made(IMAGE))
    before = chip.memory
    assert len(chip.answer(command)) >= 2
    assert chip.memory is before


@pytest.mark.parametrize("late", [False, True])
def test_wherever_power_fails_a_card_can_be_finished_and_is_closed_once(late):
    """Every tear point: each command of a whole card in turn is lost before or after it is done."""
    whole = CutWire(Chip.blank(SERIAL, KEYS), at=1000)
    write(open_session(whole, KEYS, SERIAL), IMAGE)
    for at in range(len(whole.sent)):
        chip = Chip.blank(SERIAL, KEYS)
        wire = CutWire(chip, at, late)
        with pytest.raises(OutcomeUnknown):
            write(open_session(wire, KEYS, SERIAL), IMAGE)
        chip, again = session(chip.memory)
        state = again.state()
        closed = late and at == len(whole.sent) - 1
        assert (state.life is Life.DONE) == closed
        if closed:
            assert state.digest == IMAGE.digest
        else:
            write(again, IMAGE)
        assert chip.memory.files == IMAGE.files
        assert chip.memory.life is Life.DONE


def keeping(
    keep: Callable[[Memory], None], memory: Memory | None = None
) -> tuple[Chip, list[Memory]]:
    """A chip on a memory, and everything that was kept of it."""
    kept: list[Memory] = []

    def both(changed: Memory) -> None:
        keep(changed)
        kept.append(changed)

    return Chip(memory or Memory.blank(SERIAL, KEYS), both), kept


@given(st.integers(0, 13))
def test_a_card_whose_power_failed_in_the_middle_of_writing_is_written_again(at):
    kept: list[Memory] = [Memory.blank(SERIAL, KEYS)]

    def keep(changed: Memory) -> None:
        if len(kept) - 1 == at:
            kept.append(halved(kept[-1], changed))
            raise PowerLost
        kept.append(changed)

    line = open_session(Chip(kept[0], keep), KEYS, SERIAL)
    with pytest.raises(PowerLost):
        write(line, IMAGE)
    chip, again = session(kept[-1])
    assert chip.memory.life is Life.OPEN
    write(again, IMAGE)
    assert chip.memory.files == IMAGE.files


def test_what_was_written_of_another_image_is_gone_when_one_is_begun():
    """An image with fingerprints was begun; the next one has none."""
    chip, line = session(Memory.blank(SERIAL, KEYS))
    for fid, content in IMAGE.files.items():
        line.write(fid, 0, content)
    plain = image_for(attempt=2)
    write(line, plain)
    assert chip.memory.files == plain.files


def test_a_card_that_is_done_is_never_written_again():
    memory = made(IMAGE)
    for fid in SIZES:
        chip, line = session(memory)
        with pytest.raises(CardRefused) as refused:
            line.write(fid, 0, b"x")
        assert refused.value.status == apdu.NOT_NOW
        assert chip.memory is memory
    chip, line = session(memory)
    with pytest.raises(CardRefused):
        line.commit(IMAGE.digest)
    assert chip.memory is memory


@pytest.mark.parametrize("fid", BASE)
def test_a_card_does_not_close_over_a_byte_that_is_not_as_the_digest_has_it(fid):
    chip, line = session(Memory.blank(SERIAL, KEYS))
    for each, content in IMAGE.files.items():
        line.write(each, 0, content)
    at = SIZES[fid] - 1
    line.write(fid, at, bytes([IMAGE.files[fid][at] ^ 1]))
    with pytest.raises(CardRefused) as refused:
        line.commit(IMAGE.digest)
    assert refused.value.status == apdu.DATA_WRONG
    assert chip.memory.life is Life.OPEN


def test_a_card_does_not_close_over_the_content_of_another_body():
    chip, line = session(Memory.blank(OTHER, KEYS))
    with pytest.raises(CardRefused) as refused:
        write(line, IMAGE)
    assert refused.value.status == apdu.DATA_WRONG
    assert chip.memory.life is Life.OPEN


def test_nothing_is_written_to_another_card_than_the_one_expected():
    chip = Chip.blank(OTHER, KEYS)
    with pytest.raises(WrongCard) as wrong:
        open_session(chip, KEYS, SERIAL)
    assert (wrong.value.expected, wrong.value.found) == (SERIAL, OTHER)
    assert chip.memory.life is Life.BLANK


def test_a_card_that_took_the_place_of_another_refuses_every_command_of_its_session():
    """The hazard of an exchange that the service did not see."""
    line = open_session(CutWire(Chip.blank(SERIAL, KEYS), 1000), KEYS, SERIAL)
    other = Chip.blank(OTHER, KEYS)
    open_session(other, KEYS, OTHER)  # it may even have a session of its own
    line._channel = other
    with pytest.raises(CardRefused) as refused:
        line.write(HEADER, 0, IMAGE.files[HEADER])
    assert refused.value.status == apdu.SECURE_MESSAGE_WRONG
    assert other.memory.life is Life.BLANK
    with pytest.raises(SessionBroken, match="is over"):
        line.state()


def test_a_card_that_tells_two_serials_is_not_trusted():
    """One in the clear, another where its keys derive from; or another when it is to be closed."""

    class Liar(Chip):
        def transmit(self, apdu: bytes) -> tuple[bytes, int]:
            return (SERIAL, 0x9000) if apdu[1] == 0x36 else super().transmit(apdu)

    with pytest.raises(SessionBroken, match="another card"):
        open_session(Liar(Memory.blank(OTHER, KEYS)), KEYS, SERIAL)
    chip, line = session(Memory.blank(SERIAL, KEYS))
    for fid, content in IMAGE.files.items():
        line.write(fid, 0, content)
    chip.memory = msgspec.structs.replace(chip.memory, serial=OTHER)
    with pytest.raises(WrongCard):
        line.commit(IMAGE.digest)
    assert chip.memory.life is Life.OPEN


def test_a_session_is_over_with_its_first_fault():
    line = open_session(CutWire(Chip.blank(SERIAL, KEYS), 4), KEYS, SERIAL)
    with pytest.raises(ReaderFault):
        line.write(HEADER, 0, IMAGE.files[HEADER])
    with pytest.raises(SessionBroken, match="is over"):
        line.write(HEADER, 0, IMAGE.files[HEADER])


def test_a_memory_that_fails_spoils_the_card():
    def keep(changed: Memory) -> None:
        raise Refusal(apdu.MEMORY_FAILED)

    chip, kept = keeping(keep)
    with pytest.raises(CardBroken, match="write a file"):
        write(open_session(chip, KEYS, SERIAL), IMAGE)
    assert not kept


def test_what_is_asked_of_files_that_are_not_there_is_refused():
    for doing, status in (
        (lambda line: line.read(0x6099, 0, 1), apdu.NO_FILE),
        (lambda line: line.read(TEXT, SIZES[TEXT] + 1, 1), apdu.OUTSIDE),
        (lambda line: line.write(PHOTO, SIZES[PHOTO] - 1, b"xx"), apdu.OUTSIDE),
    ):
        _, line = session(Memory.blank(SERIAL, KEYS))
        with pytest.raises(CardRefused) as refused:
            doing(line)
        assert refused.value.status == status


def test_memory_reads_back_as_it_was_kept():
    memory = appended(made(IMAGE), ADDRESS)
    assert Memory.decode(memory.encode()) == memory
    assert read_serial(Chip(Memory.decode(memory.encode()))) == SERIAL


def test_four_addresses_are_appended_and_a_fifth_asks_for_a_new_card():
    addresses = [bytes([letter]) * 70 for letter in b"ABCD"]
    memory = appended(made(IMAGE), *addresses)
    _, county = session(memory, APPENDING)
    assert county.read(APPENDED, 0, SIZES[APPENDED]) == b"".join(addresses)
    assert county.read(APPENDED_SIGNATURES, 0, SIZES[APPENDED_SIGNATURES]) == SEAL * 4
    assert county.state().appended == 4
    with pytest.raises(CardBroken) as full:
        county.prepare(5, ADDRESS, SEAL)
    assert full.value.status == apdu.FULL
    assert memory.files == IMAGE.files


def test_an_address_holds_when_it_is_confirmed_and_not_before():
    memory = made(IMAGE)
    chip, county = session(memory, APPENDING)
    county.prepare(1, ADDRESS, SEAL)
    chip, county = session(chip.memory, APPENDING)  # power failed in between
    state = county.state()
    assert state.appended == 0
    assert state.prepared == hashlib.sha256(ADDRESS + SEAL).digest()
    assert not any(county.read(APPENDED, 0, SIZES[APPENDED]))
    county.cancel(1)
    assert county.state().prepared is None
    with pytest.raises(CardRefused):
        county.confirm(1)
    assert chip.memory == memory


@pytest.mark.parametrize("slot", [0, 1, 3, 4, 255])
def test_an_address_goes_into_the_next_slot_and_no_other(slot):
    _, county = session(appended(made(IMAGE), ADDRESS), APPENDING)
    with pytest.raises(CardRefused) as refused:
        county.prepare(slot, ADDRESS, SEAL)
    assert refused.value.status == apdu.NOT_NOW


def test_nothing_is_appended_to_a_card_that_is_not_made():
    _, county = session(Memory.blank(SERIAL, KEYS), APPENDING)
    with pytest.raises(CardRefused) as refused:
        county.prepare(1, ADDRESS, SEAL)
    assert refused.value.status == apdu.NOT_NOW


def test_the_keys_of_a_county_append_and_cannot_write():
    for deed in (
        lambda county: county.write(TEXT, 0, b"x"),
        lambda county: county.commit(IMAGE.digest),
    ):
        for memory in (Memory.blank(SERIAL, KEYS), made(IMAGE)):
            _, county = session(memory, APPENDING)
            with pytest.raises(CardRefused) as refused:
                deed(county)
            assert refused.value.status == apdu.UNAUTHORISED


def test_keys_that_were_guessed_at_too_often_open_a_card_no_more():
    """They are counted without power too, forgiven by who knows them, and apart for each use."""
    chip = Chip(made(IMAGE))

    def guessed() -> int:
        greet = Command(apdu.GP, apdu.INITIALIZE_UPDATE, 1, 0, bytes(8), True)
        _, status = chip.transmit(greet.encode())
        if status != apdu.OK:
            return status
        guess = Command(apdu.GP | apdu.SECURED, apdu.EXTERNAL_AUTHENTICATE, 0x33, 0, bytes(16))
        return chip.transmit(guess.encode())[1]

    for _ in range(FAILURES - 1):
        assert guessed() == apdu.SECURE_MESSAGE_WRONG
        chip = Chip(Memory.decode(chip.memory.encode()))
    open_session(chip, KEYS, SERIAL).state()
    assert [guessed() for _ in range(FAILURES + 1)] == [
        *[apdu.SECURE_MESSAGE_WRONG] * FAILURES,
        apdu.KEYS_BLOCKED,
    ]
    with pytest.raises(CardRefused):
        open_session(chip, KEYS, SERIAL)
    open_session(chip, KEYS, SERIAL, use=APPENDING).state()


def test_the_keys_of_the_centre_write_and_cannot_append():
    _, line = session(made(IMAGE))
    with pytest.raises(CardRefused) as refused:
        line.prepare(1, ADDRESS, SEAL)
    assert refused.value.status == apdu.UNAUTHORISED
