"""The station's side of the machine: start it, feed a card, put it away, plant faults."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from adapters.card.emulator import daemon, trays
from adapters.card.emulator.heads import Kind, Plant
from adapters.card.emulator.machine import Order, control_path
from adapters.card.keys import KeyProvider
from registry.errors import Unavailable

#: What pcsc-lite's client reads to find its service, once in the life of a process.
CLIENT_SOCKET = "PCSCLITE_CSOCK_NAME"


class Controls:
    """Orders to a machine that runs in a folder; for any process and any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def feed(self, head: int) -> bool:
        """Bring a card into a reader; False when the hopper is empty."""
        return bool(self._order(Order(do="feed", head=head)))

    def eject(self, head: int, tray: str) -> bool:
        """Put a reader's card into a tray; False if there was none."""
        return bool(self._order(Order(do="eject", head=head, tray=tray)))

    def insert(self, head: int, serial: bytes) -> None:
        """Put the card of a serial into a reader, wherever it lies; one in it is taken out."""
        self._order(Order(do="insert", head=head, serial=serial.hex()))

    def swap(self, head: int, serial: bytes = b"") -> bool:
        """Exchange a reader's card so fast that the service sees no removal."""
        return bool(self._order(Order(do="swap", head=head, serial=serial.hex())))

    def reseat(self, head: int) -> bool:
        """Take a reader's card out, let the service see it, and put it back."""
        return bool(self._order(Order(do="reseat", head=head)))

    def plant(self, head: int, kind: Kind, after: int = 0, **more: Any) -> None:
        """Let a fault happen to the command after so many others."""
        fault = Plant(kind=kind, after=after, **more)
        self._order(Order(do="plant", head=head, fault=fault))

    def repair(self) -> None:
        """Take all faults away that were planted and did not happen yet, and their effects."""
        self._order(Order(do="repair"))

    def restart_service(self, kill: bool = False) -> None:
        """Stop the PC/SC service, or kill it, and start it again."""
        self._order(Order(do="service", kill=kill))

    def stop(self) -> None:
        """Let the machine end."""
        self._order(Order(do="stop"))

    def _order(self, order: Order) -> object:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
                wire.connect(str(control_path(self.folder)))
                wire.sendall(msgspec.json.encode(order) + b"\n")
                with wire.makefile("rb") as lines:
                    line = lines.readline()
        except OSError as error:
            raise Unavailable(f"the machine in {self.folder} is away; start it") from error
        if not line:
            raise Unavailable(f"the machine in {self.folder} stopped; start it")
        answer = msgspec.json.decode(line)
        if "fault" in answer:
            raise Unavailable(f"the machine says: {answer['fault']}")
        return answer["done"]


class MachineFeeder:
    """The feeder of one reader of a machine, for the thread of that reader."""

    def __init__(self, folder: Path, head: int) -> None:
        self.head = head
        self.controls = Controls(folder)

    def feed(self) -> bool:
        """Bring the next blank, unless a card is there; False when the hopper is empty."""
        return self.controls.feed(self.head)

    def eject(self, good: bool) -> None:
        """Put the card away, among the good ones or among the rejects."""
        self.controls.eject(self.head, trays.STACKER if good else trays.REJECTS)


class RunningMachine:
    """A machine with its service, for as long as the block lasts and no longer than this process.

    Any process may work with it that has `environment` before its first call of PC/SC; this one
    has it too. Cards stay in the folder.
    """

    def __init__(self, folder: Path, readers: int = 2) -> None:
        self.folder = folder
        self.readers = [daemon.reader_name(number) for number in range(readers)]
        self.controls = Controls(folder)
        self._process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find the service."""
        return {CLIENT_SOCKET: str(daemon.socket_path(self.folder))}

    @property
    def process_ids(self) -> list[int]:
        """The processes of the machine that runs: itself, and its service."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [pid, *map(int, children.split())]

    def load(self, serials: Iterable[bytes], keys: KeyProvider, tray: str = trays.HOPPER) -> None:
        """Put blank cards into the hopper, the first to be fed first."""
        trays.load(self.folder, serials, keys, tray)

    def feeder(self, head: int) -> MachineFeeder:
        """The feeder of a reader."""
        return MachineFeeder(self.folder, head)

    def start(self) -> None:
        """Start it and wait until its readers are there. Raises Unavailable."""
        if lacks := daemon.missing():
            raise Unavailable("; ".join(lacks))
        alone = daemon.isolation()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ.update(self.environment)
        how = "isolated" if alone else "open"
        program = [sys.executable, "-m", "adapters.card.emulator.machine", str(self.folder)]
        with (self.folder / "machine.log").open("a") as log:
            self._process = subprocess.Popen(
                [*alone, *program, str(len(self.readers)), how],
                stdin=subprocess.PIPE,  # when this end closes, the machine stops
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # a key that stops the station does not stop the machine
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.stop()
            told = (self.folder / "machine.log").read_text(errors="replace")[-500:]
            raise Unavailable(f"the machine did not start; the end of its log: {told}")

    def kill(self) -> None:
        """Kill it where it stands, its service with it."""
        assert self._process is not None
        self._process.kill()
        self._close()

    def stop(self) -> None:
        """Stop it."""
        self._close()

    def _close(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process.wait(daemon.PATIENCE_S * 2)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
