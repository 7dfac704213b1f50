"""The machine: hopper, readers, stacker, reject bin, in a process that outlives the station.

`adapters.card.emulator.control` starts it and tells it what to do, in lines of JSON over a Unix
socket, one answer a line. What a real machine knows is all it tells a station: whether a card came.
Faults are planted over the same socket.
"""

from __future__ import annotations

import os
import queue
import socketserver
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from adapters.card.emulator import daemon, trays
from adapters.card.emulator.daemon import Service
from adapters.card.emulator.heads import Head, Plant
from registry.errors import RegistryError


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine is told: what to do, at which reader, and what that needs further."""

    do: str
    head: int = 0
    tray: str = trays.STACKER
    serial: str = ""
    fault: Plant | None = None
    kill: bool = False


class Machine:
    """The machine's parts, and what each order does to them."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self.folder = folder
        self.service = Service(folder, ports)
        self.heads = [Head(folder, number, port, self._next) for number, port in enumerate(ports)]
        self._hopper = threading.Lock()
        self._restarts: queue.SimpleQueue[tuple[bool, Future[bool]] | None] = queue.SimpleQueue()
        for tray in trays.TRAYS:
            trays.make(folder, tray)

    def run(self) -> None:
        """Work until told to stop, or until whoever started us is gone."""
        self.service.start()
        with Desk(self) as desk:
            for one in self.heads:
                one.power()  # a card that was in a reader when the machine stopped is there still
            threading.Thread(target=desk.serve_forever, daemon=True).start()
            print("ready", flush=True)
            threading.Thread(target=self._wait_for_the_end, daemon=True).start()
            # The service dies with the thread that starts it, so that is always this one.
            while restart := self._restarts.get():
                self._restart(*restart)
            desk.shutdown()
        for one in self.heads:
            one.rest(unseen=True)
        self.service.stop()

    def _wait_for_the_end(self) -> None:
        while os.read(0, 1):  # the other end is held by whoever started us
            pass
        self._restarts.put(None)

    def _restart(self, kill: bool, done: Future[bool]) -> None:
        try:
            self.service.stop(kill)
            self.service.start()
            done.set_result(True)
        except RegistryError as error:
            done.set_exception(error)

    def _next(self) -> Path | None:
        """Lift the next card off the hopper's pile, for a reader that is to exchange its own."""
        with self._hopper:
            pile = trays.cards(self.folder, trays.HOPPER)
            return trays.move(pile[0], self.folder, trays.OUTSIDE) if pile else None

    def obey(self, order: Order) -> object:
        """Do what is ordered; whether it was done, or what was asked for."""
        match order.do:
            case "service":
                done: Future[bool] = Future()
                self._restarts.put((order.kill, done))
                return done.result()
            case "repair":
                for one in self.heads:
                    one.repair()
                return True
            case "stop":
                self._restarts.put(None)
                return True
            case "feed" | "eject" | "insert" | "swap" | "reseat" | "plant":
                return getattr(self, f"_{order.do}")(self.heads[order.head], order)
        raise ValueError(f"the machine cannot {order.do}")

    def _feed(self, head: Head, order: Order) -> bool:
        if head.card is not None:
            return True  # whoever fed it is gone, and the card is still to be made
        with self._hopper:
            pile = trays.cards(self.folder, trays.HOPPER)
            if not pile:
                return False
            trays.move(pile[0], self.folder, trays.head(head.number))
        head.power()
        return True

    def _eject(self, head: Head, order: Order) -> bool:
        return head.remove(order.tray)

    def _insert(self, head: Head, order: Order) -> bool:
        """Put a card in, wherever it lies, in place of the one that is there."""
        trays.find(self.folder, bytes.fromhex(order.serial))  # before anything is moved
        head.remove(trays.OUTSIDE)
        head.insert(self._lift(bytes.fromhex(order.serial)))
        return True

    def _swap(self, head: Head, order: Order) -> bool:
        """Exchange the card between two looks of the service."""
        if order.serial:
            trays.find(self.folder, bytes.fromhex(order.serial))
        head.remove(trays.OUTSIDE, unseen=True)
        other = self._lift(bytes.fromhex(order.serial)) if order.serial else self._next()
        if other is not None:
            head.insert(other)
        return other is not None

    def _lift(self, serial: bytes) -> Path:
        """Take the card of a serial from where it lies, out of another reader too."""
        card = trays.find(self.folder, serial)
        for one in self.heads:
            if one.card == card:
                one.remove(trays.OUTSIDE)
        return trays.find(self.folder, serial)

    def _reseat(self, head: Head, order: Order) -> bool:
        head.rest()
        head.power()
        return head.card is not None

    def _plant(self, head: Head, order: Order) -> bool:
        assert order.fault is not None
        head.plant(order.fault)
        return True


class Desk(socketserver.ThreadingUnixStreamServer):
    """Where orders come in."""

    daemon_threads = True

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        path = control_path(machine.folder)
        with daemon.listen(path) as door:
            super().__init__(str(path), Orders, bind_and_activate=False)
            self.socket.close()
            self.socket = door.dup()


class Orders(socketserver.StreamRequestHandler):
    """One who gives orders."""

    server: Desk

    def handle(self) -> None:
        """Answer line by line until the caller is gone."""
        for line in self.rfile:
            answer: dict[str, Any]
            try:
                order = msgspec.json.decode(line, type=Order)
                answer = {"done": self.server.machine.obey(order)}
            except (ValueError, IndexError, OSError, RegistryError) as error:
                answer = {"fault": str(error)}
            try:
                self.wfile.write(msgspec.json.encode(answer) + b"\n")
            except OSError:
                return


def control_path(folder: Path) -> Path:
    """Where the machine takes orders."""
    return folder / "control"


def main(folder: Path, readers: int, isolated: bool) -> None:
    """Run a machine in a folder until it is told to stop."""
    if isolated:
        daemon.move_in()
    Machine(folder, daemon.choose_ports(readers, isolated)).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "isolated")
