"""Serving: workers that share one socket, and one follower that keeps the read models up.

On SQLite one process does both. On PostgreSQL each worker is a process with a queue of its own, and
a lease in the database says which follower, here or on another machine, does the following.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import uvicorn

from adapters.assembly import Parts, Settings, assemble
from adapters.collecting import collect_rarely
from adapters.http.app import create_app
from adapters.http.metrics import SHARED
from adapters.http.services import Services
from adapters.leases import Lease
from adapters.projector import Projector
from adapters.redactions import forget_blanked
from adapters.restored import stop_if_restored
from adapters.watching import Watch

DRAIN_S = 20
LOOK_S = 0.5
#: How often it is looked whether there is a sealed log to be kept up.
LOOK_FOR_SEALED_S = 2.0
LEASE = "follower"
WATCH_LEASE = "self-audit"
#: Whoever starts has other things to do than to look for old faults.
BEFORE_WATCH_S = 30.0
#: A worker that dies sooner than this after its start would only die again.
STAYS_S = 2.0


def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    *,
    started: Callable[[int], None] | None = None,
) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; what is queued is answered first.

    started: is told the port once it is bound.
    """
    if workers > 1 and settings.database.startswith("sqlite"):
        raise ValueError("SQLite is served by one worker; use PostgreSQL for more")
    listener = bind(host, port)
    if started is not None:
        started(listener.getsockname()[1])
    if workers == 1:
        work(settings, listener, follow=True)
    else:
        supervise(settings, listener, workers)


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def work(settings: Settings, listener: socket.socket, follow: bool = False) -> None:
    """Serve from this process."""
    parts = assemble(settings)
    stop_if_restored(parts)  # it may be started anew, after a backup was restored
    services = Services.around(parts)
    head, _ = services.parts.store.head()
    services.projector.prepare()
    services.parts.register.warm()  # before anybody is told that it is ready
    collect_rarely()
    stop = Event()
    forgetter = Thread(target=forget_blanked, args=(services.parts, stop, head), name="forgetter")
    follower = Thread(
        target=follow_log, args=(services.projector, services.now_of, stop), name="follower"
    )
    watcher = Thread(target=watch_log, args=(services.parts, stop), name="watcher")
    sealer = Thread(target=seal_log, args=(services.parts, stop), name="sealer")
    forgetter.start()
    if follow:
        follower.start()
        watcher.start()
        sealer.start()
    # When it has stopped, the server raises the signal again, which would end us half-way.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    try:
        config = uvicorn.Config(
            create_app(services),
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,  # addresses hold identifiers; who asked what is in the query log
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_S,
            timeout_keep_alive=30,
        )
        Server(config, services).run(sockets=[listener])
    finally:
        stop.set()
        services.projector.wake.set()
        forgetter.join()
        if follow:
            follower.join()
            watcher.join()
            sealer.join()


class Server(uvicorn.Server):
    """Lets those who wait for news go when it is told to stop."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services

    def handle_exit(self, sig: int, frame: object) -> None:
        """Stop: no new connections, and an answer for everybody who waits."""
        self._services.bell.close()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]  # a frame or None


def follow_log(projector: Projector, clock: Callable[[], int], stop: Event) -> None:
    """Keep the read models up while this process holds the lease."""
    lease = Lease(projector.engine, LEASE, f"{socket.gethostname()}/{os.getpid()}", clock)
    projector.follow(stop, lease.held)
    lease.give_up()


def watch_log(parts: Parts, stop: Event) -> None:
    """Hold the read models against the log, gently, while this process has that lease."""
    share, clock = parts.settings.audit_share, parts.register.clock
    if not share or stop.wait(BEFORE_WATCH_S):
        return
    lease = Lease(parts.engine, WATCH_LEASE, f"{socket.gethostname()}/{os.getpid()}", clock)
    Watch(parts.engine, parts.store, clock, share=share / 100).run(stop, lease.held)
    lease.give_up()


def seal_log(parts: Parts, stop: Event) -> None:
    """Keep the sealed log up, where there is one, while this process has that lease."""
    folder, clock = Path(parts.settings.sealed), parts.register.clock
    while not (folder / "manifest.json").exists():
        if stop.wait(LOOK_FOR_SEALED_S):
            return
    from adapters.sealing import LEASE, follow_sealing, job_of  # compilers come with it

    lease = Lease(parts.engine, LEASE, f"{socket.gethostname()}/{os.getpid()}", clock)
    follow_sealing(job_of(parts.settings), parts.store, stop, lease.held)
    lease.give_up()


def follow_alone(settings: Settings) -> None:
    """The process that follows and serves nobody."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = assemble(settings)
    stop_if_restored(parts)
    projector = Projector(parts.engine, parts.store)
    projector.prepare()
    watcher = Thread(target=watch_log, args=(parts, stop), name="watcher")
    watcher.start()
    sealer = Thread(target=seal_log, args=(parts, stop), name="sealer")
    sealer.start()
    follow_log(projector, parts.register.clock, stop)
    watcher.join()
    sealer.join()
    parts.engine.dispose()


@dataclass
class _Child:
    run: Callable[..., None]
    arguments: tuple[object, ...]
    process: BaseProcess
    since: float


def supervise(settings: Settings, listener: socket.socket, workers: int) -> None:
    """Start the processes, start one anew that died, and stop them all in the end."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    context = multiprocessing.get_context("spawn")

    def start(run: Callable[..., None], *arguments: object) -> _Child:
        process = context.Process(target=run, args=arguments)
        process.start()
        return _Child(run, arguments, process, monotonic())

    with tempfile.TemporaryDirectory() as shared:
        os.environ[SHARED] = shared  # where the workers add up their meters
        children = [start(follow_alone, settings)]
        children += [start(work, settings, listener) for _ in range(workers)]
        broken = False
        while not broken and not stop.wait(LOOK_S):
            for place, child in enumerate(children):
                if child.process.is_alive():
                    continue
                if monotonic() - child.since < STAYS_S:
                    broken = True
                    break
                children[place] = start(child.run, *child.arguments)
        for child in children:
            if child.process.is_alive():
                child.process.terminate()
        for child in children:
            child.process.join(DRAIN_S + 5)
            if child.process.is_alive():
                child.process.kill()
                child.process.join()
    if broken:
        sys.exit("a worker ended as soon as it had begun; its message is above")
