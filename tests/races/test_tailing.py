"""Many writers against a reader who follows the log: nothing is missed, nothing comes twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import uuid4

from adapters.assembly import Parts, Settings, assemble
from registry.register import Submission
from registry.store import StoredEntry
from registry.values import Sex
from tests.crash.town import found, supplement
from tests.races.test_races import BORN, BY, WRITERS

TURNS = 8


def test_a_reader_who_follows_many_writers_misses_nothing(database_url):
    plate = found(database_url)
    registers = [assemble(Settings(database=database_url, durability="off")) for _ in range(3)]
    *writing, reading = registers
    ended = Event()

    def follow(parts: Parts) -> list[StoredEntry]:
        seen: list[StoredEntry] = []
        last = False
        while True:
            page = parts.store.page(seen[-1].position if seen else 0, 7)
            seen.extend(page)
            if not page and last:
                return seen
            last = ended.is_set()  # one more look, after everything has been recorded

    def write(number: int) -> None:
        register = writing[number % 2].register
        for turn in range(TURNS):
            command = supplement(turn, Sex.FEMALE, BORN.replace(day=1 + number), plate)
            register.do(Submission(uuid4(), BY, command))

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        seen = pool.submit(follow, reading)
        for writer in [pool.submit(write, number) for number in range(WRITERS)]:
            writer.result()
        ended.set()
    head, _ = reading.store.head()
    entries = seen.result()
    assert [one.position for one in entries] == list(range(1, head + 1))
    assert entries == reading.store.page(0, head)
    names = {one.submission for one in entries}
    assert len(names) == len(reading.store.submissions([name for name in names if name]))
    for parts in registers:
        parts.engine.dispose()
