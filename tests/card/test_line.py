"""A line of readers on one work order: nobody is served twice, nobody is forgotten."""

from __future__ import annotations

import shutil
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.card.channel import HeldByAnother, ReaderGone, ServiceDown
from adapters.card.emulator.chip import PowerLost
from adapters.card.journal import Fenced
from registry.aggregates.card import BodyState
from registry.values import RunEnd
from tests.card.rig import Fault, Rack, Rig, blank
from tests.scenarios.cards import state
from tests.scenarios.moulds import Mould
from tests.scenarios.town import Town


class Killed(BaseException):
    """The station's process is dead."""


def test_an_order_is_made_whole_in_two_readers(town: Town):
    rig = Rig(town, people=6, blanks=8, readers=2)
    with rig.line() as line:
        report = line.run()
    assert (report.end, report.made, report.left) == (RunEnd.COMPLETE, 6, 0)
    assert sum(tally.cards for tally in line.tallies) == 6
    assert len(rig.tray.hopper) == 2, "nothing is fed that nobody needs"
    rig.conserved()


def test_what_cannot_be_made_waits_for_a_supervisor_and_holds_up_nobody(town: Town):
    rig = Rig(town, people=3, blanks=3)
    rig.images.absent.add(rig.applications[1])
    with rig.line() as line:
        report = line.run()
    assert (report.end, report.made, report.held) == (RunEnd.HELD, 2, 1)
    assert "photo" in line.journal.held[0].why
    rig.conserved()


def test_a_line_without_blanks_says_so_and_goes_on_when_it_has_some(town: Town):
    rig = Rig(town, people=3, blanks=3)
    kept = [rig.tray.hopper.pop() for _ in range(2)]
    with rig.line() as line:
        report = line.run()
    assert (report.end, report.made, report.left) == (RunEnd.SUPPLY, 1, 2)
    rig.tray.hopper.extend(kept)
    with rig.line() as line:
        assert line.run().end is RunEnd.COMPLETE
    rig.conserved()


def test_a_reader_stops_after_three_spoils_in_a_row(town: Town):
    rig = Rig(town, people=2, blanks=6)
    rig.racks[0].fault = lambda apdu: (b"", 0x6581) if apdu[:2] == b"\x04\xd6" else None
    with rig.line() as line:
        report = line.run()
    assert report.end is RunEnd.SPOILS
    assert len(rig.tray.rejects) == 3
    assert report.held == 1, "an attempt takes three bodies"
    rig.conserved()


def test_a_reader_that_falls_out_leaves_its_work_to_the_others(town: Town):
    rig = Rig(town, people=5, blanks=6, readers=2)
    broken = rig.racks[0]

    def gone(rack: Rack) -> None:
        if len(rig.tray.stack) >= 2:
            raise ReaderGone("reader 0")

    broken.connecting = gone
    with rig.line() as line:
        report = line.run()
    assert (report.end, report.made) == (RunEnd.COMPLETE, 5)
    assert rig.incidents() == ["reader"]
    rig.conserved()


def test_a_service_that_comes_back_goes_unnoticed(town: Town):
    rig = Rig(town, people=2, blanks=2)
    left = [3]

    def down(rack: Rack) -> None:
        left[0] -= 1
        if left[0] >= 0 and rack.chip is not None:
            raise ServiceDown("reader")

    rig.racks[0].connecting = down
    with rig.line() as line:
        assert line.run().end is RunEnd.COMPLETE
    rig.conserved()


def test_a_reader_that_another_program_holds_stops_the_line(town: Town):
    rig = Rig(town, people=2, blanks=2)

    def held(rack: Rack) -> None:
        raise HeldByAnother("reader")

    rig.racks[0].connecting = held
    with rig.line() as line, pytest.raises(HeldByAnother):
        line.run()


def test_whoever_is_asked_to_stop_finishes_the_card_in_hand(town: Town):
    rig = Rig(town, people=3, blanks=3)
    with rig.line() as line:

        def ask(apdu: bytes) -> None:
            line.stop()

        rig.racks[0].fault = ask
        report = line.run()
    assert (report.end, report.made, report.left) == (RunEnd.ASKED, 1, 2)
    rig.conserved()


def test_a_station_that_was_taken_over_binds_nothing_more(town: Town):
    rig = Rig(town, people=3, blanks=3)
    with rig.line() as old:
        old.journal.begin()
        with rig.line() as new:
            new.journal.begin()
            assert rig.racks[0].feed()
            wire = rig.racks[0].connect(0)
            assert wire is not None
            with pytest.raises(Fenced):
                old._makers[0].attend(wire)  # the old station knows nothing of the new one
        rig.racks[0].eject(good=False)
    assert rig.body(1).state is BodyState.ON_LINE


def test_a_card_that_is_missing_stops_a_line_before_it_begins_another(town: Town):
    rig = Rig(town, people=2, blanks=3)
    (rack,) = rig.racks
    killed_while_writing(rig)
    lost, rack.chip = rack.chip, None
    with rig.line() as line:
        report = line.run()
    assert (report.end, report.made) == (RunEnd.ALARM, 0)
    assert report.missing == (rig.body(1).id,)
    blank_kept = rig.racks[0].chip
    assert blank_kept is not None, "it was fed, and is in the reader still"
    rig.tray.hopper.appendleft(blank_kept)
    rack.chip = lost  # somebody found it under the table
    with rig.line() as line:
        assert line.run().end is RunEnd.COMPLETE
    rig.conserved()


def killed_while_writing(rig: Rig) -> None:
    """The station dies in the middle of the first card."""

    def kill(apdu: bytes) -> None:
        chip = rig.racks[0].chip
        if chip is not None and len(chip.memory.files) > 1:
            raise Killed

    rig.racks[0].fault = kill
    with rig.line() as line, pytest.raises(Killed):
        line.run()
    rig.racks[0].fault = lambda apdu: None


# --- chaos ------------------------------------------------------------------------------------


def chaos(rack: Rack, chance: Random) -> Fault:
    """Tears, failed sessions, failed memories, dead stations: each now and then."""

    def fault(apdu: bytes) -> tuple[bytes, int] | None:
        match chance.randrange(400):
            case 0 | 1:
                raise PowerLost
            case 2:
                assert rack.chip is not None
                rack.chip.transmit(apdu)
                raise PowerLost
            case 3:
                return b"", 0x6988
            case 4:
                return b"", 0x6581
            case 5:
                raise Killed
        return None

    return fault


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_happens_everybody_gets_one_good_card(
    mould: Mould, tmp_path_factory: pytest.TempPathFactory, seed: int
):
    path = tmp_path_factory.mktemp("chaos") / "town.db"
    shutil.copy(mould.path, path)
    town = Town(path, ids=dict(mould.ids), made=count(mould.made), sent=count(1000))
    rig = Rig(town, people=6, blanks=40, readers=2)
    chance = Random(seed)
    for rack in rig.racks:
        rack.fault = chaos(rack, chance)
    stranger = blank(77)
    rig.tray.hopper.insert(3, stranger)
    ends = [RunEnd.ASKED]
    while ends[-1] not in {RunEnd.COMPLETE, RunEnd.HELD}:
        assert len(ends) < 60
        with rig.line(spoils_in_a_row=9) as line:
            try:
                ends.append(line.run().end)
            except Killed:
                ends.append(RunEnd.ASKED)
    for pile in (rig.tray.rejects, rig.tray.hopper):
        if stranger in pile:
            pile.remove(stranger)
    rig.conserved()
    waiting = [one for one in rig.applications if state(town, one) != "31"]
    assert len(waiting) == len(line.journal.held)
    town.close()
