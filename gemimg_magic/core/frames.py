"""From the thinned bytes of a reply to its JSON documents, whatever kind of body it is.

The first byte decides, not the content type and not what was asked for: gateways answer a request for a
stream with one JSON object, and errors with JSON labelled ``text/event-stream``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .sse import SSEDecoder

_BOM = b"\xef\xbb\xbf"
_KEPT_TEXT = 64 * 1024
# Tokens of JSON as far as repairing a cut document needs them (RFC 8259).
_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s"\[\]{},:]+', re.DOTALL)
_DEEPEST = 500  # brackets within brackets; nothing real comes near
_CUT_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*(\\(?:u[0-9A-Fa-f]{0,3})?)\Z")


def _whole(digits: str) -> int | float:
    # Python refuses to convert thousands of digits; as a float it is merely infinite.
    return int(digits) if len(digits) < 20 else float(digits)


_DECODER = json.JSONDecoder(strict=False, parse_int=_whole, parse_constant=lambda _: None)


def parse(text: str) -> Any:
    """One JSON document, read leniently.

    Raises:
        ValueError: it is none, or is nested too deep.

    >>> parse('{"a": NaN}  trailing words')
    {'a': None}
    """
    return _document(text, 0)[0]


def _document(text: str, at: int) -> tuple[Any, int]:
    while at < len(text) and text[at] in " \t\r\n\ufeff":
        at += 1
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError as problem:
        raise ValueError("nested too deep") from problem


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document that has been read."""

    text: str
    value: Any


class Frames:
    """Feed it the bytes; take the data of whole events, not parsed, and whole JSON documents."""

    def __init__(self) -> None:
        self.kind = ""
        """``json``, ``sse`` or ``text``, once something has come."""
        self.done = False
        """A stream has said that it is done."""
        self.cut = ""
        """What is left at the end of a JSON body: the beginning of a document."""
        self._sse = SSEDecoder()
        self._start = b""
        self._json = bytearray()
        self._tried = 0
        self._array = False

    def feed(self, data: bytes, around: tuple[bytes, bytes] | None = None) -> list[bytes | Document]:
        """The events and documents that end within these bytes.

        Args:
            data: the bytes.
            around: as for :meth:`SSEDecoder.feed`.
        """
        if not self.kind:
            data = self._begin(data)
            if not self.kind:
                return []
        if self.kind == "sse":
            return self._events(self._sse.feed(data, around))
        data = data if self._json else data.lstrip()
        room = len(data) if self.kind == "json" else _KEPT_TEXT - len(self._json)
        self._json += data[: max(0, room)]
        return self._documents() if self.kind == "json" else []

    def finish(self) -> list[bytes | Document]:
        """The last ones, where the body just ends."""
        if self.kind == "json":
            found = self._documents(last=True)
            self.cut = self._json.decode("utf-8", "replace").strip()
            return found
        if self.kind != "sse":
            return []
        found = self._events(self._sse.finish())
        strays = b"\n".join(self._sse.strays).strip()
        # JSON without `data:`, as new-api writes it once its keep-alive has begun a stream.
        return [*found, strays] if strays.startswith((b"{", b"[")) else found

    @property
    def text(self) -> str:
        """The body where it is no JSON: HTML, plain text, or lines that are no field of an event."""
        body = b"\n".join(self._sse.strays)[:_KEPT_TEXT] if self.kind == "sse" else bytes(self._json)
        return (body or self._start).decode("utf-8", "replace")

    def _begin(self, data: bytes) -> bytes:
        data = self._start + data
        body = data.removeprefix(_BOM).lstrip()
        if not body or _BOM.startswith(data):
            self._start = data[:3]  # white space, or the beginning of the mark
            return b""
        self._start = b""
        self.kind = "json" if body[0] in b"{[" else "text" if body[0] in b"<" else "sse"
        if self.kind != "json":
            return data
        # An array is read as the documents in it: Google streams so, and wraps errors in one.
        self._array = body[0] == 0x5B
        return body[1:] if self._array else body

    def _events(self, events: list[bytes]) -> list[bytes | Document]:
        if any(event.strip() == b"[DONE]" for event in events[-8:]):
            self.done = True
        return [*events]

    def _documents(self, *, last: bool = False) -> list[bytes | Document]:
        """Cut whole documents off; tried only where one may end, and ever more rarely on a long one."""
        found: list[bytes | Document] = []
        may_end = self._json[-64:].rstrip().endswith((b"}", b"]", b","))
        if not last and (len(self._json) < self._tried or not may_end):
            return found
        text = self._json.decode("utf-8", "replace")
        at = 0
        while True:
            while at < len(text) and (text[at] in " \t\r\n\ufeff" or (self._array and text[at] in ",]")):
                at += 1
            if at == len(text):
                break
            try:
                value, end = _document(text, at)
            except ValueError:
                break
            found.append(Document(text[at:end], value))
            at = end
        rest = text[at:]
        self._json = bytearray(rest.encode("utf-8", "replace"))
        self._tried = len(self._json) * 5 // 4 + 64 if rest else 0
        return found


def repair(text: str) -> str:
    """A JSON document that was cut, closed so that it can be read as far as it came.

    >>> repair('{"a": [1, {"b": "x", "c": "y'), repair('{"a": 1, "b')
    ('{"a": [1, {"b": "x", "c": "y"}]}', '{"a": 1}')
    """
    closers: list[str] = []
    # Where the document can be closed: up to here, with these brackets open.
    safe, open_there = 0, ""
    key = True
    at = 0
    for found in _JSON_TOKEN.finditer(text):
        if text[at : found.start()].strip():
            break
        word, at = found.group(), found.end()
        if word in "{[":
            closers.append("}" if word == "{" else "]")
            if len(closers) > _DEEPEST:
                break
            key = word == "{"
        elif word in "}]":
            if not closers:
                break
            closers.pop()
        elif word == ":":
            key = False
            continue
        elif word == ",":
            key = bool(closers) and closers[-1] == "}"
            continue
        elif key:
            continue
        elif word[0] != '"' and at == len(text):
            break  # a number or a word that may have been cut
        safe, open_there = at, "".join(reversed(closers))
    if text[at:].lstrip().startswith('"') and not key:
        # The end lies inside a string value: close it, without a half escape.
        cut = _CUT_ESCAPE.search(text)
        return text[: cut.start(1) if cut else len(text)] + '"' + "".join(reversed(closers))
    return text[:safe] + open_there
