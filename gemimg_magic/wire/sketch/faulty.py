"""A reply sent as a broken server or line would send it; ``trouble`` says how."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import struct
from collections.abc import Iterator

import httpx

from .replies import error_body
from .trouble import Trouble

_PIECE = 16 * 1024


async def send(writer: asyncio.StreamWriter, response: httpx.Response, trouble: Trouble) -> bool:
    """Write a response with one fault; whether the connection can serve another request.

    Args:
        writer: to the client.
        response: what a sound server would have sent.
        trouble: what goes wrong.
    """
    if trouble.kind in ("silence", "noise"):
        await response.aclose()
        if trouble.kind == "noise":
            writer.write(_noise(int(trouble.value())))
            await writer.drain()
            return False
        await asyncio.Event().wait()  # cancelled when the client leaves
    if trouble.kind == "delay":
        await asyncio.sleep(trouble.value())
    response, body = await _whole(response, trouble)
    end = int(trouble.value()) if trouble.kind in ("cut", "short", "reset", "stall") else len(body)
    streamed = "text/event-stream" in response.headers.get("content-type", "")
    chunked = streamed and trouble.kind not in ("short", "length")
    writer.write(_head(response, _framing(body, trouble, chunked=chunked)))
    pause = trouble.value(1) if trouble.kind == "drip" else 0.0
    size = max(1, int(trouble.value())) if trouble.kind == "drip" else _PIECE
    for piece in _pieces(body[:end], size):
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)
    return await _ended(writer, trouble, chunked=chunked)


async def _ended(writer: asyncio.StreamWriter, trouble: Trouble, *, chunked: bool) -> bool:
    if trouble.kind == "stall":
        await asyncio.Event().wait()
    if trouble.kind == "reset":
        connection = writer.get_extra_info("socket")
        # Not to linger, for 0 seconds: closing sends RST instead of FIN (POSIX, SO_LINGER).
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    if trouble.kind in ("stall", "reset", "cut", "short", "length"):
        return False
    if chunked:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    return True


async def _whole(response: httpx.Response, trouble: Trouble) -> tuple[httpx.Response, bytes]:
    """The response and the bytes of its body, after what goes wrong with them."""
    try:
        body = await response.aread()
    finally:
        await response.aclose()
    if trouble.kind == "repeat":
        body *= int(trouble.value())
    if trouble.kind == "garbage":
        body = _noise(int(trouble.value()))
    if trouble.kind == "bomb":
        body = await asyncio.to_thread(_bomb, int(trouble.value()))
        response = httpx.Response(
            200, headers={"content-type": "application/json", "content-encoding": "gzip"}
        )
    if trouble.kind == "status":
        status = int(trouble.value())
        wait = trouble.value(1)
        body = error_body(
            f"The server failed with status {status}, as it was told to.", "server_error", None, None
        )
        headers = {"content-type": "application/json"} | ({"retry-after": f"{wait:g}"} if wait >= 0 else {})
        response = httpx.Response(status, headers=headers)
    return response, body


def _framing(body: bytes, trouble: Trouble, *, chunked: bool) -> str:
    """How the client is to know where the body ends."""
    if chunked:
        return "transfer-encoding: chunked"
    if trouble.kind == "short":
        return "connection: close"
    more = int(trouble.value()) if trouble.kind == "length" else 0
    return f"content-length: {max(0, len(body) + more)}"


def _head(response: httpx.Response, framing: str) -> bytes:
    lines = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}"]
    lines += [
        f"{name}: {value}"
        for name, value in response.headers.items()
        if name not in ("transfer-encoding", "content-length", "connection")
    ]
    return "\r\n".join([*lines, framing]).encode("latin-1", "replace") + b"\r\n\r\n"


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def _noise(count: int) -> bytes:
    return random.Random(count).randbytes(count)  # noqa: S311  the same in every run


def _bomb(megabytes: int) -> bytes:
    return b"".join(_zeros(megabytes))


def _zeros(megabytes: int) -> Iterator[bytes]:
    # Members of a gzip file may follow each other (RFC 1952 section 2.2).
    member = gzip.compress(bytes(1_000_000), 9)
    return (member for _ in range(megabytes))
