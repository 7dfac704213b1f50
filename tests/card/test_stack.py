"""Cards through the real stack: pyscard, pcsc-lite, pcscd, vpcd, and the machine behind it."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.card.channel import (
    CardBroken,
    CardRefused,
    HeldByAnother,
    NoCard,
    OutcomeUnknown,
    ReaderFault,
    ReaderGone,
    ReaderMisused,
    ServiceDown,
    WrongCard,
    fault_of,
)
from adapters.card.emulator import daemon, trays
from adapters.card.emulator.control import RunningMachine
from adapters.card.emulator.heads import Kind
from adapters.card.keys import APPENDING, MAKING, diversification
from adapters.card.reader import Connection, Reader, readers
from adapters.card.session import Life, open_session, read_serial
from tests.card.blanks import KEYS, OTHER, PHOTO, PRINTS, SERIAL, image_for, write

PATIENCE_S = 30.0
IMAGE = image_for(prints=PRINTS)
#: Commands before the last piece is written, and before the card is closed: its serial, two to open
#: a session, a selection of each file and the pieces; the serial once more.
BEFORE_LAST_PIECE, BEFORE_COMMIT = 21, 23


def fed(machine: RunningMachine, reader: Reader, head: int = 0) -> Connection:
    """A card that was fed, and the connection to it."""
    assert machine.controls.feed(head)
    assert reader.wait_for_card(PATIENCE_S, fresh=True)
    return reader.connect()


def back(reader: Reader) -> Connection:
    """The card again, after it was lost."""
    assert reader.wait_for_removal(PATIENCE_S)
    assert reader.wait_for_card(PATIENCE_S)
    return reader.connect()


def test_two_readers_make_cards_side_by_side(machine):
    serials = [bytes([number]) * 8 for number in range(1, 5)]
    machine.load(serials, KEYS)
    assert readers() == machine.readers

    def produce(head: int) -> None:
        feeder = machine.feeder(head)
        with Reader(machine.readers[head]) as reader:
            for _ in range(2):
                with fed(machine, reader, head) as card:
                    serial = read_serial(card)
                    write(open_session(card, KEYS, serial), image_for(serial))
                feeder.eject(good=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(produce, range(2)))
    done = trays.look(machine.folder, trays.STACKER)
    assert sorted(memory.serial for memory in done) == serials
    for memory in done:
        assert (memory.life, memory.files) == (Life.DONE, image_for(memory.serial).files)
    assert not machine.controls.feed(0), "the hopper is empty"


def test_a_reader_belongs_to_one_program(machine):
    machine.load([SERIAL], KEYS)
    ask = (
        "import sys; from adapters.card.reader import Reader\n"
        "with Reader(sys.argv[1]) as reader: reader.connect()"
    )
    with Reader(machine.readers[0]) as reader, fed(machine, reader):
        with Reader(machine.readers[0]) as second, pytest.raises(HeldByAnother):
            second.connect()
        other = subprocess.run(
            [sys.executable, "-c", ask, machine.readers[0]], capture_output=True, text=True
        )
        assert "HeldByAnother" in other.stderr


def test_a_reader_without_a_card_and_one_that_is_not_there(machine):
    with Reader(machine.readers[0]) as reader:
        with pytest.raises(NoCard):
            reader.connect()
        assert not reader.wait_for_card(0.05)
    with Reader("Line Z 00 00") as reader, pytest.raises(ReaderGone):
        reader.wait_for_card(PATIENCE_S)


def test_a_wait_is_cancelled_from_another_thread_and_is_not_begun_again(machine):
    machine.load([SERIAL], KEYS)
    with Reader(machine.readers[0]) as reader, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(reader.wait_for_card, PATIENCE_S)
        reader.cancel()
        assert waiting.result() is False
        machine.controls.feed(0)
        with Reader(machine.readers[0]) as other:
            assert other.wait_for_card(PATIENCE_S)
        assert not reader.wait_for_card(PATIENCE_S), "there is one, and nobody waits for it"


@pytest.mark.parametrize(
    ("kind", "after", "life"),
    [
        (Kind.HALF, BEFORE_LAST_PIECE, Life.OPEN),
        (Kind.TEAR, BEFORE_COMMIT, Life.OPEN),
        (Kind.LATE_TEAR, BEFORE_COMMIT, Life.DONE),
    ],
)
def test_a_card_that_is_lost_while_it_is_closed_is_found_as_it_is(machine, kind, after, life):
    machine.load([SERIAL], KEYS)
    with Reader(machine.readers[0]) as reader:
        with fed(machine, reader) as card:
            machine.controls.plant(0, kind, after)
            with pytest.raises(OutcomeUnknown) as lost:
                write(open_session(card, KEYS, SERIAL), IMAGE)
            with pytest.raises(OutcomeUnknown):
                card.transmit(b"\0\x36\0\0\x08")  # the connection is dropped and stays so
        assert machine.readers[0] in str(lost.value)
        with back(reader) as card:
            again = open_session(card, KEYS, read_serial(card))
            assert again.state().life is life
            if life is Life.OPEN:
                write(again, IMAGE)
            assert again.state().digest == IMAGE.digest
    assert trays.look(machine.folder, trays.head(0))[0].files == IMAGE.files


def test_a_card_that_takes_the_place_of_another_unseen_is_never_written(machine):
    """The service reports no removal; the connection is dropped all the same."""
    machine.load([SERIAL, OTHER], KEYS)
    with Reader(machine.readers[0]) as reader:
        with fed(machine, reader) as card:
            machine.controls.plant(0, Kind.SWAP, after=10)
            with pytest.raises(ReaderFault):
                write(open_session(card, KEYS, SERIAL), IMAGE)
            assert reader.wait_for_card(PATIENCE_S)
            with pytest.raises(OutcomeUnknown):
                read_serial(card)  # the service would let the other card answer here
        with reader.connect() as card, pytest.raises(WrongCard) as wrong:
            open_session(card, KEYS, SERIAL)
        assert wrong.value.found == OTHER
    (there,) = trays.look(machine.folder, trays.head(0))
    assert (there.serial, there.life) == (OTHER, Life.BLANK)


def test_a_wrong_card_is_put_in_and_the_right_one_after_it(machine):
    machine.load([SERIAL, OTHER], KEYS)
    with Reader(machine.readers[0]) as reader:
        with fed(machine, reader) as card:
            assert read_serial(card) == SERIAL
        machine.controls.insert(0, OTHER)
        with back(reader) as card, pytest.raises(WrongCard):
            open_session(card, KEYS, SERIAL)
        machine.controls.insert(0, SERIAL)
        with back(reader) as card:
            write(open_session(card, KEYS, SERIAL), IMAGE)


def test_a_card_that_is_taken_out_and_put_back_forgets_its_session_and_nothing_else(machine):
    machine.load([SERIAL], KEYS)
    with Reader(machine.readers[0]) as reader:
        with fed(machine, reader) as card:
            line = open_session(card, KEYS, SERIAL)
            line.write(0x6002, 0, IMAGE.files[0x6002])
            assert machine.controls.reseat(0)
            with pytest.raises(OutcomeUnknown):
                line.state()
        assert reader.wait_for_card(PATIENCE_S)
        with reader.connect() as card:
            state = open_session(card, KEYS, SERIAL).state()
    assert (state.life, state.token) == (Life.OPEN, IMAGE.header.token)


@pytest.mark.parametrize("kill", [False, True])
def test_a_service_that_stops_comes_back_and_the_card_is_finished(machine, kill):
    machine.load([SERIAL], KEYS)
    with Reader(machine.readers[0]) as reader:
        with fed(machine, reader) as card:
            line = open_session(card, KEYS, SERIAL)
            machine.controls.restart_service(kill=kill)
            with pytest.raises((OutcomeUnknown, ServiceDown)):
                write(line, IMAGE)
        with pytest.raises((ServiceDown, ReaderFault)):
            reader.connect()  # on a handle of the service that is gone
        assert reader.wait_for_card(PATIENCE_S), "the reader itself waits until it is there again"
        with reader.connect() as card:
            write(open_session(card, KEYS, SERIAL), IMAGE)


def test_a_machine_that_is_killed_keeps_every_card(machine):
    machine.load([SERIAL, OTHER], KEYS)
    with Reader(machine.readers[0]) as reader:
        with fed(machine, reader) as card:
            line = open_session(card, KEYS, SERIAL)
            line.write(0x6002, 0, IMAGE.files[0x6002])
            machine.kill()
            with pytest.raises(ReaderFault):
                line.write(0x6012, 0, IMAGE.files[0x6012])
        machine.start()
        reader.close()
        assert machine.controls.feed(0), "the card is in the reader still, none other is fed"
        assert reader.wait_for_card(PATIENCE_S)
        with reader.connect() as card:
            assert open_session(card, KEYS, SERIAL).state().life is Life.OPEN
    assert len(trays.cards(machine.folder, trays.HOPPER)) == 1


def test_a_worn_card_is_spoiled_and_a_refusal_is_tried_again(machine):
    machine.load([SERIAL, OTHER], KEYS)
    with Reader(machine.readers[0]) as reader:
        with fed(machine, reader) as card:
            machine.controls.plant(0, Kind.STATUS, after=5, status=0x6982)
            with pytest.raises(CardRefused) as refused:
                write(open_session(card, KEYS, SERIAL), IMAGE)
            assert refused.value.status == 0x6982
            write(open_session(card, KEYS, SERIAL), IMAGE)
        machine.feeder(0).eject(good=True)
        with fed(machine, reader) as card:
            machine.controls.plant(0, Kind.WORN)
            with pytest.raises(CardBroken):
                write(open_session(card, KEYS, OTHER), image_for(OTHER))
        machine.feeder(0).eject(good=False)
    (rejected,) = trays.look(machine.folder, trays.REJECTS)
    assert (rejected.serial, rejected.life) == (OTHER, Life.BLANK)


def test_nobody_outside_reaches_the_ports_of_the_driver(machine):
    assert daemon.isolation(), "this system gives namespaces"
    for port in daemon.choose_ports(2, isolated=True):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def test_logs_hold_nothing_of_what_went_to_the_card(machine, caplog):
    caplog.set_level(logging.DEBUG)
    machine.load([SERIAL], KEYS)
    with Reader(machine.readers[0]) as reader, fed(machine, reader) as card:
        machine.controls.plant(0, Kind.STATUS, after=15)
        with pytest.raises(CardRefused) as refused:
            write(open_session(card, KEYS, SERIAL), IMAGE)
        write(open_session(card, KEYS, SERIAL), IMAGE)
    logs = b"".join(log.read_bytes() for log in machine.folder.glob("*.log"))
    logs += (caplog.text + repr(refused.value)).encode()
    secrets = [content[:16] for content in IMAGE.files.values()] + [PHOTO[16:32]]
    for use in (MAKING, APPENDING):
        secrets += [*KEYS.card_keys(1, diversification(use, SERIAL))]
    for secret in secrets:
        for form in (secret, secret.hex().encode(), secret.hex(" ").encode()):
            assert form.lower() not in logs.lower()
    assert "王秀兰".encode() not in logs


def test_faults_are_told_apart_by_their_codes():
    expected = {
        0: OutcomeUnknown,
        0x80100016 - (1 << 32): OutcomeUnknown,  # pyscard gives negative numbers too
        0x80100069: OutcomeUnknown,
        0x8010000C: NoCard,
        0x8010000B: HeldByAnother,
        0x8010001D: ServiceDown,
        0x80100017: ReaderGone,
        0x80100009: ReaderGone,
        0x80100004: ReaderMisused,
    }
    assert {code: type(fault_of(code, "one")) for code in expected} == expected


def test_what_is_missing_for_a_machine_is_told_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(daemon, "DRIVER", tmp_path / "libifdvpcd.so")
    monkeypatch.setattr(daemon, "find_pcscd", lambda: None)
    told = daemon.missing()
    assert len(told) == 2
    assert all("make setup" in line for line in told)
