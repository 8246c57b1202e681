"""A loopback server whose replies are built before it listens. It runs in a process of its own.

The first part of a path names the reply: ``/whole/v1/chat/completions``. ``GET /last`` gives the moment, on
the machine's monotonic clock, at which the last held-back end of a reply was sent.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pictures import noise

LATENCY = 2.0
"""Seconds that the replies of ``slow`` take, as a model would."""
_HELD_BACK = 1000
_TEXT = 4096  # characters of base64 in one delta


@dataclass(frozen=True)
class Reply:
    """Bytes that are ready to be sent, and how long to wait before them, and before their end."""

    head: bytes
    body: bytes
    wait: float = 0.0
    pause: float = 0.0


@dataclass
class State:
    """What the server knows: its replies, and when it last sent the end of a paused one."""

    replies: dict[str, Reply] = field(default_factory=dict)
    last: float = 0.0


def build() -> dict[str, Reply]:
    """All replies by name."""
    large, middle, small = noise(3840, 4096), noise(1024, 1024), noise(64, 64)
    whole = _json(_completion(large))
    return {
        "small": _json(_completion(small)),
        "small-native": _json(_native(small)),
        "small-stream": _stream(_in_deltas(small)),
        "whole": whole,
        "whole-native": _json(_native(large)),
        "event": _stream(_in_one_event(large)),
        "deltas": _stream(_in_deltas(large)),
        "paused": Reply(whole.head, whole.body, pause=0.4),
        "middle": _json(_completion(middle)),
        "slow": Reply(*_parts(_json(_completion(middle))), wait=LATENCY),
    }


def _parts(reply: Reply) -> tuple[bytes, bytes]:
    return reply.head, reply.body


def _json(value: Any) -> Reply:
    body = json.dumps(value, separators=(",", ":")).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return Reply(head, body)


def _stream(events: Iterable[Any]) -> Reply:
    """Each event is a chunk of its own, as application servers send them."""
    lines = [b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n" for event in events]
    chunks = [b"%x\r\n%s\r\n" % (len(line), line) for line in [*lines, b"data: [DONE]\n\n"]]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Reply(head, b"".join(chunks) + b"0\r\n\r\n")


_USAGE = {"prompt_tokens": 10, "completion_tokens": 1290, "total_tokens": 1300}
_ID = {"id": "chatcmpl-1", "created": 1, "model": "m"}


def _completion(picture: bytes) -> Any:
    message = {"role": "assistant", "content": "Here it is.", "images": [_image(picture)]}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**_ID, "object": "chat.completion", "choices": [choice], "usage": _USAGE}


def _native(picture: bytes) -> Any:
    data = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(picture).decode()}}
    candidate = {"content": {"role": "model", "parts": [data]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 1290, "totalTokenCount": 1300}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}


def _in_one_event(picture: bytes) -> list[Any]:
    return [_chunk(content="Here it is."), _chunk(content=None, images=[_image(picture)]), _chunk("stop")]


def _in_deltas(picture: bytes) -> list[Any]:
    text = f"![image](data:image/png;base64,{base64.b64encode(picture).decode()})"
    pieces = [text[at : at + _TEXT] for at in range(0, len(text), _TEXT)]
    return [*(_chunk(content=piece) for piece in pieces), _chunk("stop")]


def _chunk(finish: str | None = None, **delta: Any) -> Any:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    return {**_ID, "object": "chat.completion.chunk", "choices": [choice]}


def _image(picture: bytes) -> Any:
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    return {"type": "image_url", "image_url": {"url": url}}


def serve(connection: socket.socket, state: State) -> None:
    """Answer one connection until the client leaves."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    scratch = bytearray(1 << 20)
    with connection:
        try:
            while path := _request(connection, scratch):
                if path == "/last":
                    _send(connection, _json(state.last), state)
                else:
                    _send(connection, state.replies[path.split("/")[1]], state)
        except OSError:
            return


def _request(connection: socket.socket, scratch: bytearray) -> str:
    """Read a request to its end; its path."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return ""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    left = length - len(body)
    while left > 0:
        got = connection.recv_into(scratch, min(left, len(scratch)))
        if not got:
            return ""
        left -= got
    return head.split(b" ", 2)[1].decode()


def _send(connection: socket.socket, reply: Reply, state: State) -> None:
    time.sleep(reply.wait)
    connection.sendall(reply.head)
    if not reply.pause:
        connection.sendall(reply.body)
        return
    connection.sendall(memoryview(reply.body)[:-_HELD_BACK])
    # Long enough for the client to have taken in all that was sent.
    time.sleep(reply.pause)
    state.last = time.monotonic()
    connection.sendall(reply.body[-_HELD_BACK:])


def main() -> None:
    """Say on which port, then serve until killed."""
    state = State(build())
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, state), daemon=True).start()


if __name__ == "__main__":
    main()
