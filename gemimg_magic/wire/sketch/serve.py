"""The sketch server on a loopback port: a small HTTP/1.1 server around `handle`."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import httpx

from . import faulty
from .server import handle
from .trouble import Plan, Trouble

Handle = Callable[[httpx.Request], Awaitable[httpx.Response]]

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 256 * 1024 * 1024
_GONE = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)


@dataclass(frozen=True, slots=True)
class _Head:
    """The first lines of a request."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class _BadHead(Exception):
    """A request that is not HTTP as we know it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def check_host(host: str) -> str:
    """Return the host, or refuse one that other machines could reach."""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ValueError(
            f"The sketch server listens on this machine only; {host!r} is not a loopback address."
        )
    return host


async def _read_head(reader: asyncio.StreamReader) -> _Head | None:
    """Read the head of the next request; None when the client has gone."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise _BadHead(400) from error
        return None
    except asyncio.LimitOverrunError as error:
        raise _BadHead(431) from error
    first, *lines = raw.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _BadHead(400)
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    return _Head(words[0], words[1], words[2], headers)


async def _read_body(reader: asyncio.StreamReader, head: _Head) -> bytes:
    if head.get("transfer-encoding").lower() == "chunked":
        return await _read_chunks(reader)
    length = head.get("content-length") or "0"
    if not length.isdecimal():
        raise _BadHead(400)
    if int(length) > BODY_LIMIT:
        raise _BadHead(413)
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        line = (await reader.readline()).split(b";")[0].strip()
        try:
            size = int(line, 16)
        except ValueError as error:
            raise _BadHead(400) from error
        if size < 0 or len(body) + size > BODY_LIMIT:
            raise _BadHead(413)
        body += await reader.readexactly(size)
        await reader.readline()
        if size == 0:
            return bytes(body)


async def _write(writer: asyncio.StreamWriter, response: httpx.Response, *, keep: bool) -> None:
    lines = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}"]
    sized = "content-length" in response.headers
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name != "transfer-encoding"]
    lines += [] if sized else ["transfer-encoding: chunked"]
    lines.append("connection: keep-alive" if keep else "connection: close")
    writer.write("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n")
    try:
        stream = response.stream
        async for piece in stream if isinstance(stream, httpx.AsyncByteStream) else httpx.ByteStream(b""):
            if piece:
                writer.write(piece if sized else b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
        if not sized:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
    finally:
        await response.aclose()


@dataclass(frozen=True, slots=True)
class _Service:
    """What answers, and what goes wrong on the way."""

    handle: Handle
    plan: Plan


async def _one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, service: _Service
) -> bool:
    """Answer one request; return whether the connection stays open."""
    head = await _read_head(reader)
    if head is None:
        return False
    if head.get("expect").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _read_body(reader, head)
    path = head.target if head.target.startswith("/") else "/"
    request = httpx.Request(head.method, f"http://127.0.0.1:{port}{path}", headers=head.headers, content=body)
    keep = head.get("connection").lower() != "close" and head.version == "HTTP/1.1"
    trouble = service.plan.next() if head.method == "POST" else None
    response = await service.handle(request)
    if trouble is not None:
        return await _with_trouble(reader, writer, response, trouble) and keep
    await _write(writer, response, keep=keep)
    return keep


async def _with_trouble(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, response: httpx.Response, trouble: Trouble
) -> bool:
    """Send a reply with a fault, and stop when the client has had enough of it."""
    sending = asyncio.ensure_future(faulty.send(writer, response, trouble))
    # Nothing more comes from a client that waits, so the end of what it sends means that it left.
    leaving = asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            return False
        return sending.result() and not leaving.done()
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _watched(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, service: _Service) -> None:
    """Serve one connection until the client goes; a client that goes early is nothing to report."""
    port = writer.get_extra_info("sockname")[1]
    try:
        with contextlib.suppress(*_GONE):
            await _until_closed(reader, writer, port, service)
    finally:
        writer.transport.abort()


async def _until_closed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, service: _Service
) -> None:
    try:
        while await _one(reader, writer, port, service):
            continue
    except _BadHead as error:
        await _write(writer, httpx.Response(error.status, content=b""), keep=False)
    except (httpx.InvalidURL, UnicodeError):
        await _write(writer, httpx.Response(400, content=b""), keep=False)
    writer.close()
    await writer.wait_closed()


@contextlib.asynccontextmanager
async def _listening(host: str, port: int, service: _Service) -> AsyncIterator[int]:
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await _watched(reader, writer, service)

    server = await asyncio.start_server(connected, check_host(host), port, limit=HEAD_LIMIT)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"


async def serve_async(
    host: str = "127.0.0.1", port: int = 8808, *, started: asyncio.Future[str] | None = None
) -> None:
    """Serve until cancelled; `started` receives the base URL."""
    async with _listening(host, port, _Service(handle, Plan())) as bound:
        if started is not None:
            started.set_result(_url(host, bound))
        await asyncio.Event().wait()


def serve(host: str = "127.0.0.1", port: int = 8808) -> None:
    """Serve on a loopback port until Ctrl+C."""
    check_host(host)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_async(host, port))


@contextlib.contextmanager
def running(
    host: str = "127.0.0.1", port: int = 0, *, plan: Plan | None = None, handle: Handle = handle
) -> Iterator[str]:
    """Serve in a thread; gives the base URL, and stops at the end of the block.

    Args:
        host: a loopback address.
        port: 0 takes a free one.
        plan: which request meets which fault.
        handle: what answers; the sketch server unless given.

    Raises:
        ValueError: other machines could reach that address.
        OSError: the port is taken.
    """
    check_host(host)
    ready = threading.Event()
    state: dict[str, object] = {}

    async def main() -> None:
        state["loop"], state["task"] = asyncio.get_running_loop(), asyncio.current_task()
        async with _listening(host, port, _Service(handle, plan or Plan())) as bound:
            state["url"] = _url(host, bound)
            ready.set()
            await asyncio.Event().wait()

    def run() -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(main())
        except OSError as error:
            state["error"] = error
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="sketch-server", daemon=True)
    thread.start()
    ready.wait()
    error, loop, task = state.get("error"), state.get("loop"), state.get("task")
    if isinstance(error, OSError):
        raise error
    try:
        yield str(state["url"])
    finally:
        if isinstance(loop, asyncio.AbstractEventLoop) and isinstance(task, asyncio.Task):
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
