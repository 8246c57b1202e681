"""One function per client and job: the shortest sensible code that gets the bytes of a picture.

Each is made once per process and then called again and again; peers are imported where they are used.
"""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

Receive = Callable[[str], bytes]
"""Takes the address of a reply (before ``/v1``), gives the picture."""
Send = Callable[[str, Sequence[bytes]], None]

_PROMPT = "a fox"


def _decoded(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


def _decoded_text(text: str) -> bytes:
    return base64.b64decode(text[text.index("base64,") + 7 : text.rindex(")")])


def _question(stream: bool) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": _PROMPT}], "stream": stream}


def _of_deltas(deltas: list[dict[str, Any]]) -> bytes:
    """The picture of a stream: in one delta, or cut over their texts."""
    for delta in deltas:
        if delta.get("images"):
            return _decoded(delta["images"][0]["image_url"]["url"])
    return _decoded_text("".join(delta.get("content") or "" for delta in deltas))


def with_references(pictures: Sequence[bytes]) -> list[dict[str, Any]]:
    """A user turn with pictures, as one writes it for the OpenAI library."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": _PROMPT}]
    for picture in pictures:
        url = "data:image/png;base64," + base64.b64encode(picture).decode()
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return [{"role": "user", "content": parts}]


# gemimg_magic


def ours(stream: bool) -> Receive:
    from gemimg_magic import Engine

    engines: dict[str, Engine] = {}

    def receive(url: str) -> bytes:
        if url not in engines:
            engines[url] = Engine(base_url=f"{url}/v1", api_key="k", model="m", mode="off")
        return engines[url].generate(_PROMPT, stream=stream).images[0].data

    return receive


def ours_send() -> Send:
    from gemimg_magic import Engine

    engines: dict[str, Engine] = {}

    def send(url: str, pictures: Sequence[bytes]) -> None:
        if url not in engines:
            engines[url] = Engine(base_url=f"{url}/v1", api_key="k", model="m", mode="off")
        engines[url].generate(_PROMPT, images=pictures)

    return send


# The limit: a raw socket and a fast decoder, nothing else.


class RawSocket:
    """A connection that is kept, to be read into one buffer."""

    def __init__(self) -> None:
        self.connection: socket.socket | None = None
        self.buffer = bytearray(256 * 1024)

    def ask(self, url: str, length: int, body: Sequence[bytes] | Any) -> tuple[bytes, int]:
        parts = urlsplit(url)
        if self.connection is None:
            self.connection = socket.create_connection((parts.hostname, parts.port))
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = (
            f"POST {parts.path}/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        )
        self.connection.sendall(head.encode())
        for piece in body:
            self.connection.sendall(piece)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.connection.recv(1000)
        head, _, rest = got.decode("ascii").partition("\r\n\r\n")
        return rest.encode(), int(head.lower().split("content-length:")[1].split()[0])


def raw(stream: bool) -> Receive:
    from pybase64 import b64decode

    wire = RawSocket()

    def receive(url: str) -> bytes:
        body = json.dumps(_question(stream)).encode()
        rest, length = wire.ask(url, len(body), [body])
        while b"base64," not in rest:
            rest += wire.connection.recv(1000)
        left = length - len(rest)
        start = rest.index(b"base64,") + 7
        text, picture = rest[start:], bytearray()
        view = memoryview(wire.buffer)
        kept = len(text)
        view[:kept] = text
        while left:
            got = wire.connection.recv_into(view[kept:])
            left, end = left - got, kept + got
            if not left:
                end = wire.buffer.rindex(b'"}}]', 0, end)
            whole = end & ~3
            picture += b64decode(view[:whole], validate=True)
            kept = end - whole
            view[:kept] = view[whole:end]
        return picture  # a bytearray; handing out bytes would be a copy more

    return receive


def raw_send() -> Send:
    from pybase64 import b64encode

    wire, block = RawSocket(), 96 * 1024

    def pieces(pictures: Sequence[bytes]) -> Any:
        for picture in pictures:
            view = memoryview(picture)
            for at in range(0, len(view), block):
                yield b64encode(view[at : at + block])

    def send(url: str, pictures: Sequence[bytes]) -> None:
        rest, length = wire.ask(url, sum((len(p) + 2) // 3 * 4 for p in pictures), pieces(pictures))
        while len(rest) < length:
            rest += wire.connection.recv(65536)

    return send


# Peers


def openai(stream: bool) -> Receive:
    from openai import OpenAI

    clients: dict[str, Any] = {}

    def receive(url: str) -> bytes:
        client = clients.setdefault(url, None) or OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
        clients[url] = client
        reply = client.chat.completions.create(**_question(stream))
        if stream:
            return _of_deltas([chunk.choices[0].delta.model_dump(exclude_unset=True) for chunk in reply])
        return _decoded(reply.choices[0].message.images[0]["image_url"]["url"])

    return receive


def openai_send() -> Send:
    from openai import OpenAI

    clients: dict[str, Any] = {}

    def send(url: str, pictures: Sequence[bytes]) -> None:
        client = clients.get(url) or OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
        clients[url] = client
        client.chat.completions.create(model="m", messages=with_references(pictures))

    return send


def litellm(stream: bool) -> Receive:
    import litellm as library

    def receive(url: str) -> bytes:
        how = {"model": "openai/m", "api_base": f"{url}/v1", "api_key": "k", "stream": stream}
        messages = [{"role": "user", "content": _PROMPT}]
        reply = library.completion(messages=messages, **how)
        if stream:
            return _of_deltas([chunk.choices[0].delta.model_dump() for chunk in reply])
        return _decoded(reply.choices[0].message.images[0]["image_url"]["url"])

    return receive


def litellm_send() -> Send:
    import litellm as library

    def send(url: str, pictures: Sequence[bytes]) -> None:
        how = {"model": "openai/m", "api_base": f"{url}/v1", "api_key": "k"}
        library.completion(messages=with_references(pictures), **how)

    return send


def httpx(stream: bool) -> Receive:
    import httpx as library

    client = library.Client(timeout=60, trust_env=False)

    def receive(url: str) -> bytes:
        address = f"{url}/v1/chat/completions"
        if not stream:
            reply = client.post(address, json=_question(stream)).json()
            return _decoded(reply["choices"][0]["message"]["images"][0]["image_url"]["url"])
        with client.stream("POST", address, json=_question(stream)) as reply:
            return _of_deltas(_events(reply.iter_lines()))

    return receive


def httpx_send() -> Send:
    import httpx as library

    client = library.Client(timeout=60, trust_env=False)

    def send(url: str, pictures: Sequence[bytes]) -> None:
        body = {"model": "m", "messages": with_references(pictures)}
        client.post(f"{url}/v1/chat/completions", json=body).json()

    return send


def requests(stream: bool) -> Receive:
    import requests as library

    session = library.Session()
    session.trust_env = False

    def receive(url: str) -> bytes:
        address = f"{url}/v1/chat/completions"
        reply = session.post(address, json=_question(stream), stream=stream, timeout=60)
        if stream:
            lines = reply.iter_lines(chunk_size=65536)  # its own 512 bytes would take minutes
            return _of_deltas(_events(line.decode() for line in lines))
        return _decoded(reply.json()["choices"][0]["message"]["images"][0]["image_url"]["url"])

    return receive


def _events(lines: Any) -> list[dict[str, Any]]:
    data = (line[6:] for line in lines if line.startswith("data: ") and not line.endswith("[DONE]"))
    return [json.loads(event)["choices"][0]["delta"] for event in data]


def google_genai(stream: bool) -> Receive:
    from google import genai

    clients: dict[str, Any] = {}

    def receive(url: str) -> bytes:
        options = {"base_url": f"{url}-native"}
        clients[url] = clients.get(url) or genai.Client(api_key="k", http_options=options)
        reply = clients[url].models.generate_content(model="m", contents=_PROMPT)
        return reply.candidates[0].content.parts[0].inline_data.data

    return receive


def gemimg(stream: bool) -> Receive:
    from gemimg import GemImg

    def receive(url: str) -> bytes:
        # It gives a decoded picture, not bytes; the header is all it has read of it.
        image = GemImg(api_key="k", base_url=f"{url}-native").generate(_PROMPT, save=False).image
        return image.fp.getvalue()

    return receive


RECEIVE: dict[str, Callable[[bool], Receive]] = {
    "gemimg_magic": ours,
    "raw socket": raw,
    "openai 3": openai,
    "openai 2": openai,
    "litellm": litellm,
    "httpx": httpx,
    "requests": requests,
    "google-genai": google_genai,
    "gemimg": gemimg,
}
SEND: dict[str, Callable[[], Send]] = {
    "gemimg_magic": ours_send,
    "raw socket": raw_send,
    "openai 3": openai_send,
    "openai 2": openai_send,
    "litellm": litellm_send,
    "httpx": httpx_send,
}
