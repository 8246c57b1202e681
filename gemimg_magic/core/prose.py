"""A model's text as it arrives: finds the pictures that stand in it, and says what is text.

Data URIs (RFC 2397) are cut anywhere by gateways, so the text is read as one, whatever the pieces; the
base64 never becomes text. Whether a payload is a picture is asked of the caller, who answers with a Slot.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .blobs import Blob, Blobs
from .completions import GeneratedImage
from .markdown import held_back, tidy, token
from .payload import Payload


@dataclass(slots=True, eq=False)
class Slot:
    """The place of a picture.

    Args:
        image: the picture; None where it was broken, or none at all.
        apart: it did not stand in the text.
    """

    image: GeneratedImage | None = None
    apart: bool = False


Piece = str | Slot
Take = Callable[[Payload, bool], Slot]
"""Asked about each payload; the flag says whether something was glued to it."""

# Wider than RFC 2397: blanks, any case, any parameters. Bounded, so that text cannot make it slow.
_HEAD = re.compile(
    r"data:[a-z0-9.+/*-]{0,80}(?:\s?;\s?[a-z0-9=._+-]{1,80}){0,6}?\s?;\s?base64\s?,", re.I | re.A
)
_CUT_HEAD = re.compile(r"(?:d|da|dat|data|data:[a-z0-9.+/*;=_\s-]{0,700})\Z", re.I | re.A)
_PADDING = re.compile(r"(?:=|%3d)+", re.I)
_JUNK = re.compile(r"(?:[A-Za-z0-9+/=_-]|%3d)+", re.I)
# How the base64 of each format begins; the letters in the middle of WebP's are its length.
_BARE = re.compile(r"\s*(?=iVBORw0KGgo|/9j/|R0lGOD[dl]h|UklGR[\w+/-]{6}XRUJQ)", re.A)
_BARE_STARTS = ("iVBORw0KGgo", "/9j/", "R0lGODlh", "R0lGODdh", "UklGR")
_WINDOW = 4096
_SURROGATE = re.compile("[\ud800-\udfff]")


class Prose:
    """One text in any pieces.

    Args:
        take: called with each payload that has ended.
        blobs: knows the tokens that stand for long base64.
    """

    def __init__(self, take: Take, blobs: Blobs) -> None:
        self.pieces: list[Piece] = []
        self.wrapper = ""
        """The character before the last data URI: tells Markdown from a bare one."""
        self._take = take
        self._blobs = blobs
        self._payload: Payload | None = None
        self._held = ""  # text that may become the head of a data URI
        self._half = ""  # the first half of a surrogate pair
        self._blank = True  # nothing but white space so far
        self._before = ""  # the last character of the text that is not white space
        self._tail = False  # behind a payload
        self._unshown = ""

    @property
    def inside(self) -> bool:
        """Whether the text so far ends within a payload."""
        return self._payload is not None

    def feed(self, text: str) -> str:
        """Take text; give what of it may be shown already."""
        before = len(self.pieces)
        if self._blobs.mark in text:
            for part in self._blobs.split(text):
                if isinstance(part, Blob):
                    self._feed_blob(part)
                else:
                    self._feed(part)
        else:
            self._feed(text)
        return self._shown(before)

    def feed_raw(self, text: bytes) -> str:
        """The same for text that is UTF-8 and holds no token."""
        if self._payload is None:
            return self.feed(text.decode("utf-8", "replace"))
        left = self._payload.feed(text)
        if left is None:
            return ""
        before = len(self.pieces)
        self._feed(self._end_payload(left))
        return self._shown(before)

    def put(self, slot: Slot) -> None:
        """A picture that did not stand in the text, at this place."""
        slot.apart = True
        self.pieces.append(slot)

    def finish(self) -> str:
        """The text ends here; give the rest of what may be shown."""
        before = len(self.pieces)
        text = "\ufffd" if self._half else ""
        while text or self._held or self._payload is not None:
            if self._payload is None:
                text, self._held = self._held + text, ""
                text = self._scan(text, last=True)
                continue
            left = self._payload.feed(text.encode()) if text else None
            text = self._end_payload(self._payload.close() if left is None else left)
        return self._shown(before, last=True)

    def _feed(self, text: str) -> None:
        if self._half or not text.isascii():
            text = self._characters(text)
        # What follows a payload is copied; windows keep that linear for a text of many payloads.
        for at in range(0, len(text), _WINDOW):
            window = text[at : at + _WINDOW]
            while window:
                if self._payload is None:
                    window, self._held = self._held + window, ""
                    window = self._scan(window)
                else:
                    left = self._payload.feed(window.encode())
                    window = "" if left is None else self._end_payload(left)

    def _characters(self, text: str) -> str:
        """Join surrogate pairs that were cut in two; a lone half becomes U+FFFD."""
        text = self._half + text
        self._half = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        text = text[: len(text) - len(self._half)]
        if not _SURROGATE.search(text):
            return text
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _feed_blob(self, blob: Blob) -> None:
        if self._payload is None and self._blank and not self._held and blob.growing.media_type:
            self._begin("")
        if self._payload is None:
            self._feed(blob.text().decode("ascii"))
            return
        left = self._payload.feed_blob(blob)
        if left is not None:
            self._feed(self._end_payload(left))

    def _scan(self, text: str, *, last: bool = False) -> str:
        """Read text up to the next payload; what is given back follows the payload's head."""
        if self._tail:
            text = self._behind(text)
        if self._blank and text:
            if bare := _BARE.match(text):
                if bare.group():
                    self.pieces.append(bare.group())
                self._begin("")
                return text[bare.end() :]
            start = text.lstrip()
            if (
                not last
                and 0 < len(start) < 16
                and any(s[: len(start)] == start[: len(s)] for s in _BARE_STARTS)
            ):
                self._held = text
                return ""
        head = _HEAD.search(text)
        cut = None if head or last else _CUT_HEAD.search(text)
        stop = head.start() if head else cut.start() if cut else len(text)
        if stop:
            self.pieces.append(text[:stop])
            self._before = text[:stop].rstrip()[-1:] or self._before
            self._blank = self._blank and text[:stop].isspace()
        if head:
            self._begin(self._before)
            return text[head.end() :]
        self._held = text[stop:]
        return ""

    def _behind(self, text: str) -> str:
        """Drop padding behind a payload, and junk up to the mark that ends a wrapped one."""
        junk = _JUNK if self.wrapper in tuple("(<\"'") else _PADDING
        found = junk.match(text)
        text = text[found.end() :] if found else text
        self._tail = not text
        return text

    def _begin(self, wrapper: str) -> None:
        self._payload = Payload()
        self.wrapper = wrapper
        self._blank = False

    def _end_payload(self, left: bytes) -> str:
        payload, self._payload = self._payload, None
        assert payload is not None  # noqa: S101  for the type checker
        self._tail = True
        text = left.decode("utf-8", "replace")
        padding = _PADDING.match(text)
        glued = bool(_JUNK.match(text, padding.end() if padding else 0))
        self.pieces.append(self._take(payload, glued))
        return text

    def _shown(self, before: int, *, last: bool = False) -> str:
        """What may be shown of the pieces since ``before``: never the beginning of a picture's mark-up."""
        fresh = [token(0) if isinstance(p, Slot) else p for p in self.pieces[before:]]
        if not fresh and not last:
            return ""
        text = tidy(self._unshown + "".join(fresh), [], last=last)
        # Within a payload, the mark-up before it is still open.
        keep = len(text) if last else held_back(text + token(0) * self.inside)
        self._unshown = text[keep:]
        return text[:keep].replace(token(0), "")


