"""A submission that comes again is known, whatever program took it first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.wire import read_command, shape_of
from registry.commands import COMMANDS
from registry.commands.work_orders import OpenWorkOrder
from registry.registrar import Authority, Submission
from registry.values import ApplicationId, OfficeCode, Officer, PaperNumber

GOLDEN = Path(__file__).parent / "golden" / "digests.txt"
OFFICE = OfficeCode("510603001001")
BY = Authority(Officer("李所长"), OFFICE, frozenset({"station"}))


def digest(command: Any) -> str:
    """What a submission of a command is compared by when its name comes again."""
    return Submission(UUID(int=1), BY, command).digest().hex()


def test_the_digest_of_a_command_never_changes(update_golden: bool):
    """Else who sends a submission again after an upgrade is told that its name was used before.

    A field that a command gains is named with `later`; the rows that are there are never written
    anew.
    """
    lines = GOLDEN.read_text().splitlines() if GOLDEN.exists() else []
    kept = {line.split(" ", 1)[0]: line for line in lines}
    if update_golden:
        for name, kind in COMMANDS.items():
            body = shape_of(kind).sample
            told = json.dumps(body, ensure_ascii=False)
            kept.setdefault(name, f"{name} {digest(read_command(kind, body))} {told}")
        GOLDEN.write_text("".join(f"{kept[name]}\n" for name in sorted(kept)))
    assert kept.keys() == COMMANDS.keys(), "pytest --update-golden"
    for line in kept.values():
        name, frozen, body = line.split(" ", 2)
        assert digest(read_command(COMMANDS[name], json.loads(body))) == frozen, name


def test_a_field_that_came_later_counts_once_it_says_something():
    order = OpenWorkOrder(
        work_order=PaperNumber("W-1"), applications=(ApplicationId(UUID(int=1)),), site=OFFICE
    )
    assert OpenWorkOrder.LATER == {"cards": None}  # type: ignore[attr-defined]
    said = {digest(replace(order, cards=cards)) for cards in (None, 1, 2)}
    assert len(said) == 3
    assert digest(order) in said
