"""The wire to the virtual reader's driver, vpcd: the card is the client of a TCP port of loopback.

A message is its length in two bytes, the higher first, and that many bytes. Of the driver's, those
of one byte are about power; all others are commands to the card. Whoever closes the connection
takes the card out of the reader.
Source: vsmartcard, virtualsmartcard/src/vpcd (GPL-3), which is not part of this register.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Final

POWER_OFF: Final = 0
POWER_ON: Final = 1
RESET: Final = 2
TELL_ATR: Final = 4


def connect(port: int) -> socket.socket:
    """Put a card into the reader of a port. Raises OSError where no driver listens."""
    wire = socket.create_connection(("127.0.0.1", port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def serve(
    wire: socket.socket,
    power: Callable[[], bytes],
    answer: Callable[[bytes], bytes],
    stays: Callable[[], bool],
) -> None:
    """Let a card answer until the connection ends, or the card leaves.

    power: the card gets power or is reset, and says its ATR; answer: the answer to a command;
    stays: whether the card is still there, asked when it should answer. The driver asks for the ATR
    several times a second, between commands too; who does not answer then is seen to be gone.
    """
    atr = power()
    while (message := receive(wire)) and stays():
        if len(message) > 1:
            send(wire, answer(message))
        elif message[0] == TELL_ATR:
            send(wire, atr)
        elif message[0] in (POWER_ON, RESET, POWER_OFF):
            atr = power()


def send(wire: socket.socket, message: bytes) -> None:
    """Send a message."""
    wire.sendall(struct.pack(">H", len(message)) + message)


def receive(wire: socket.socket) -> bytes:
    """The next message; empty when the connection has ended."""
    head = _exactly(wire, 2)
    return _exactly(wire, int.from_bytes(head, "big")) if head else b""


def _exactly(wire: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        # The driver sends length and body apart and waits for our acknowledgement in between,
        # which the system would hold back for 40 ms; the option holds for the next packet only.
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        try:
            piece = wire.recv(size - len(found))
        except OSError:
            return b""
        if not piece:
            return b""
        found += piece
    return found
