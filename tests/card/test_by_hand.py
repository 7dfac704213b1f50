"""A reader that somebody feeds by hand: told what to do, and waited for, over the real stack."""

from __future__ import annotations

from threading import Event

from adapters.card.emulator import trays
from adapters.card.emulator.control import RunningMachine
from adapters.card.line import Line
from adapters.card.reader import Reader
from adapters.card.session import Life
from adapters.card.slots import ReaderSlot
from adapters.producing import HandFeeder
from adapters.queue import CommandQueue
from registry.values import RunEnd
from tests.card.rig import KEYS, Rig
from tests.card.world import key
from tests.scenarios.town import Town


class Hand:
    """Somebody who does what is said, with cards from a pile, and presses Ctrl-C at its end."""

    def __init__(self, machine: RunningMachine, pile: list[bytes], stopping: Event) -> None:
        self.machine, self.pile, self.stopping = machine, pile, stopping
        self.told: list[str] = []
        machine.load(pile, KEYS, trays.OUTSIDE)

    def __call__(self, message: str) -> None:
        """Do it."""
        self.told.append(message)
        controls = self.machine.controls
        if "put in the next card" not in message:
            controls.eject(0, trays.REJECTS if "REJECT BIN" in message else trays.STACKER)
        elif self.pile:
            controls.insert(0, self.pile.pop(0))
        else:
            self.stopping.set()

    def lie(self, tray: str) -> list[bytes]:
        """The cards that lie in a place."""
        return [one.serial for one in trays.look(self.machine.folder, tray)]


def test_cards_that_are_put_in_by_hand_are_made_and_put_where_it_is_said(
    town: Town, machine: RunningMachine
):
    """A stranger's card among them goes into the bin; for the third person there is no blank."""
    rig, stopping = Rig(town, people=3, blanks=2), Event()
    hand = Hand(machine, [key(1), key(99), key(2)], stopping)
    with Reader(machine.readers[0]) as reader, CommandQueue(town.register) as queue:
        slot = ReaderSlot(reader, HandFeeder(reader, hand, stopping))
        line = Line(rig.journal(queue), [slot], rig.images, KEYS, stopping=stopping)
        report = line.run()
    assert (report.end, report.made, report.left) == (RunEnd.ASKED, 2, 1)
    assert (hand.lie(trays.STACKER), hand.lie(trays.REJECTS)) == ([key(1), key(2)], [key(99)])
    assert [one.life for one in trays.look(machine.folder, trays.STACKER)] == [Life.DONE] * 2
    assert sum("put in the next card" in one for one in hand.told) == 4
