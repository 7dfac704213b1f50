"""The queue of commands: who is committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from adapters.queue import CommandQueue
from registry.store import Receipt

PATIENCE_S = 30


class Groups:
    """A register that records nothing and notes how many came together."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.begun, self.open = Event(), Event()

    def do_all(self, batch: Sequence[Any]) -> list[Receipt]:
        self.sizes.append(len(batch))
        self.begun.set()
        assert self.open.wait(PATIENCE_S)
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


def test_a_mistake_of_ours_is_told_and_does_not_stop_the_queue():
    class Mistaken(Groups):
        def do_all(self, batch: Sequence[Any]) -> list[Receipt]:
            if "mistake" in batch:
                raise KeyError("a mistake of ours")
            return super().do_all(batch)

    groups: Any = Mistaken()
    groups.open.set()
    with CommandQueue(groups) as served:
        right: Any = "right"
        wrong: Any = "mistake"
        assert isinstance(served.submit(wrong).exception(PATIENCE_S), KeyError)
        assert served.submit(right).exception(PATIENCE_S) is None


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