_TAGS = ("<think>", "<thinking>", "<thought>")


class Thinking:
    """Parts thoughts from text where a gateway writes ``<think>...</think>`` in front of it.

    >>> thinking = Thinking()
    >>> thinking.feed("<thi"), thinking.feed("nk>plan</th"), thinking.feed("ink>A fox")
    ([], [(True, 'plan')], [(False, 'A fox')])
    """

    def __init__(self) -> None:
        self.done = False
        """The text has begun: from now on nothing is parted."""
        self._close = ""  # the tag that ends the thoughts, while they last
        self._held = ""

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """Pieces in order, and whether each is a thought."""
        if self.done:
            return [(False, text)]
        return [(thought, piece) for thought, piece in self._parted(text) if piece]

    def _parted(self, text: str) -> list[tuple[bool, str]]:
        found: list[tuple[bool, str]] = []
        self._held += text
        while self._held and not self.done:
            if not (self._thought(found) if self._close else self._start(found)):
                break
        return found

    def finish(self) -> list[tuple[bool, str]]:
        """What was held back."""
        text, self._held = self._held, ""
        return [(bool(self._close), text)] if text else []

    def _start(self, found: list[tuple[bool, str]]) -> bool:
        start = self._held.lstrip()
        low = start[:12].lower()
        for tag in _TAGS:
            if low.startswith(tag):
                self._close, self._held = f"</{tag[1:]}", start[len(tag) :]
                return True
        if any(tag.startswith(low) for tag in _TAGS):
            return False
        found.append((False, self._held))
        self._held, self.done = "", True
        return False

    def _thought(self, found: list[tuple[bool, str]]) -> bool:
        at = self._held.lower().find(self._close)
        if at >= 0:
            found.append((True, self._held[:at]))
            self._held, self._close = self._held[at + len(self._close) :], ""
            return True
        # Keep what may be the beginning of the closing tag.
        low = self._held.lower()
        keep = next((n for n in range(len(self._close) - 1, 0, -1) if low.endswith(self._close[:n])), 0)
        found.append((True, self._held[: len(self._held) - keep]))
        self._held = self._held[len(self._held) - keep :]
        return False
