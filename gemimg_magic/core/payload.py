"""Base64 text as servers really write it, in any pieces -> one picture, and the text behind it.

The rule: a picture ends where its own format says (PNG IEND, JPEG EOI, RIFF length, GIF trailer).
What follows is given back: gateways glue text, or the next data URI, to the base64 without a mark.
"""

from __future__ import annotations

import re
from typing import Literal

from pybase64 import b64decode, b64encode

from .blobs import TO_STANDARD, Blob, Growing
from .pictures import could_begin

_PLAIN = re.compile(rb"[A-Za-z0-9+/]*")
_RUN = re.compile(rb"[A-Za-z0-9+/_-]+")
_SPACE = re.compile(rb"[ \t\r\n\f\v]+")
_PADDING = re.compile(rb"(?:=|%3[dD])+")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_CUT_PERCENT = re.compile(rb"%[0-9A-Fa-f]?$")
_GATHER = 4096
_SMALL = 512


class Payload:
    """The base64 of one picture.

    >>> payload = Payload()
    >>> payload.feed(b"iVBORw0KGgo"), payload.feed(b") and")
    (None, b') and')
    """

    __slots__ = ("_gathered", "_rest", "ended", "growing", "odd")

    def __init__(self) -> None:
        self.growing = Growing()
        self.odd = False
        """Something was not as RFC 4648 has it; the picture deserves a closer look."""
        self.ended = False
        self._rest = b""  # characters that do not fill a group
        self._gathered = b""  # small pieces of plain characters, not looked at yet

    @property
    def foreign(self) -> bool:
        """Whether the bytes that have come are surely no picture."""
        if self.growing.size >= 12:
            return self.growing.media_type is None
        return not could_begin(self.growing.tail(0))

    def feed(self, text: bytes) -> bytes | None:
        """Take characters. None: all belong to the payload so far. Else it has ended, and these follow."""
        small = len(text) < _SMALL and len(self._gathered) < _GATHER
        if small and _PLAIN.fullmatch(text):
            self._gathered += text
            return None
        if self._gathered:
            text, self._gathered = self._gathered + text, b""
        left = self._push(text)
        return self._slowly(text) if left is False else left

    def feed_blob(self, blob: Blob) -> bytes | None:
        """The same for a run that was decoded while it arrived."""
        if self._gathered or self._rest or self.growing.size:
            return self.feed(blob.text())
        self.growing, self._rest = blob.growing, blob.rest.translate(TO_STANDARD)
        if self.growing.end is None:
            return None
        start = self.growing.end // 3 * 3
        return self._close(blob.text(start), start)

    def close(self) -> bytes:
        """The reply, or the value, ends here; give what turns out to follow the picture."""
        left: bytes | None = None
        if self._gathered:
            text, self._gathered = self._gathered, b""
            left = self._slowly(text)
        if left is None:
            left = self._flush()
        self.ended = True
        return (left or b"") + self._gathered

    def _push(self, run: bytes) -> bytes | Literal[False] | None:
        """Decode a run of plain characters; False, with nothing taken, where it is not one."""
        data = self._rest + run if self._rest else run
        whole = len(data) & ~3
        rest = data[whole:]
        if not _PLAIN.fullmatch(rest):
            return False
        try:
            decoded = b64decode(memoryview(data)[:whole], validate=True)
        except ValueError:
            return False
        if len(decoded) != whole // 4 * 3:
            return False  # padding inside
        start = self.growing.size
        self.growing.write(decoded)
        self._rest = rest
        # Only what came with this run can lie behind the end.
        return None if self.growing.end is None else self._close(data, start)

    def _flush(self) -> bytes | None:
        """Padding, or the end: what does not fill a group is decoded as the last group."""
        rest, self._rest = self._rest, b""
        start = self.growing.size
        if len(rest) == 1:
            self.odd = True
        elif rest:
            self.growing.write(b64decode(rest + b"=" * (4 - len(rest))))
        return None if self.growing.end is None else self._close(rest, start)

    def _close(self, data: bytes, start: int) -> bytes:
        """The picture is whole; ``data`` are the characters of the bytes from ``start`` on."""
        assert self.growing.end is not None  # noqa: S101  for the type checker
        self.ended, self._rest = True, b""
        return data[max(0, -((start - self.growing.end) * 4 // 3)) :]

    def _slowly(self, text: bytes) -> bytes | None:
        """Take one kind of characters after the other: both alphabets, padding, space, percent codes."""
        at = 0
        while at < len(text):
            if found := _RUN.match(text, at):
                left = self._run(found.group())
            elif found := _PADDING.match(text, at):
                left = self._flush()
            elif (found := _SPACE.match(text, at)) and not self.foreign:
                self.odd, left = True, None
            elif found := _PERCENT.match(text, at):
                self.odd = True
                character = bytes([int(found.group(1), 16)])
                left = self._run(character) if _RUN.match(character) else None
            elif _CUT_PERCENT.match(text, at):
                self._gathered = text[at:]
                return None
            else:
                return self._stop(text[at:])
            at = found.end()
            if left is not None:
                return left + text[at:]
        return None

    def _run(self, run: bytes) -> bytes | None:
        """A run of either alphabet. What is given back is as it was written."""
        left = self._push(run.translate(TO_STANDARD)) or None
        if self.ended and left is None:
            return b""
        return left[: -len(run)] + run[-len(left) :] if left else None

    def _stop(self, text: bytes) -> bytes:
        """A character that is no base64 ends the payload."""
        if text.startswith(b":") and self.growing.size % 3 == 0:
            # The next data URI was glued on, and its first letters were taken for base64.
            last = b64encode(self.growing.tail(max(0, self.growing.size - 3))) + self._rest
            if last[-4:].lower() == b"data":
                text = last[-4:] + text
        left = self._flush() or b""
        self.ended = True
        return left + text
