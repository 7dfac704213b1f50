"""The event store: what the register relies on, beyond the library's own test cases."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    IntegrityError,
    NotSupportedError,
    StoredEvent,
)
from sqlalchemy import Engine, insert, select

from adapters import database
from adapters.appending import EntryRow
from adapters.eventstore import Recorder, entries, submissions
from registry.days import dawn_of
from registry.events.person import EntriesVoided
from registry.store import (
    Append,
    EntryStore,
    Failed,
    Outcome,
    Overtaken,
    Raced,
    Receipt,
    Repeated,
    StoredEntry,
    field_of,
)
from registry.vocabulary import VOCABULARY
from tests.adapters.recording import NODE, A, B, C, Clock, entry, kinds, wish


@pytest.fixture
def store(engine: Engine) -> Recorder:
    return Recorder(engine, node=NODE, clock=Clock(1_000))


def test_the_recorder_is_what_the_register_asks_for(store: Recorder):
    asked: EntryStore = store
    assert asked.node == NODE


def test_an_append_reads_back_with_its_envelope(store: Recorder):
    submission = uuid4()
    wanted = entry(A, 1, b'{"a":1}\n', private=b"\0\xff", effective_on=45_000)
    assert store.append([wish(wanted, submission=submission)]) == [
        Receipt(submission, first=1, count=1, recorded_at=1_000, answer=b'{"ok":true}')
    ]
    recorded = StoredEntry(
        originator_id=A,
        originator_version=1,
        topic="",
        state=b'{"a":1}\n',
        code=6,
        private=b"\0\xff",
        effective_on=45_000,
        recorded_at=1_000,
        position=1,
        origin=NODE,
        origin_seq=1,
        officer="officer-7",
        office="110105010001",
        submission=submission,
        origin_at=1_000,
    )
    assert store.streams([A, B]) == {A: [recorded], B: []}
    assert store.page(0, 10) == [recorded]
    assert store.select_events(A) == [recorded]


def test_an_entry_of_another_node_keeps_its_name_and_its_instant(store: Recorder):
    theirs = entry(A, 1, origin=3, origin_seq=77, origin_at=500, officer="officer-of-3")
    assert kinds(store.append([wish(theirs), wish(entry(B, 1))])) == [Receipt, Receipt]
    arrived, ours = store.page(0, 10)
    assert (arrived.origin, arrived.origin_seq, arrived.origin_at) == (3, 77, 500)
    assert (arrived.position, arrived.recorded_at) == (1, 1_000)
    assert (arrived.officer, arrived.office) == ("officer-of-3", "110105010001")
    assert (ours.origin, ours.origin_seq, ours.origin_at) == (NODE, 2, 1_000)


def test_an_entry_of_another_node_arrives_once(store: Recorder):
    theirs: Any = {"origin": 3, "origin_seq": 77, "origin_at": 500}
    again = wish(entry(B, 1, **theirs))
    outcomes = store.append([wish(entry(A, 1, **theirs)), again, wish(entry(C, 1))])
    assert kinds(outcomes) == [Receipt, Failed, Receipt]


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_a_batch_is_recorded_in_its_order(store: Recorder, count: int):
    streams = [uuid4() for _ in range(count)]
    batch = [wish(entry(stream, 1), entry(stream, 2)) for stream in streams]
    receipts = store.append(batch)
    assert [each.first for each in receipts if isinstance(each, Receipt)] == [
        *range(1, 2 * count, 2)
    ]
    page = store.page(0, 100)
    assert [each.position for each in page] == [*range(1, 2 * count + 1)]
    assert [each.originator_id for each in page] == [each for each in streams for _ in range(2)]
    assert store.head() == (2 * count, 1_000)


def test_appends_of_a_batch_build_upon_each_other(store: Recorder):
    outcomes = store.append(
        [
            wish(entry(A, 1)),
            wish(entry(A, 2), entry(B, 1), guards={A: 1}),
            wish(entry(B, 2), entry(A, 3), entry(B, 3), guards={A: 2, B: 1, C: 0}),
        ]
    )
    assert kinds(outcomes) == [Receipt, Receipt, Receipt]
    assert [each.originator_version for each in store.streams([A])[A]] == [1, 2, 3]


def test_who_comes_late_loses_alone(store: Recorder):
    store.append([wish(entry(A, 1))])
    outcomes = store.append(
        [
            wish(entry(A, 2)),
            wish(entry(A, 2), entry(B, 1)),
            wish(entry(B, 1), guards={A: 1}),
            wish(entry(C, 2)),
            wish(entry(B, 1)),
        ]
    )
    assert kinds(outcomes) == [Receipt, Raced, Raced, Raced, Receipt]
    assert outcomes[1:4] == [Raced(frozenset({A})), Raced(frozenset({A})), Raced(frozenset({C}))]
    assert [(each.originator_id, each.originator_version) for each in store.page(0, 10)] == [
        (A, 1),
        (A, 2),
        (B, 1),
    ]


def test_a_stream_that_was_read_as_missing_must_still_be_missing(store: Recorder):
    assert kinds(store.append([wish(entry(A, 1), guards={B: 0})])) == [Receipt]
    assert store.append([wish(entry(B, 1), guards={A: 0})]) == [Raced(frozenset({A}))]


def test_what_read_models_were_asked_about_is_not_named_since(store: Recorder):
    said = f'{{"household":"{A}"}}\n'.encode()
    assert kinds(store.append([wish(entry(B, 1, said))])) == [Receipt]
    late = replace(wish(entry(C, 1)), asked={A: 0, "elsewhere": 0})
    assert store.append([late]) == [Overtaken(frozenset({A}))]
    assert kinds(store.append([replace(late, asked={A: 1, "elsewhere": 0})])) == [Receipt]


def test_a_batch_looks_once_at_what_was_entered_since_read_models_were_asked(
    store: Recorder, monkeypatch: pytest.MonkeyPatch
):
    def naming(stream: UUID, *names: object) -> Append:
        return wish(entry(uuid4(), 1, f'{{"household":"{stream}","site":{names!r}}}\n'.encode()))

    store.append([naming(A), naming(B), naming(C)])
    pages: list[tuple[int, int]] = []
    page = store._driver.page

    def counted(first: int, last: int) -> Iterable[EntryRow]:
        pages.append((first, last))
        return page(first, last)

    monkeypatch.setattr(store._driver, "page", counted)
    mine = naming(uuid4(), "P-9")
    outcomes = store.append(
        [
            replace(naming(uuid4()), asked={A: 1, B: 2}),
            replace(naming(uuid4()), asked={A: 0, B: 2, C: 2}),
            replace(naming(uuid4()), asked={"P-9": 3}),
            mine,
            replace(naming(uuid4()), asked={"P-9": 3}),
            replace(naming(C), asked={A: 3, C: 3}),
            replace(naming(uuid4()), asked={A: 3, C: 3}),
        ]
    )
    assert pages == [(1, 3)]
    assert [getattr(one, "named", None) for one in outcomes] == [
        None,
        {A, C},
        None,
        None,
        {"P-9"},
        None,
        {C},
    ]


def test_what_a_stream_tells_of_itself_is_named_by_its_own_entries_alone(store: Recorder):
    """Before the batch and in it, and by those only that tell that field."""
    moved = b'{"community":"here","doorplate":"there"}\n'
    community, number = field_of(A, "community"), field_of(A, "household_number")
    store.append([wish(entry(A, 1, b'{"from_community":"here"}\n')), wish(entry(B, 1, moved))])
    late = replace(wish(entry(C, 1)), asked={community: 0, number: 0, A: 0})
    assert kinds(store.append([late, wish(entry(A, 2, moved))])) == [Receipt, Receipt]
    late = replace(wish(entry(C, 2)), asked={community: 3, number: 3, A: 3})
    assert store.append([late]) == [Overtaken(frozenset({community}))]
    both = [wish(entry(A, 3, moved)), replace(wish(entry(C, 2)), asked={community: 4, number: 4})]
    assert store.append(both)[1] == Overtaken(frozenset({community}))
    assert kinds(store.append([replace(both[1], asked={community: 5})])) == [Receipt]


def test_an_undoing_may_bring_back_what_read_models_were_asked_about(store: Recorder):
    """It names versions only: whoever stands again lives where he did."""
    undoing = VOCABULARY[EntriesVoided].code
    store.append([wish(entry(B, 1)), wish(entry(B, 2, code=undoing))])
    late = wish(entry(C, 1))
    assert store.append([replace(late, asked={A: 1})]) == [Overtaken(frozenset({A}))]
    assert kinds(store.append([replace(late, asked={A: 2})])) == [Receipt]
    both = [wish(entry(B, 3, code=undoing)), replace(wish(entry(C, 2)), asked={A: 3})]
    assert kinds(store.append(both)) == [Receipt, Overtaken]


def test_nothing_is_recorded_before_it_was_decided(store: Recorder):
    """Where the clock is put back meanwhile; ledgers bear the day of the decision."""
    late = replace(wish(entry(A, 1)), decided_at=5_000)
    assert store.append([wish(entry(B, 1)), late])[1].recorded_at == 5_000  # type: ignore[union-attr]
    assert store.head() == (2, 5_000)


def test_what_was_decided_on_an_earlier_day_is_decided_again(store: Recorder):
    assert kinds(store.append([wish(entry(A, 1))])) == [Receipt]
    _, newest = store.head()
    early = replace(wish(entry(B, 1)), decided_at=dawn_of(newest) - 1)
    assert store.append([early]) == [Raced(frozenset(), newest)]
    assert kinds(store.append([replace(early, decided_at=dawn_of(newest))])) == [Receipt]


def test_versions_with_a_hole_are_a_mistake_and_not_a_race(store: Recorder):
    outcomes = store.append([wish(entry(A, 1), entry(A, 3)), wish(entry(B, 1))])
    assert kinds(outcomes) == [Failed, Receipt]
    assert store.head()[0] == 1


def test_a_submission_is_recorded_once(store: Recorder):
    submission = uuid4()
    first, again, other = store.append(
        [
            wish(entry(A, 1), submission=submission),
            wish(entry(A, 2), submission=submission),
            wish(entry(A, 2)),
        ]
    )
    assert isinstance(first, Receipt)
    assert again == Repeated(first, b"d" * 32, "officer-7")
    assert isinstance(other, Receipt)
    assert other.first == 2
    assert store.append([wish(entry(A, 1), submission=submission)]) == [again]
    assert store.submissions([submission, uuid4()]) == {submission: again}
    assert [each.originator_version for each in store.page(0, 10)] == [1, 2]


def test_a_submission_that_lost_may_come_again(store: Recorder):
    submission = uuid4()
    store.append([wish(entry(A, 1))])
    raced, kept = store.append(
        [wish(entry(A, 1), submission=submission), wish(entry(A, 2), submission=submission)]
    )
    assert kinds([raced, kept]) == [Raced, Receipt]


def test_a_submission_may_record_nothing_but_its_answer(store: Recorder):
    submission = uuid4()
    store.append([wish(entry(A, 1))])
    (receipt,) = store.append([wish(guards={A: 1}, submission=submission)])
    assert receipt == Receipt(submission, 2, 0, 1_000, b'{"ok":true}')
    assert store.submissions([submission])[submission].receipt == receipt
    assert store.head()[0] == 1


def test_instants_never_go_back(engine: Engine):
    store = Recorder(engine, clock=Clock(5_000, 3_000, 6_000))
    for version in (1, 2, 3):
        store.append([wish(entry(A, version))])
    assert [each.recorded_at for each in store.page(0, 10)] == [5_000, 5_000, 6_000]


def test_an_instant_leads_to_the_last_position_recorded_by_then(engine: Engine):
    assert Recorder(engine).position_at(1_000) == 0
    chance = random.Random(7)
    instants = sorted(chance.randrange(1_000, 1_400) for _ in range(300))
    store = Recorder(engine, clock=Clock(*instants))
    for instant in instants:
        assert isinstance(store.append([wish(entry(uuid4(), 1))])[0], Receipt), instant
    for asked in range(998, 1_402):
        assert store.position_at(asked) == sum(instant <= asked for instant in instants)


def test_pages_follow_one_another(store: Recorder):
    store.append([wish(*(entry(A, version) for version in range(1, 26)))])
    read: list[int] = []
    while page := store.page(read[-1] if read else 0, 10):
        read += [each.position for each in page]
    assert read == [*range(1, 26)]
    assert [each.position for each in store.page(20, 10, until=22)] == [21, 22]
    assert store.page(25, 10) == []


def test_a_page_of_some_event_types_tells_where_it_ends(store: Recorder):
    store.append([wish(*(entry(A, v, code=6 + v % 3) for v in range(1, 10)))])

    def told(limit: int, until: int | None, codes: set[int]) -> list[tuple[int, int | None]]:
        return [(row.position, row.code) for row in store.rows(0, limit, until, codes)]

    assert told(7, None, {6, 400}) == [(3, 6), (6, 6), (7, 7)]
    assert told(20, 4, {8}) == [(2, 8), (4, 7)]
    assert told(20, None, {8}) == [(2, 8), (5, 8), (8, 8)]  # the log ends before the last one
    assert told(4, None, set()) == [(4, 7)]


def test_an_empty_store_says_so(store: Recorder):
    assert store.head() == (0, 0)
    assert store.page(0, 10) == []
    assert store.append([]) == []
    assert store.streams([]) == {}
    assert store.submissions([]) == {}


def test_many_streams_are_read_at_once(store: Recorder):
    streams = [uuid4() for _ in range(3_000)]
    store.append([wish(*(entry(stream, 1) for stream in streams))])
    assert {len(found) for found in store.streams(streams).values()} == {1}


def test_both_databases_hold_the_same_bytes(sqlite_url: str, postgres_url: str):
    chance = random.Random(11)
    texts = ["张三", "𠮷野家", 'O\'Hara \\ "x"', "é", "a\tb", "Z"]
    engines = [database.open_database(url, durability="off") for url in (sqlite_url, postgres_url)]
    submission = iter([UUID(int=chance.getrandbits(128)) for _ in range(200)])
    batches = [
        [
            Append(
                submission=next(submission),
                officer=chance.choice(texts),
                office=chance.choice(texts),
                digest=chance.randbytes(32),
                answer=chance.randbytes(20),
                entries=[
                    entry(
                        UUID(int=1000 * size + place),
                        1,
                        chance.randbytes(chance.randrange(400)),
                        private=chance.randbytes(chance.randrange(3)),
                        effective_on=chance.choice([0, 45_000, -700, 2**31 - 1]),
                        code=chance.choice([0, 1, 65_535]),
                    )
                ],
                guards={},
            )
            for place in range(size)
        ]
        for size in (1, 2, 40)
    ]
    written = []
    for engine in engines:
        store = Recorder(engine, node=NODE, clock=Clock(2**45))
        for batch in batches:
            assert set(kinds(store.append(batch))) == {Receipt}
        with engine.connect() as connection:
            written.append(
                [
                    [tuple(row) for row in connection.execute(select(table).order_by(*key))]
                    for table, key in (
                        (entries, [entries.c.officer, entries.c.position]),
                        (submissions, [submissions.c.officer, submissions.c.id]),
                    )
                ]
            )
    assert written[0] == written[1]

    one, other = engines
    with one.connect() as source, other.begin() as target:
        for table in (entries, submissions):
            target.execute(table.delete())
            target.execute(insert(table), [row._asdict() for row in source.execute(select(table))])
    assert Recorder(other).page(0, 1_000) == Recorder(one).page(0, 1_000)
    for engine in engines:
        engine.dispose()


def test_writers_race_and_a_follower_misses_nothing(database_url: str):
    engines = [database.open_database(database_url, durability="off") for _ in range(2)]
    stores = [Recorder(engine, node=NODE) for engine in engines]
    streams = [uuid4() for _ in range(20)]
    tally: Counter[type] = Counter()
    recorded = Counter[UUID | str]()
    counting = threading.Lock()
    finished = threading.Event()

    def write(number: int) -> None:
        store, chance = stores[number % 2], random.Random(number)
        for _ in range(25):
            chosen = chance.sample(streams, 3)
            heads = {stream: len(found) for stream, found in store.streams(chosen).items()}
            batch = [
                wish(
                    *(
                        entry(stream, heads[stream] + step)
                        for step in range(1, chance.randint(1, 3) + 1)
                    ),
                    guards={chance.choice(chosen): heads[chosen[0]]} if stream == chosen[0] else {},
                )
                for stream in chosen
            ]
            outcomes = store.append(batch)
            with counting:
                tally.update(kinds(outcomes))
                for each, outcome in zip(batch, outcomes, strict=True):
                    if isinstance(outcome, Receipt):
                        recorded[each.entries[0].originator_id] += outcome.count

    def follow() -> list[StoredEntry]:
        seen: list[StoredEntry] = []
        while True:
            last_round = finished.is_set()
            while page := stores[0].page(seen[-1].position if seen else 0, 50):
                seen += page
            if last_round:
                return seen

    with ThreadPoolExecutor(9) as pool:
        following = pool.submit(follow)
        writing = [pool.submit(write, number) for number in range(8)]
        for done in writing:
            done.result()
        finished.set()
        seen = following.result()

    assert [each.position for each in seen] == [*range(1, recorded.total() + 1)]
    versions: dict[UUID | str, list[int]] = {}
    for each in seen:
        versions.setdefault(each.originator_id, []).append(each.originator_version)
    assert versions == {stream: [*range(1, count + 1)] for stream, count in recorded.items()}
    assert set(tally) == {Receipt, Raced}
    for engine in engines:
        engine.dispose()


def test_threads_in_line_commit_together_and_a_loser_loses_alone(store: Recorder):
    batches: list[int] = []
    plain = store._line.commit

    def counted(batch: Sequence[Append]) -> list[Outcome]:
        batches.append(len(batch))
        return [*plain(batch)]

    store._line.commit = counted
    same = [StoredEvent(A, 1, "topic", b"one"), StoredEvent(A, 1, "topic", b"two")]
    others = [StoredEvent(uuid4(), 1, "topic", b"state") for _ in range(6)]
    with ThreadPoolExecutor(8) as pool:
        with store._line.leading:
            insertions = [pool.submit(store.insert_events, [each]) for each in same + others]
            while len(store._line.waiting) < len(insertions):
                threading.Event().wait(0.001)
        errors = [each.exception() for each in insertions]
    assert batches == [8]
    assert [type(error) for error in errors if error] == [IntegrityError]
    assert errors[0] or errors[1]
    assert [each.position for each in store.page(0, 10)] == [*range(1, 8)]


def test_the_library_may_fill_gaps_but_not_write_a_version_twice(store: Recorder):
    def insert(*versions: int) -> Sequence[int] | None:
        return store.insert_events([StoredEvent(A, version, "t", b"") for version in versions])

    insert(5, 3)
    insert(4)
    for versions in ((3,), (5,), (6, 6), (9, 4), (2, 2)):
        with pytest.raises(IntegrityError):
            insert(*versions)
    assert insert(0) == [4]
    assert [each.originator_version for each in store.select_events(A)] == [0, 3, 4, 5]


def test_nobody_is_promised_a_subscription(store: Recorder):
    with pytest.raises(NotSupportedError, match="page"):
        store.subscribe()


def test_entries_of_our_own_stay_without_gaps_even_from_the_library(store: Recorder):
    assert store.insert_events([entry(A, 1), entry(A, 2)]) == [1, 2]
    with pytest.raises(IntegrityError):
        store.insert_events([entry(A, 4)])
