"""The machine: no card is ever lost or in two places, whatever it is told and whenever it ends."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.card.emulator import daemon, trays
from adapters.card.emulator.chip import Memory
from adapters.card.emulator.control import CLIENT_SOCKET, Controls, RunningMachine
from adapters.card.emulator.heads import Kind, Plant, halved
from adapters.card.emulator.machine import Machine, Order
from registry.chip.files import HEADER, TEXT
from registry.errors import NotFound, Unavailable
from tests.card.blanks import KEYS, SERIAL, image_for, made

SERIALS = [bytes([number]) * 8 for number in range(1, 6)]
PLACES = (*trays.TRAYS, trays.head(0), trays.head(1))

orders = st.builds(
    Order,
    do=st.sampled_from(["feed", "eject", "insert", "swap", "reseat"]),
    head=st.integers(0, 1),
    tray=st.sampled_from([trays.STACKER, trays.REJECTS, trays.OUTSIDE]),
    serial=st.sampled_from([one.hex() for one in SERIALS]),
)


@contextmanager
def still_machine() -> Iterator[Machine]:
    """A machine whose service does not run, with five cards in its hopper."""
    with TemporaryDirectory() as folder:
        machine = Machine(Path(folder), daemon.choose_ports(2, isolated=False))
        trays.load(Path(folder), SERIALS, KEYS)
        yield machine
        for head in machine.heads:
            head.rest(unseen=True)


def lying(machine: Machine) -> Counter[bytes]:
    """Every card, and in how many places it lies."""
    found = (memory for place in PLACES for memory in trays.look(machine.folder, place))
    return Counter(memory.serial for memory in found)


@settings(max_examples=25, deadline=None)
@given(st.lists(orders, max_size=12))
def test_every_card_is_in_one_place_whatever_the_machine_is_told(told):
    with still_machine() as machine:
        for order in told:
            machine.obey(order)
            assert lying(machine) == Counter(SERIALS)
            assert all(len(trays.cards(machine.folder, head)) <= 1 for head in PLACES[-2:])


def test_cards_are_fed_in_the_order_in_which_they_were_loaded():
    with still_machine() as machine:
        for serial in SERIALS:
            assert machine.obey(Order(do="feed"))
            assert trays.look(machine.folder, trays.head(0))[0].serial == serial
            assert machine.obey(Order(do="feed")), "one is there: none other is fed"
            assert machine.obey(Order(do="eject"))
        assert not machine.obey(Order(do="feed"))
        assert not machine.obey(Order(do="eject"))
        assert [one.serial for one in trays.look(machine.folder, trays.STACKER)] == SERIALS


def test_a_card_that_is_nowhere_is_not_put_in():
    with still_machine() as machine:
        machine.obey(Order(do="feed"))
        with pytest.raises(NotFound):
            machine.obey(Order(do="insert", serial="FF" * 8))
        assert trays.look(machine.folder, trays.head(0)), "the one that was in stays in"


def test_an_order_that_there_is_none_of_is_refused():
    with still_machine() as machine, pytest.raises(ValueError, match="cannot dance"):
        machine.obey(Order(do="dance"))


def test_a_running_machine_says_what_it_cannot(machine):
    with pytest.raises(Unavailable, match="no card"):
        machine.controls.insert(0, b"\xff" * 8)
    with pytest.raises(Unavailable, match="index"):
        machine.controls.feed(7)


def test_a_machine_that_is_away_is_told_so(tmp_path):
    with pytest.raises(Unavailable, match="start it"):
        Controls(tmp_path).feed(0)


def test_a_folder_whose_path_is_too_long_for_a_socket_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="too long"):
        daemon.listen(tmp_path / ("x" * 100) / "control")


def test_a_folder_that_the_service_cannot_be_told_of_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="without spaces"):
        daemon.Service(tmp_path / "a folder", daemon.choose_ports(1, isolated=True))


def test_power_that_fails_in_the_middle_leaves_half_of_a_file_or_nothing():
    blank, whole = Memory.blank(SERIAL, KEYS), made(image_for())
    assert halved(whole, Memory.decode(whole.encode())) == whole
    begun = halved(blank, whole)
    (fid,) = begun.files
    assert fid == HEADER
    assert begun.files[fid] != whole.files[fid]
    assert TEXT not in begun.files


def test_a_planted_fault_waits_for_its_turn():
    with still_machine() as machine:
        (head, _) = machine.heads
        head.plant(Plant(kind=Kind.STATUS, after=2, status=0x6982))
        assert [bool(head._due()) for _ in range(4)] == [False, False, True, False]


def test_readers_are_named_as_the_service_names_them():
    named = [daemon.reader_name(number) for number in range(5)]
    assert named == [
        f"Line {name}" for name in ("A 00 00", "A 00 01", "B 00 00", "B 00 01", "C 00 00")
    ]


def test_four_readers_stand_on_copies_of_the_driver_of_their_own(tmp_path):
    """Two that shared one would share the memory in which the driver keeps its cards."""
    ports = daemon.choose_ports(4, isolated=True)
    assert len(set(ports)) == 4
    daemon.Service(tmp_path, ports)
    rules = (tmp_path / "reader.conf.d" / "lines").read_text()
    copies = [line.split()[1] for line in rules.splitlines() if line.startswith("LIBPATH")]
    assert len(set(copies)) == 2
    assert all((tmp_path / copy).read_bytes() == daemon.DRIVER.read_bytes() for copy in copies)


def test_a_machine_that_is_killed_takes_its_service_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv(CLIENT_SOCKET, os.environ.get(CLIENT_SOCKET, ""))  # the other machine's
    other = RunningMachine(tmp_path, readers=1)
    other.start()
    processes = other.process_ids
    assert len(processes) == 2
    other.kill()
    looks = 0
    while any(map(runs, processes)):
        looks += 1
        assert looks < 1000, "it outlives the machine"
        Event().wait(0.01)


def runs(process: int) -> bool:
    """Whether a process is there and is more than a remainder that nobody has collected."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return told.rpartition(")")[2].split()[0] != "Z"
