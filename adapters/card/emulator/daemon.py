"""A PC/SC service of our own for the length of a run: a private pcscd with virtual readers.

It listens on a Unix socket in the machine's folder, which clients name in PCSCLITE_CSOCK_NAME, and
has a configuration and copies of the driver in that folder; a service of the system is neither used
nor disturbed. The driver opens TCP ports on every address, so the machine and its service live in
namespaces of their own, where only they can reach them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Final

from registry.errors import Unavailable

#: Where set-up unpacks the driver, beside the Python that runs.
DRIVER: Final = Path(sys.prefix) / "lib" / "vpcd" / "libifdvpcd.so"
#: Where a service of the system keeps its socket and process id.
SYSTEMS: Final = Path("/run/pcscd")
#: Slots that one copy of the driver has; copies that pcscd can serve: 16 readers in all.
SLOTS: Final = 2
MOST_READERS: Final = 16
#: Ports in a namespace of our own.
FIRST_PORT: Final = 40101
#: Set to 1 where there may be ports that are open to other machines, with make-believe cards only.
OPEN_PORTS: Final = "REGISTRY_CARD_OPEN_PORTS"
SOCKET_PATH_BYTES: Final = 107  # sun_path, without its closing zero
PATIENCE_S: Final = 10.0
SET_UP: Final = "run `make setup` in the project's folder, as root or with sudo"


def missing() -> list[str]:
    """What this machine lacks to run a service of its own, each with what to do."""
    lacks = []
    if find_pcscd() is None:
        lacks.append(f"there is no pcscd: {SET_UP}, or install Debian's package pcscd")
    if not DRIVER.exists():
        lacks.append(f"there is no driver {DRIVER}: {SET_UP}")
    lacks += [
        f"there is no {tool}: install Debian's package util-linux"
        for tool in ("unshare", "setpriv")
        if shutil.which(tool) is None
    ]
    return lacks


def find_pcscd() -> str | None:
    """The service's program; sbin is not on everybody's path."""
    return shutil.which("pcscd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))


def isolation() -> list[str]:
    """The words before a command that give it a network of its own.

    Raises Unavailable where the kernel allows none, unless open ports were allowed.
    """
    alone = ["unshare", "--net", "--mount"]
    for words in (alone, [*alone, "--map-root-user"]):
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    if os.environ.get(OPEN_PORTS) == "1":
        return []
    raise Unavailable(
        "this system gives no network namespace, and the virtual readers would be open to other"
        " machines: run as root, allow user namespaces, or, where that is no harm, set"
        f" {OPEN_PORTS}=1"
    )


def move_in() -> None:
    """Make a fresh network and a fresh view of files our own.

    The network gets its loopback. The folder in which a service of the system keeps its process id
    is hidden, since pcscd writes there whoever starts it, and takes the file away when it ends.
    """
    up, name, request = 0x1 | 0x40, b"lo", 0x8914  # IFF_UP, IFF_RUNNING, SIOCSIFFLAGS
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        ioctl(any_socket, request, struct.pack("16sH14x", name, up))
    if SYSTEMS.is_dir():
        hide = ["mount", "-t", "tmpfs", "none", str(SYSTEMS)]
        subprocess.run(hide, check=False, capture_output=True)  # some systems forbid even this


def reader_name(number: int) -> str:
    """How the service calls a reader, counted from 0."""
    return f"Line {chr(ord('A') + number // SLOTS)} 00 {number % SLOTS:02}"


def choose_ports(readers: int, isolated: bool) -> list[int]:
    """A port for each reader; those of one copy of the driver follow each other."""
    first = [FIRST_PORT + SLOTS * copy for copy in range(-(-readers // SLOTS))]
    if not isolated:
        first = [_free_pair() for _ in first]
    return [port + slot for port in first for slot in range(SLOTS)][:readers]


def _free_pair() -> int:
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("", 0))
            port: int = one.getsockname()[1]
            try:
                other.bind(("", port + 1))
            except OSError:
                continue
            return port


class Service:
    """A private pcscd, started and stopped as often as one likes on the same socket."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self.folder, self.ports = folder, tuple(ports)
        self._process: subprocess.Popen[bytes] | None = None
        if lacks := missing():
            raise Unavailable("; ".join(lacks))
        if re.search(r'[\s"]', str(folder)):
            raise Unavailable(f"pcscd cannot be told of {folder}; take a folder without spaces")
        assert len(ports) <= MOST_READERS
        self._configure()

    def start(self) -> None:
        """Start it and wait until its readers are there. Raises Unavailable."""
        program = find_pcscd()
        assert program is not None
        # systemd's way of handing over a socket, so that no path is compiled in: it is file 3 of
        # the process that LISTEN_PID names. The service ends when the thread that started it does.
        take_over = 'exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
        command = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", take_over, "sh", program]
        command += ["--foreground", "--error", "-c", str(self.folder / "reader.conf.d")]
        if b"polkit" in subprocess.run([program, "--version"], capture_output=True).stdout:
            command.append("--disable-polkit")
        with (
            listen(socket_path(self.folder)) as door,
            (self.folder / "pcscd.log").open("ab") as log,
        ):
            self._process = subprocess.Popen(command, stdin=door.fileno(), stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        wanted = {f"{port:04X}" for port in self.ports}
        while not wanted <= _listening():
            if self._process.poll() is not None or time.monotonic() > deadline:
                told = (self.folder / "pcscd.log").read_text(errors="replace")[-500:]
                raise Unavailable(f"pcscd did not bring up its readers; the end of its log: {told}")
            time.sleep(0.02)

    def stop(self, kill: bool = False) -> None:
        """Stop it, or kill it where it stands."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _configure(self) -> None:
        drivers, rules = self.folder / "drivers", self.folder / "reader.conf.d"
        drivers.mkdir(exist_ok=True)
        rules.mkdir(exist_ok=True)
        blocks = []
        for number in range(0, len(self.ports), SLOTS):
            # A driver keeps its slots in static memory: each pair of readers has a copy of its own.
            copy = drivers / f"libifdvpcd-{number // SLOTS}.so"
            shutil.copyfile(DRIVER, copy)
            port = self.ports[number]
            name = reader_name(number).removesuffix(" 00 00")
            blocks.append(
                f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:{port}\n'
                f"LIBPATH {copy}\nCHANNELID {port}\n"
            )
        (rules / "lines").write_text("\n".join(blocks))


def socket_path(folder: Path) -> Path:
    """Where clients reach the service."""
    return folder / "pcscd.comm"


def listen(path: Path) -> socket.socket:
    """A listening Unix socket at a path, in place of one that was left there."""
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
        raise Unavailable(f"the path {path} is too long for a socket; take a shorter folder")
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # the owner's alone
    try:
        door.bind(str(path))
    finally:
        os.umask(before)
    door.listen(32)
    return door


def _listening() -> set[str]:
    """The ports of this network that somebody listens on, in four hexadecimal digits."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = (row.split() for row in rows)
    return {row[1].partition(":")[2] for row in fields if row[3] == "0A"}
