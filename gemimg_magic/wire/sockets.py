"""httpcore's public network backend on plain asyncio: large reads into one buffer, flow control, TLS.

httpcore speaks HTTP and asks a network backend for the bytes. The signatures, timeouts included, are its own.
"""

# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import httpcore
import httpx

# What asyncio reads at a time, and what is handed on at most. HTTP makes four copies of each piece, which
# should stay in the processor's cache. While one is being looked at, another may arrive behind it.
_READ = 256 * 1024
_BUFFER = 2 * _READ
# What all connections read in one turn of the event loop: a few milliseconds of work. Then they get little.
_TURN = 1024 * 1024
_LITTLE = 32 * 1024


class _Ration:
    """How much a connection may read at a time, so that many busy ones do not hold up the event loop."""

    def __init__(self) -> None:
        self._left = 0
        self._counting = False

    def share(self) -> int:
        """Bytes to read now, at most."""
        if not self._counting:
            self._counting, self._left = True, _TURN
            asyncio.get_running_loop().call_soon(self._next_turn)
        return _READ if self._left > 0 else _LITTLE

    def used(self, size: int) -> None:
        """Bytes were read."""
        self._left -= size

    def _next_turn(self) -> None:
        self._counting = False


class _Wire(asyncio.BufferedProtocol):
    """Both directions of a socket: what has arrived and was not taken, and whether to go on sending."""

    def __init__(self, ration: _Ration) -> None:
        self._ration = ration
        # Made when the first bytes come, then used again and again: fresh memory costs more than the reading.
        self._buffer = memoryview(b"")
        self._filled = self._taken = 0
        self._paused = False
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self.transport: asyncio.Transport
        self.problem: Exception | None = None
        self.closed = asyncio.Event()

    @property
    def readable(self) -> bool:
        """Whether bytes or the end have arrived and were not taken."""
        return self._taken < self._filled or self._ended

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  for the type checker
        self.use(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        if not self._buffer:
            self._buffer = memoryview(bytearray(_BUFFER))
        return self._buffer[self._filled : self._filled + self._ration.share()]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        self._ration.used(nbytes)
        # There must be room for a whole read as long as reading goes on.
        if self._filled > _BUFFER - _READ and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self.problem = exc
        self._may_write.set()
        self.closed.set()
        self._wake()

    # What the stream calls.

    def use(self, transport: asyncio.Transport) -> None:
        """From now on bytes go through this transport. Whoever writes waits until all is with the system."""
        self.transport = transport
        # Not 0: under TLS an empty buffer would then count as a full one, and a second write wait for ever.
        transport.set_write_buffer_limits(high=1)

    async def receive(self, timeout: float | None) -> memoryview:
        """What has arrived, good until the next call; empty at the end."""
        if self._taken == self._filled:
            self._taken = self._filled = 0
            if self._paused:
                self._paused = False
                self.transport.resume_reading()
            if not self._ended:
                await self._arrival(timeout)
        if self._taken == self._filled and self.problem is not None:
            raise self.problem
        data = self._buffer[self._taken : min(self._filled, self._taken + _READ)]
        self._taken += len(data)
        return data

    async def send(self, data: bytes) -> None:
        """Hand bytes to the system; wait where it takes no more."""
        if self.closed.is_set():
            raise self.problem or ConnectionResetError("the connection is closed")
        if self._taken == self._filled:
            # What a request waits for is seconds away, and hundreds may wait.
            self._buffer, self._filled, self._taken = memoryview(b""), 0, 0
        self.transport.write(data)
        await self._may_write.wait()
        if self.problem is not None:
            raise self.problem

    async def _arrival(self, timeout: float | None) -> None:
        # Not `asyncio.timeout`: this happens for every piece, and costs a third of it.
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        alarm = loop.call_later(timeout, self._expire, waiter) if timeout is not None else None
        try:
            await waiter
        finally:
            self._waiter = None
            if alarm is not None:
                alarm.cancel()

    def _expire(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection as httpcore sees it. A read gives what has arrived, even if more than was asked for."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self.before_read: Callable[[], None] | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.before_read is not None:
            self.before_read()
        with _as_httpcore(httpcore.ReadTimeout, httpcore.ReadError):
            # httpcore hands it to h11, which takes anything like bytes, and copies it at once.
            return cast("bytes", await self._wire.receive(timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _as_httpcore(httpcore.WriteTimeout, httpcore.WriteError):
            async with asyncio.timeout(timeout):
                await self._wire.send(buffer)

    async def aclose(self) -> None:
        # Not `close`: that would wait until a server that no longer listens has taken what is left.
        self._wire.transport.abort()
        await self._wire.closed.wait()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        wire, loop = self._wire, asyncio.get_running_loop()
        try:
            with _as_httpcore(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    transport = await loop.start_tls(
                        wire.transport, wire, ssl_context, server_hostname=server_hostname
                    )
        except BaseException:
            wire.transport.abort()
            raise
        if transport is None:
            raise httpcore.ConnectError("the connection closed during the TLS handshake")
        wire.use(transport)
        return _Stream(wire)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._wire.readable
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._wire.transport.get_extra_info(names.get(info, info))


class LargeReads(httpcore.AsyncNetworkBackend):
    """httpcore's connections on plain asyncio."""

    def __init__(self) -> None:
        self._ration = _Ration()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection."""
        local = (local_address, 0) if local_address else None
        with _as_httpcore(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                transport, wire = await asyncio.get_running_loop().create_connection(
                    lambda: _Wire(self._ration), host, port, local_addr=local, happy_eyeballs_delay=0.25
                )
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return _Stream(wire)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class _as_httpcore:  # noqa: N801  used as a function
    """Errors of the socket under httpcore's names. As a generator it would be a tenth of a read's cost."""

    __slots__ = ("_error", "_timeout")

    def __init__(self, timeout: type[Exception], error: type[Exception]) -> None:
        self._timeout, self._error = timeout, error

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: object
    ) -> None:
        if isinstance(problem, TimeoutError):
            raise self._timeout("timed out") from problem
        if isinstance(problem, OSError):
            raise self._error(str(problem)) from problem


@contextlib.contextmanager
def before_reads(response: httpx.Response, callback: Callable[[], None]) -> Iterator[bool]:
    """Call back before each read from the network while this response's body arrives.

    HTTP hands on every chunk that a server has written on its own, even where a hundred came with one read.
    With this its receiver can take them together and still keep none waiting. Yields whether it works here.
    """
    stream = response.extensions.get("network_stream")
    if not isinstance(stream, _Stream):
        yield False
        return
    stream.before_read = callback
    try:
        yield True
    finally:
        stream.before_read = None
