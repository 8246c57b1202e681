"""The fast path: long base64 strings are decoded while they arrive and leave the bytes as short tokens.

What remains is small JSON or server-sent events for ordinary code. The rule of this file: taking out is
lossless. Only whole groups of four characters of a plain alphabet are decoded, so encoding them again
gives the exact characters back (:meth:`Blobs.restore`); whatever looks odd ends the run and stays in the
JSON. A run needs no meaning here: whether it is a picture is decided by those who read the JSON.

The alphabets are those of RFC 4648, sections 4 and 5.
"""

from __future__ import annotations

import io
import re

from pybase64 import b64decode, b64encode

from .pictures import EndFinder, sniff

LONG_LINE = 16 * 1024
"""Shorter lines pass as they are: ordinary parsing of them is as cheap as looking inside."""
LONG_RUN = 1024
"""A run of base64 is taken out only from this length on."""

TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PLAIN = re.compile(rb"[A-Za-z0-9+/]*")
_URL_SAFE = re.compile(rb"[A-Za-z0-9_-]*")
# A run begins with a JSON string or after the head of a data URI (RFC 2397). `\/` is how some JSON
# writers spell a slash.
_START = re.compile(rb'[bB"](?:(?<=")|[aA][sS][eE]64,)((?:[A-Za-z0-9+/_-]|\\/){%d})' % LONG_RUN)
# Behind these no run can be going on: what is held goes on at once, it may be the end of the reply.
_CLOSED = (b"}", b"]")
# Within a run, smaller pieces are gathered: a call per few bytes would cost more than the decoding.
_GATHER = 1024
_LOOK_BACK = 2 * LONG_RUN + 16


class Growing:
    """A file that grows at its end, and what its first bytes say about it."""

    __slots__ = ("_finder", "_out", "end", "media_type", "size")

    def __init__(self) -> None:
        # BytesIO hands its buffer out as `bytes` without a copy, and grows by an eighth at most. To touch
        # fresh memory is a third of the cost of a large picture. Pages of 2 MB (madvise) would save most,
        # but double the cost in virtual machines that give free memory back to their host.
        self._out = io.BytesIO()
        self._finder: EndFinder | None = None
        self.size = 0
        self.media_type: str | None = None
        self.end: int | None = None
        """Where the picture ends by its own structure, once that has arrived."""

    def write(self, data: bytes) -> None:
        """Append."""
        self._out.write(data)
        before, self.size = self.size, self.size + len(data)
        if before < 12 <= self.size:
            self.media_type = sniff(self._out.getbuffer())
            self._finder = EndFinder(self.media_type) if self.media_type else None
        if self._finder is not None and self.end is None and self.size >= self._finder.need:
            with self._out.getbuffer() as view:
                self.end = self._finder.find(view)

    def tail(self, start: int, stop: int | None = None) -> bytes:
        """A copy of the bytes from ``start`` on."""
        with self._out.getbuffer() as view:
            return bytes(view[start:stop])

    def value(self) -> bytes:
        """All bytes, without a copy."""
        return self._out.getvalue()


