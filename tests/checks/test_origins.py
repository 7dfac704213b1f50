"""For each shared number the entry is told with which it came to be shared."""

from __future__ import annotations

from datetime import date

from registry.vocabulary import VOCABULARY
from replay.checks.origins import origins
from replay.columns.log import KeptLog
from replay.numbers import unpack_one
from replay.questions.duplicates import duplicates
from replay.states.history import At
from tests.replay.histories import town
from tests.replay.pencil import Pencil


def test_a_shared_number_came_with_the_entry_that_brought_its_second_holder():
    entries = town(20041122, 2).entries
    log, pencil = KeptLog(entries, 3), Pencil(entries)
    at = At(date(2059, 1, 1), log.head)
    shared = duplicates(log, at)
    found = list(origins(log, shared))
    assert shared
    assert [one.number for one in found] == [one.number for one in shared]
    by_position = {entry.position: entry for entry in entries}
    for one in found:
        number, entry = unpack_one(one.number), by_position[one.position]
        assert number is not None
        assert one.position == pencil.duplicate_since(number, at)
        assert number not in pencil.duplicates((at.valid_on, one.position - 1))
        assert one.recorded_at == entry.recorded_at
        assert one.event == VOCABULARY[type(entry.event)].name
        assert one.batch == getattr(entry.event, "batch", "")
