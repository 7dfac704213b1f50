"""What a station is told about its readers, and whether it makes cards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.card.emulator import daemon
from adapters.card.emulator.control import RunningMachine
from adapters.card.selftest import self_test
from registry.errors import Unavailable
from tests.adapters.terminal import Terminal
from tests.card.blanks import KEYS, SERIAL


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    """Type a line in a process of its own, which finds a PC/SC service of its own."""
    registry = Path(sys.executable).parent / "registry"
    return subprocess.run([registry, *words], capture_output=True, text=True, check=False)


def test_a_station_makes_a_card_for_trial():
    done = typed("reader", "self-test", "--readers", "1", "--json")
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert [step["fault"] for step in steps] == [None] * 6
    assert steps[2]["name"] == "Line A 00 00: written, torn out, finished, read back"


def test_readers_are_listed_with_the_cards_in_them(machine, tmp_path):
    machine.load([SERIAL], KEYS)
    machine.controls.feed(1)
    terminal = Terminal(tmp_path, "sqlite://")
    told = terminal.json("reader", "list")
    assert [one["reader"] for one in told] == machine.readers
    assert told[0]["card"] is False
    assert terminal.json("reader", "status")["service"] == "answers"


def test_a_station_without_the_driver_is_told_what_to_run(monkeypatch, tmp_path):
    monkeypatch.setattr(daemon, "DRIVER", tmp_path / "none.so")
    told = Terminal(tmp_path, "sqlite://")("reader", "status", exits=1)
    assert "make setup" in told.stdout


def test_a_trial_ends_with_the_first_fault(monkeypatch, tmp_path):
    def fail(machine: RunningMachine) -> None:
        raise Unavailable("there is no pcscd")

    monkeypatch.setattr(RunningMachine, "start", fail)
    (step,) = self_test(1, tmp_path)
    assert step.fault == "there is no pcscd"


def test_a_system_without_namespaces_opens_no_port_unless_it_is_told_to(monkeypatch):
    def refused(command, **how):
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", refused)
    monkeypatch.delenv(daemon.OPEN_PORTS, raising=False)
    with pytest.raises(Unavailable, match=daemon.OPEN_PORTS):
        daemon.isolation()
    monkeypatch.setenv(daemon.OPEN_PORTS, "1")
    assert daemon.isolation() == []
