"""Server-sent events: bytes in any pieces -> the data of each event.

The format is the WHATWG HTML standard's, section 9.2.6. Lines end with LF, CR LF or CR and nothing
else: text decoders that also split at U+2028 cut JSON strings in two. Fields other than ``data`` are
read and dropped. What is no field at all is kept in ``strays`` for the caller: gateways write JSON
without ``data:`` once a keep-alive comment has made the reply an event stream.
"""

from __future__ import annotations

_BOM = b"\xef\xbb\xbf"
_OTHER_FIELDS = (b"event", b"id", b"retry")


class SSEDecoder:
    """Feed it bytes, take the data of whole events; the work is linear for any chunking.

    >>> decoder = SSEDecoder()
    >>> decoder.feed(b": hi\\r\\ndata: a\\r"), decoder.feed(b"\\ndata:b\\n\\nda"), decoder.feed(b"ta: c")
    ([], [b'a\\nb'], [])
    >>> decoder.finish()
    [b'c']
    """

    def __init__(self) -> None:
        self.strays: list[bytes] = []
        """Lines that are no field of the format, in order."""
        self._partial: list[bytes] = []  # pieces of a line that has not ended
        self._data: list[bytes] = []  # data lines of the event that has not ended
        self._begun = False
        self._after_cr = False

    def feed(self, data: bytes, around: tuple[bytes, bytes] | None = None) -> list[bytes]:
        """The data of every event that ends within these bytes.

        Args:
            data: the bytes.
            around: what stands before and behind the text of most events, each with the quote of that JSON
                string. Where the bytes begin with such events, one is given that has all their texts.
        """
        if self._after_cr and data:
            # CR LF cut in two: the line ended with the CR.
            data = data[1:] if data.startswith(b"\n") else data
            self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        joined = b""
        if around is not None and not self._data:
            joined, data = self._joined(data, *around)
        found = [joined] if joined else []
        lines = data.split(b"\n")
        if len(lines) == 1:
            if data:
                self._partial.append(data)
            return found
        if self._partial:
            self._partial.append(lines[0])
            lines[0] = b"".join(self._partial)
            self._partial = []
        if lines[-1]:
            self._partial.append(lines[-1])
        del lines[-1]
        if not self._begun:
            self._begun = True
            lines[0] = lines[0].removeprefix(_BOM)
        return [*found, *self._events(lines)]

    def finish(self) -> list[bytes]:
        """The last event, where the reply ends without the blank line.

        The standard drops such an event. Real gateways end so, and their last event counts.
        """
        self._after_cr = False
        return self.feed(b"\n\n") if self._partial else self.feed(b"\n") if self._data else []

    def _joined(self, data: bytes, before: bytes, behind: bytes) -> tuple[bytes, bytes]:
        """The events that the bytes begin with, together with those that were kept, as one; and the rest."""
        stop = data.rfind(behind + b"\n\n")
        if stop < 0:
            return b"", data
        events = b"".join([*self._partial, data[:stop]])
        field = b"data: " if events.startswith(b"data: ") else b"data:"
        start = field + before
        if not events.startswith(start):
            return b"", data
        text = events[len(start) :].replace(behind + b"\n\n" + start, b"")
        # What is left of an event that differs has a quote or ends a line, and so has an escape.
        if any(odd in text for odd in (b'"', b"\\", b"\n")):
            return b"", data
        self._partial = []
        return before + text + behind, data[stop + len(behind) + 2 :]

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line:
                if self._data:
                    events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                    self._data = []
            elif line == b"data":
                self._data.append(b"")
            elif not line.startswith(b":") and line.partition(b":")[0] not in _OTHER_FIELDS:
                self.strays.append(line)
        return events
