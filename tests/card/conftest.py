"""One machine with two readers for all tests of a process: PC/SC finds its service only once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.card.emulator import trays
from adapters.card.emulator.control import RunningMachine


@pytest.fixture(scope="session")
def running_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMachine]:
    """A machine with two readers behind a PC/SC service of its own."""
    with RunningMachine(tmp_path_factory.mktemp("machine"), readers=2) as machine:
        yield machine


@pytest.fixture
def machine(running_machine: RunningMachine) -> Iterator[RunningMachine]:
    """The machine without a card and without a fault, found by processes that are begun."""
    os.environ.update(running_machine.environment)  # of other machines there were meanwhile, too
    yield running_machine
    empty(running_machine)


def empty(machine: RunningMachine) -> None:
    """Take all cards and all faults away."""
    machine.controls.repair()
    for head in range(len(machine.readers)):
        machine.controls.eject(head, trays.OUTSIDE)
    for tray in trays.TRAYS:
        for card in trays.cards(Path(machine.folder), tray):
            card.unlink()
