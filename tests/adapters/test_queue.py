"""The queue of commands: who is committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from adapters.queue import CommandQueue, Pace
from registry.store import Receipt

PATIENCE_S = 30


class Groups:
    """A register that records nothing and notes how many came together."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.begun, self.open = Event(), Event()

    overlaps = False

    def begin(self, batch: Sequence[Any]) -> Sequence[Any]:
        self.sizes.append(len(batch))
        self.begun.set()
        assert self.open.wait(PATIENCE_S)
        return batch

    def end(self, batch: Sequence[Any]) -> list[Receipt]:
        return [Receipt(UUID(int=1), 1, 1, 0, b"{}") for _ in batch]


def test_the_queue_gives_way_to_those_who_came_together_and_never_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
):
    groups: Any = Groups()
    naps: list[Callable[[], object]] = []
    napped: list[float] = []

    def sleep(seconds: float) -> None:
        napped.append(seconds)
        if naps:
            naps.pop(0)()

    monkeypatch.setattr("adapters.queue.sleep", sleep)
    with CommandQueue(groups) as served:
        one: Any = object()
        sent: list[Future[Receipt]] = []

        def send() -> None:
            sent.append(served.submit(one))

        def settle() -> None:
            for future in sent:
                future.result(PATIENCE_S)

        send()
        assert groups.begun.wait(PATIENCE_S)
        for _ in range(3):
            send()
        groups.open.set()
        settle()
        assert groups.sizes == [1, 3]
        naps += [send, send]  # the second and the third of those who were answered together
        send()
        settle()
        assert groups.sizes == [1, 3, 3]
        for _ in range(2):
            send()
            settle()
    assert groups.sizes == [1, 3, 3, 1, 1]
    assert len(napped) == 3, "two who came, then nobody; a lone client is not kept waiting"


class TakingTurns(Pace):
    """Finds it worth it whenever more than one is about."""

    def overlaps(self, about: int) -> bool:
        return about > 1


class Slowly(Groups):
    """A register that tells in which order things are done, and ends when it is let."""

    overlaps = True

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, int]] = []

    def begin(self, batch: Sequence[Any]) -> Sequence[Any]:
        self.told.append(("begin", len(batch)))
        return super().begin(batch)

    def end(self, batch: Sequence[Any]) -> list[Receipt]:
        self.told.append(("end", len(batch)))
        return super().end(batch)


def test_halves_take_turns_and_each_is_answered_when_it_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
):
    groups: Any = Slowly()
    monkeypatch.setattr("adapters.queue.sleep", lambda seconds: None)
    with CommandQueue(groups, pace=TakingTurns()) as served:
        one: Any = object()
        first = served.submit(one)
        assert groups.begun.wait(PATIENCE_S)
        rest = [served.submit(one) for _ in range(7)]
        groups.open.set()
        for future in [first, *rest]:
            future.result(PATIENCE_S)
    order = [("begin", 1), ("begin", 4), ("end", 1), ("begin", 3), ("end", 4), ("end", 3)]
    assert groups.told == order


def test_what_is_under_way_is_ended_when_nobody_else_comes_and_when_the_queue_is_closed():
    groups: Any = Slowly()
    groups.open.set()
    served = CommandQueue(groups, pace=TakingTurns())
    one: Any = object()
    asked = [served.submit(one) for _ in range(5)]
    for future in asked:
        future.result(PATIENCE_S)
    last = [served.submit(one) for _ in range(5)]
    served.close()
    assert all(future.done() for future in last)
    begun = [size for what, size in groups.told if what == "begin"]
    assert sum(begun) == 10
    assert sorted(begun) == sorted(size for what, size in groups.told if what == "end")


def test_a_mistake_of_ours_is_told_and_stops_neither_the_queue_nor_whoever_is_under_way():
    class Mistaken(Slowly):
        def begin(self, batch: Sequence[Any]) -> Sequence[Any]:
            if "mistake" in batch:
                raise KeyError("a mistake of ours")
            return super().begin(batch)

    groups: Any = Mistaken()
    with CommandQueue(groups, pace=TakingTurns()) as served:
        right: Any = "right"
        wrong: Any = "mistake"
        first = served.submit(right)
        assert groups.begun.wait(PATIENCE_S)
        second = served.submit(wrong)
        groups.open.set()
        assert first.exception(PATIENCE_S) is None
        assert isinstance(second.exception(PATIENCE_S), KeyError)
        assert served.submit(right).exception(PATIENCE_S) is None


def test_it_pays_to_overlap_where_a_commit_takes_long_and_deciding_half_of_all_longer(
    monkeypatch: pytest.MonkeyPatch,
):
    now = [0.0]

    def clock() -> float:
        return now[0]

    monkeypatch.setattr("adapters.queue.thread_time", clock)
    monkeypatch.setattr("adapters.queue.perf_counter", clock)
    pace = Pace()
    assert not pace.overlaps(500), "nothing is known yet"
    for _ in range(30):
        with pace.deciding(10):
            now[0] += 0.001  # a tenth of a millisecond each
        with pace.recording():
            now[0] += 0.002
    assert not pace.overlaps(10), "both would wait for the disk"
    assert not pace.overlaps(30), "each half would wait for the other's commit"
    assert pace.overlaps(50)
    with pace.recording():
        now[0] += 1
    assert pace.overlaps(50), "one pause of the disk says nothing"
    for _ in range(5):
        with pace.recording():
            now[0] += 0.0001
    assert not pace.overlaps(50), "there is nothing to wait for"


def test_whoever_does_not_wait_any_more_holds_nobody_up():
    groups: Any = Groups()

    def recorded(last: int) -> None:
        raise RuntimeError("the bell is broken")

    with CommandQueue(groups, recorded=recorded) as served:
        one: Any = object()
        first = served.submit(one)
        assert groups.begun.wait(PATIENCE_S)
        gone, second = served.submit(one), served.submit(one)
        assert gone.cancel()
        groups.open.set()
        for future in (first, second):
            assert future.result(PATIENCE_S).count == 1
        assert served.submit(one).result(PATIENCE_S).count == 1
