"""The load of the benchmarks over HTTP: as cheap as can be, since it shares the machine."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import Any

CONNECTIONS = 32


class Wire(asyncio.Protocol):
    """One connection that sends a request and reads its answer; the cheapest client there is."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.buffer = bytearray()
        self.waiter: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # of a stream

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start : head.find(b"\r", start) if b"\r" in head[start:] else None])
        if len(self.buffer) >= end + 4 + length:
            body = bytes(self.buffer[end + 4 : end + 4 + length])
            del self.buffer[: end + 4 + length]
            assert self.waiter is not None
            self.waiter.set_result((int(head[9:12]), body))

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; the future is its answer."""
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.waiter

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and wait for its answer."""
        return await self.send(request)


def request(method: str, path: str, token: str, body: Any = None, **headers: str) -> bytes:
    """A whole request as bytes."""
    told = {"Host": "bench", "Authorization": f"Bearer {token}", **headers}
    content = b"" if body is None else json.dumps(body).encode()
    if body is not None:
        told |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


async def connect(port: int, count: int) -> list[Wire]:
    """Connections to the server."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Wire, "127.0.0.1", port))[1] for _ in range(count)]


async def steady(port: int, requests: Sequence[bytes], rate: int) -> list[float]:
    """Send requests at fixed times; how long each took from when it was due, in seconds."""
    loop = asyncio.get_running_loop()
    free = deque(await connect(port, CONNECTIONS * 2))
    start = loop.time() + 0.1
    late: deque[int] = deque()  # due, and no connection free
    taken: list[float] = []
    done = loop.create_future()

    def send(wire: Wire, number: int) -> None:
        def answered(told: asyncio.Future[tuple[int, bytes]]) -> None:
            status, body = told.result()
            if status != 200:
                done.set_exception(AssertionError(body))
                return
            taken.append(loop.time() - start - number / rate)
            if late:
                send(wire, late.popleft())
            else:
                free.append(wire)
            if len(taken) == len(requests):
                done.set_result(None)

        wire.send(requests[number]).add_done_callback(answered)

    for number in range(len(requests)):
        if (ahead := start + number / rate - loop.time()) > 0:
            await asyncio.sleep(ahead)
        if free:
            send(free.popleft(), number)
        else:
            late.append(number)
    await done
    return taken


async def flood(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Send requests as fast as they are answered; seconds it took."""
    wires = await connect(port, connections)
    left = iter(requests)

    async def send(wire: Wire) -> None:
        for told in left:
            status, body = await wire.ask(told)
            assert status == 200, body

    start = perf_counter()
    await asyncio.gather(*map(send, wires))
    return perf_counter() - start
