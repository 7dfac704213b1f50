"""Meters for Prometheus: what was asked, how long it took, how far the read models are behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, MutableMapping
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from adapters.querylog import QueryLog
from adapters.queue import CommandQueue
from adapters.watching import Sight

KIND = "text/plain; version=0.0.4; charset=utf-8"
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where several workers add up their counts
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Message = MutableMapping[str, Any]


class Meters:
    """The meters of one process; where several serve, they are read together."""

    def __init__(self, queue: CommandQueue, log: QueryLog) -> None:
        self._own = CollectorRegistry()
        self.requests = Counter(
            "registry_requests_total",
            "Requests answered.",
            ["route", "status"],
            registry=self._own,
        )
        self.seconds = Histogram(
            "registry_request_seconds",
            "Time to answer.",
            ["route"],
            buckets=SECONDS,
            registry=self._own,
        )
        self._told: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._now = CollectorRegistry()
        waiting = Gauge("registry_queue_depth", "Submissions that wait.", registry=self._now)
        waiting.set_function(lambda: queue.depth)
        unwritten = Gauge(
            "registry_query_log_depth", "Questions that wait to be logged.", registry=self._now
        )
        unwritten.set_function(lambda: log.depth)
        self._head = Gauge("registry_log_entries", "Entries recorded by now.", registry=self._now)
        self._lag = Gauge(
            "registry_projection_lag_entries",
            "Entries that a read model is behind the log.",
            ["projection"],
            registry=self._now,
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        told = self._told.get((route, status))
        if told is None:
            # Finding the meters of a route takes longer than counting with them.
            told = self.requests.labels(route, str(status)), self.seconds.labels(route)
            self._told[route, status] = told
        told[0].inc()
        told[1].observe(seconds)

    def text(self, head: int, positions: dict[str, int], watched: Iterable[Sight] = ()) -> bytes:
        """Everything, as Prometheus reads it."""
        self._head.set(head)
        for name, position in positions.items():
            self._lag.labels(name).set(max(0, head - position))
        own = self._own
        if os.environ.get(SHARED):
            own = CollectorRegistry()
            MultiProcessCollector(own)  # type: ignore[no-untyped-call]  # publishes no types
        return generate_latest(own) + generate_latest(self._now) + audited(watched)


def audited(watched: Iterable[Sight]) -> bytes:
    """The meters of the self-audit: wrong rows, and of which position and how old that is."""
    found = CollectorRegistry()
    wrong, position, age = (
        Gauge(f"registry_self_audit_{name}", words, ["projection"], registry=found)
        for name, words in (
            ("divergences", "Rows of a read model that do not follow from the log."),
            ("position", "Position up to which the last whole round compared a read model."),
            ("age_seconds", "Since a whole round has seen a read model; -1 for never."),
        )
    )
    for one in watched:
        wrong.labels(one.model).set(one.divergences)
        position.labels(one.model).set(one.position)
        age.labels(one.model).set(one.age_s)
    return generate_latest(found)


class Counted:
    """Counts every request that passes through, by its route and never by its address."""

    def __init__(self, app: Any, meters: Meters) -> None:
        self.app = app
        self.meters = meters

    async def __call__(
        self, scope: Message, receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Let a request pass, and look at the status and the clock."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self.meters.count(route, status, perf_counter() - start)