class Blob:
    """One run of base64 that was taken out."""

    __slots__ = ("growing", "rest", "size", "url_safe")

    def __init__(self) -> None:
        self.growing = Growing()
        self.rest = b""  # up to three characters that do not fill a group
        self.size = 0  # of what this run decoded to; whoever takes `growing` over may append to it
        self.url_safe = False

    def text(self, start: int = 0) -> bytes:
        """The characters of the run, from the group that holds byte ``start`` (a multiple of 3) on."""
        text: bytes = b64encode(self.growing.tail(start, self.size))
        return (text.translate(_TO_URL_SAFE) if self.url_safe else text) + self.rest

    def add(self, run: bytes | memoryview) -> bool:
        """Decode more of the run; False, with nothing taken, where it is not all plain."""
        head = -len(self.rest) % 4
        whole = max(head, head + (len(run) - head) // 4 * 4)
        first = self.rest + bytes(run[:head])
        rest = bytes(run[whole:])
        if len(run) < head:
            first, rest = b"", first
        if not _PLAIN.fullmatch(rest):
            return False
        try:
            opening = b64decode(first, validate=True)
            body = b64decode(run[head:whole], validate=True)
        except ValueError:
            return False
        if len(opening) + len(body) != (len(first) + whole - head) // 4 * 3:
            return False  # padding inside
        if opening:
            self.growing.write(opening)
        if body:
            self.growing.write(body)
        self.rest = rest
        self.size = self.growing.size
        return True

    def add_url_safe(self, run: bytes) -> bool:
        """The same for the URL-safe alphabet. A blob keeps to one alphabet, or it could not be restored."""
        if b"+" in run or b"/" in run:
            return False
        if not self.url_safe:
            earlier = self.text()
            if b"+" in earlier or b"/" in earlier:
                return False
        before, self.rest = self.rest, self.rest.translate(TO_STANDARD)
        if not self.add(run.translate(TO_STANDARD)):
            self.rest = before
            return False
        self.rest = self.rest.translate(_TO_URL_SAFE)
        self.url_safe = True
        return True


class Blobs:
    """Takes the long base64 runs of one reply out of its bytes, and knows them by their tokens.

    >>> blobs = Blobs()
    >>> thin = blobs.feed(b'{"url": "data:image/png;base64,' + b"A" * 20000 + b'"}') + blobs.finish()
    >>> len(thin) < 100, blobs.restore(thin.decode())[:36]
    (True, '{"url": "data:image/png;base64,AAAAA')
    """

    def __init__(self) -> None:
        # A server cannot write a token: Python keys the hash of texts anew in every process. Whoever could
        # would gain nothing, since tokens only name runs of the same reply.
        self.mark = f"blob-{hash(('blob', id(self))) % 2**64:016x}-"
        self._mark = self.mark.encode()
        self._token = re.compile(re.escape(self.mark) + r"(\d+)!")
        self._table: dict[int, Blob] = {}
        self._count = 0
        self._blob: Blob | None = None  # the run that is arriving
        self._held = bytearray()  # bytes that cannot be judged yet
        self._long = False  # within a line that has become long
        self._escaped = False  # this server writes `\/`

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take bytes of the reply; give what is left of them, and of earlier ones, without the runs."""
        data = bytes(data)
        if self._blob is not None and len(self._held) + len(data) < _GATHER and b'"' not in data:
            self._held += data
            return b""
        if self._held:
            self._held += data
            short = not self._long and len(self._held) < LONG_LINE
            if short and b"\n" not in data and not data.endswith(_CLOSED):
                return b""
            data, self._held = bytes(self._held), bytearray()
        return self._take(data, last=False)

    def finish(self) -> bytes:
        """What is left at the end of the reply."""
        data, self._held = bytes(self._held), bytearray()
        return self._take(data, last=True)

    def split(self, text: str) -> list[str | Blob]:
        """The text between the tokens, and the blobs in their place."""
        parts: list[str | Blob] = [*self._token.split(text)]
        for at in range(1, len(parts), 2):
            blob = self._table.get(int(str(parts[at])))
            parts[at] = blob if blob is not None else ""
        return [part for part in parts if part != ""]

    def restore(self, text: str) -> str:
        """The text as the server wrote it."""
        if self.mark not in text:
            return text
        return "".join(p if isinstance(p, str) else p.text().decode("ascii") for p in self.split(text))

    def marked(self, text: bytes) -> bool:
        """Whether a token stands in this text."""
        return bool(self._table) and self._mark in text

    def forget(self, text: str) -> None:
        """Drop the blobs whose tokens stand in this text: it has been read."""
        if self.mark in text:
            for number in self._token.findall(text):
                self._table.pop(int(number), None)

    def _take(self, data: bytes, *, last: bool) -> bytes:
        out: list[bytes] = []
        at = 0
        while at < len(data):
            if self._blob is not None:
                at = self._run(data, at, last=last)
            elif self._long:
                at = self._line(data, at, out, last=last)
            else:
                at = self._short_lines(data, at, out, last=last)
            if self._held:
                break
        return b"".join(out)

    def _short_lines(self, data: bytes, at: int, out: list[bytes], *, last: bool) -> int:
        """Pass on lines until one is long; the search goes from the far end, so it skips whole lines."""
        while True:
            stop = at + LONG_LINE
            newline = data.rfind(b"\n", at, stop)
            if newline >= 0:
                out.append(data[at : newline + 1])
                at = newline + 1
            elif len(data) >= stop:
                self._long = True
                return at
            else:
                if last or data.endswith(_CLOSED):
                    out.append(data[at:])
                else:
                    self._held += data[at:]
                return len(data)

    def _line(self, data: bytes, at: int, out: list[bytes], *, last: bool) -> int:
        """Look for the start of a run, as far as the line goes."""
        newline = data.find(b"\n", at)
        stop = newline if newline >= 0 else len(data)
        found = _START.search(data, at, stop)
        if found is not None:
            out.append(data[at : found.start(1)])
            out.append(f"{self.mark}{self._count}!".encode())
            self._blob = self._table[self._count] = Blob()
            self._count += 1
            return found.start(1)
        if newline >= 0 or last:
            self._long = newline < 0
            stop = min(stop + 1, len(data))
            out.append(data[at:stop])
            return stop
        # A start that lies before the last few bytes would have been found: only those are looked at again.
        keep = stop if data.endswith(_CLOSED) else max(at, stop - _LOOK_BACK)
        out.append(data[at:keep])
        self._held += data[keep:]
        return len(data)

    def _run(self, data: bytes, at: int, *, last: bool) -> int:
        """Decode as far as the run goes; give the place where it ended."""
        blob = self._blob
        assert blob is not None  # noqa: S101  for the type checker
        quote = data.find(b'"', at)
        stop = len(data) if quote < 0 else quote
        self._blob = blob if quote < 0 and not last else None
        if not (self._escaped or blob.url_safe) and blob.add(memoryview(data)[at:stop]):
            return stop
        return self._odd_run(blob, data, at, stop)

    def _odd_run(self, blob: Blob, data: bytes, at: int, stop: int) -> int:
        """The same where the piece is not all plain: `\\/`, the URL-safe alphabet, or the end of the run."""
        piece = data[at:stop]
        keep = b"\\" if self._blob is not None and piece.endswith(b"\\") else b""
        piece = piece[: len(piece) - len(keep)]
        core = piece.rstrip(b"=)")  # what most often follows a run
        plain = core.replace(b"\\/", b"/") if b"\\" in core else core
        if b"\\" not in plain:
            self._escaped = self._escaped or plain is not core
            if (not blob.url_safe and blob.add(plain)) or blob.add_url_safe(plain):
                if len(core) < len(piece):
                    self._blob = None
                    return at + len(core)
                self._held += keep
                return stop
        self._blob = None
        match = (_URL_SAFE if blob.url_safe else _PLAIN).match(piece)
        run = match.group() if match else b""
        _ = blob.add_url_safe(run) if blob.url_safe else blob.add(run)
        return at + len(run)
