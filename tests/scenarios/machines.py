"""State machines that live in a town: each run of one begins in a copy of its own."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.scenarios.moulds import Mould


class InTown(RuleBasedStateMachine):
    """A machine that begins in a copy of the town."""

    mould: ClassVar[Mould]
    folder: ClassVar[Path]
    begun: ClassVar = count(1)

    def __init__(self) -> None:
        super().__init__()
        self.town = self.mould.copy(self.folder / f"{next(self.begun)}.db")

    def teardown(self) -> None:
        self.town.close()


def drive(machine: type[InTown], mould: Mould, folder: Path, *, examples: int, steps: int) -> None:
    """Drive machines through so many examples of so many rules each."""
    machine.mould, machine.folder = mould, folder
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # dice shrink to other dice
        ),
    )
