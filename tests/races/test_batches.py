"""Submissions that are decided together: each stands or falls by what is really recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from adapters.assembly import Settings, assemble
from registry.commands.base import STATION
from registry.errors import Unavailable
from registry.register import Submission
from registry.store import Receipt
from registry.values import Sex
from tests.crash.town import found, supplement
from tests.races.test_races import BORN, BY


@dataclass(frozen=True)
class Broken:
    """A command with a mistake of ours in it."""

    ROLES = frozenset({STATION})

    def execute(self, registrar: Any) -> dict[str, Any]:
        """Fail in a way that no command should."""
        registrar.new_id()
        raise KeyError("a mistake of ours")


def test_a_repetition_in_a_batch_takes_no_code_from_those_after_it(database_url):
    plate = found(database_url, last=4)  # two codes for men
    parts = assemble(Settings(database=database_url, durability="off"))
    first = Submission(uuid4(), BY, supplement(1, Sex.MALE, BORN, plate))
    receipt = parts.register.do(first)
    second = Submission(uuid4(), BY, supplement(2, Sex.MALE, BORN, plate))
    again, told = parts.register.do_all([first, second])
    assert again == receipt
    assert isinstance(told, Receipt), told
    assert json.loads(told.answer)["number"][14:17] == "003"
    parts.engine.dispose()


def test_a_mistake_in_one_command_fails_that_command_alone(sqlite_url):
    plate = found(sqlite_url)
    parts = assemble(Settings(database=sqlite_url, durability="off"))
    before, broken, after = parts.register.do_all(
        [
            Submission(uuid4(), BY, supplement(1, Sex.MALE, BORN, plate)),
            Submission(uuid4(), BY, Broken()),
            Submission(uuid4(), BY, supplement(2, Sex.MALE, BORN, plate)),
        ]
    )
    assert isinstance(before, Receipt)
    assert isinstance(after, Receipt)
    assert isinstance(broken, Unavailable)
    assert isinstance(broken.__cause__, KeyError)
    parts.engine.dispose()
