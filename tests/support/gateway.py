"""A real HTTP server on the loopback that plays a gateway: it records requests and answers as a test says.

    def test_it(gateway):                                   # the fixture is in tests/conftest.py
        gateway.reply(completion(png("red")))               # JSON, status 200
        gateway.reply({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0"})
        gateway.reply(events=[chunk("Here"), 0.05, chunk(image=png())])      # SSE with a pause, then [DONE]
        gateway.reply(body=b"<html>", headers={"Content-Type": "text/html"}) # any bytes, one piece
        gateway.reply(chunks=[b'{"cho', 0.1, b'ices":'], drop=True)          # pieces, then the line breaks
        gateway.reply(hang=True)                            # never says a word
        gateway.reply(chunks=[b": hi\\n\\n"], hang=True)      # says this, then falls silent

        engine = Engine(base_url=gateway.base_url, api_key="test-key", model="m")
        ...
        assert gateway.last.json["messages"][0]["role"] == "user"
        assert gateway.last.headers["authorization"] == "Bearer test-key"    # names in any case
        assert gateway.disconnected.wait(2)                 # the client hung up on us

Replies are used in the order given, one per request; `times=3` repeats one. When none is left, the
function in `gateway.otherwise` answers; by default with status 501 and a plain message.
`GET .../models` is answered from `gateway.models` when that is a list, and takes no reply from the queue.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Piece = bytes | float  # bytes to send, or seconds to wait


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """One answer. Without `pieces`, a hanging reply sends not even its headers."""

    pieces: Sequence[Piece] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    chunked: bool = False
    hang: bool = False
    drop: bool = False


class Gateway:
    """The server. `base_url` is what a client is given; everything else is for looking and answering."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.models: list[str] | None = None
        self.otherwise: Callable[[Received], Reply] = _nothing_left
        self.disconnected = threading.Event()  # a client closed before its answer was complete
        self.left = 0  # how many did
        self.connections = 0
        self._replies: deque[Reply] = deque()
        self._server = _Server(self)
        self.port: int = self._server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.origin}/v1"
        # A short poll: the default half second would be paid by every test when the server stops.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def last(self) -> Received:
        """The newest request."""
        return self.requests[-1]

    def reply(self, json: Any = None, *, times: int = 1, **how: Any) -> None:
        """Queue an answer; see `reply()` in this file for what it may be."""
        self._replies.extend([reply(json, **how)] * times)

    def close(self) -> None:
        """Hang up on everyone and stop."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, request: Received) -> Reply:
        self.requests.append(request)
        if self.models is not None and request.method == "GET" and request.path.endswith("/models"):
            return reply(
                {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
            )
        try:
            return self._replies.popleft()
        except IndexError:
            return self.otherwise(request)


def reply(
    json: Any = None,
    *,
    body: bytes | None = None,
    chunks: Iterable[Piece] | None = None,
    events: Iterable[Any] | None = None,
    done: bool = True,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    delay: float = 0.0,
    hang: bool = False,
    drop: bool = False,
) -> Reply:
    """Spell an answer by one of `json`, `body` (whole), `chunks` (pieces), `events` (SSE, then `[DONE]`).

    Numbers among chunks and events are pauses in seconds. `delay` comes before the headers. `hang` stays
    silent after the last piece until the client leaves; `drop` breaks the connection there.
    """
    kind = "application/json"
    pieces: list[Piece] = []
    if events is not None:
        kind = "text/event-stream"
        pieces = [e if isinstance(e, bytes | int | float) else sse(e) for e in events]
        pieces += [b"data: [DONE]\n\n"] if done else []
    elif chunks is not None:
        pieces = list(chunks)
    elif body is not None:
        pieces = [body]
    elif json is not None:
        pieces = [_dumps(json)]
    chunked = chunks is not None or events is not None
    return Reply(pieces, status, {"Content-Type": kind, **(headers or {})}, delay, chunked, hang, drop)


def sse(event: Any) -> bytes:
    """One server-sent event around a JSON value."""
    return b"data: " + _dumps(event) + b"\n\n"


def png(colour: str | tuple[int, ...] = "orange", size: tuple[int, int] = (32, 24)) -> bytes:
    """A small PNG of one colour."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def data_uri(picture: bytes, media_type: str = "image/png") -> str:
    """A picture as a data URI."""
    return f"data:{media_type};base64,{base64.b64encode(picture).decode()}"


def completion(
    *pictures: bytes, text: str | None = None, model: str = "test-model", **extra: Any
) -> dict[str, Any]:
    """A plain chat completion, its pictures in `message.images` as most gateways send them."""
    message = {"role": "assistant", "content": text, "images": _images(pictures)}
    tokens = 1290 * len(pictures) + len((text or "").split())
    usage = {"prompt_tokens": 10, "completion_tokens": tokens, "total_tokens": 10 + tokens}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": usage,
        **extra,
    }


def chunk(
    text: str | None = None, *, image: bytes | None = None, finish: str | None = None
) -> dict[str, Any]:
    """One streamed piece of a completion, for `events=[...]`."""
    delta: dict[str, Any] = {"role": "assistant", "content": text}
    if image is not None:
        delta["images"] = _images([image])
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test-model",
        "choices": [choice],
    }


def _images(pictures: Iterable[bytes]) -> list[dict[str, Any]]:
    return [{"type": "image_url", "image_url": {"url": data_uri(p)}} for p in pictures]


def _dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def _nothing_left(request: Received) -> Reply:
    return reply(
        {"error": {"message": f"the test gave no reply to {request.method} {request.path}"}}, status=501
    )


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # a sweep connects many times at once; 5, the default, resets some of them
    daemon_threads = False  # joined on close, so that no socket outlives its test

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.open: set[socket.socket] = set()
        self.closing = False
        super().__init__(("127.0.0.1", 0), _Handler)

    def hang_up(self) -> None:
        """Wake every handler that waits for its client."""
        self.closing = True
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is an event to record, not something to print."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a test about arrival times wants pieces sent when they are written

    def setup(self) -> None:
        super().setup()
        self.gateway = self.server.gateway
        self.gateway.connections += 1
        self.server.open.add(self.connection)

    def finish(self) -> None:
        super().finish()
        self.server.open.discard(self.connection)

    def do_POST(self) -> None:
        try:
            self._send(self.gateway._answer(self._receive()))
        except OSError:
            self.close_connection = True
            if not self.server.closing:
                self.gateway.left += 1
                self.gateway.disconnected.set()

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def _receive(self) -> Received:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(pieces)
        else:
            size = int(self.headers.get("content-length", 0))
            body = self.rfile.read(size)
            if len(body) < size:
                raise ConnectionResetError("the client left inside its request")
        return Received(self.command, self.path, self.headers, body)

    def _send(self, answer: Reply) -> None:
        self._pause(answer.delay)
        if answer.pieces or not answer.hang:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif "Content-Length" not in answer.headers:
                # A broken answer promises more than it sends, or the client could not tell.
                short = answer.drop or answer.hang
                self.send_header("Content-Length", str(sum(map(len, answer.pieces)) + short))
            self.end_headers()
        for piece in answer.pieces:
            if isinstance(piece, bytes):
                if piece:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if answer.chunked else piece)
            else:
                self._pause(piece)
        if answer.hang:
            self._pause(3600)
        if answer.drop or answer.hang:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        elif answer.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _pause(self, seconds: float) -> None:
        """Wait, but notice at once when the client hangs up."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.connection], [], [], left)[0]:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    raise ConnectionResetError("the client left")
                time.sleep(0.01)  # it sent something more, which is not our business now
