"""Pictures as bytes: which format, where they end, whether they are whole, how large they are."""

from __future__ import annotations

import io
import re
import warnings
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MAX_PIXELS = 64_000_000
SMALL_PIXELS = 500_000
"""Up to this size a picture is always decoded as a check: that costs a few milliseconds."""

NEVER = 1 << 62
"""A position that no picture reaches: the structure is broken and has no end."""

Buffer = bytes | bytearray | memoryview


class TooLargeError(ValueError):
    """A picture that claims more pixels than are allowed."""


def sniff(data: Buffer) -> str | None:
    """The media type by the first bytes, or None for anything but PNG, JPEG, WebP and GIF.

    Signatures: PNG (W3C) section 5.2, JPEG (ITU T.81) B.1.1.3, WebP container (RFC 9649), GIF89a.

    >>> sniff(b"\\x89PNG\\r\\n\\x1a\\n...."), sniff(b"<svg>")
    ('image/png', None)
    """
    head = bytes(data[:12])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    return None


def is_animated(data: Buffer) -> bool:
    """Whether a picture has several frames, by its structure.

    Sources: APNG (the acTL chunk stands before IDAT), WebP's VP8X flags (RFC 9649 section 2.7.1), GIF89a.

    >>> is_animated(b"RIFF....WEBPVP8X" + bytes(4) + b"\\x02"), is_animated(b"RIFF....WEBPVP8 ")
    (True, False)
    """
    kind = sniff(data)
    if kind == "image/png":
        at = bytes(data[:4096]).find(b"acTL")
        return 0 < at < bytes(data[:8192]).find(b"IDAT") % 8193
    if kind == "image/webp":
        return bytes(data[12:16]) == b"VP8X" and len(data) > 20 and bool(data[20] & 2)
    # Each frame of an animation has a control block (section 23).
    return kind == "image/gif" and bytes(data).count(b"\x21\xf9\x04") > 1


def could_begin(data: Buffer) -> bool:
    """Whether these first bytes, too few to tell, may still become a picture.

    >>> could_begin(b"\\x89PN"), could_begin(b"RIFF...."), could_begin(b"<svg")
    (True, True, False)
    """
    head = bytes(data[:12])
    signatures = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
    if any(s.startswith(head) or head.startswith(s) for s in signatures):
        return True
    return b"RIFF".startswith(head[:4]) and b"WEBP".startswith(head[8:])


def open_picture(
    data: bytes, *, max_pixels: int = MAX_PIXELS, formats: tuple[str, ...] = FORMATS
) -> Image.Image:
    """Open a picture with Pillow, header only, under a cap on pixels.

    Args:
        data: the bytes of a file.
        max_pixels: the cap.
        formats: Pillow's names of what may be opened.

    Raises:
        TooLargeError: more pixels than the cap, or than Pillow's own.
        ValueError: not one of the known formats, or damaged at the head.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Our own cap is lower; Pillow's warning would only repeat it.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as problem:
        # Pillow refuses before the size can be asked for; the number is in its message.
        number = re.search(r"\d+", str(problem))
        pixels = int(number.group()) if number else 0
        limit = f"{max_pixels / 1e6:g} million pixels"
        raise TooLargeError(f"{pixels / 1e6:.0f} million pixels is more than {limit}") from problem
    except Exception as problem:
        # Pillow's plug-ins raise many kinds (OSError, SyntaxError, struct.error ...).
        raise ValueError(f"not a readable picture ({type(problem).__name__})") from problem
    width, height = picture.size
    if width * height > max_pixels:
        raise TooLargeError(f"{width}×{height} is more than {max_pixels / 1e6:g} million pixels")
    return picture


def examine(data: bytes, *, max_pixels: int = MAX_PIXELS, thorough: bool = False) -> tuple[int, int]:
    """The size in pixels of a picture whose structure is whole, after the checks that it deserves.

    A small picture is always decoded. A large one is decoded, and a PNG's checksums are computed, only
    when ``thorough``: that costs 300 ms for 4K, and the bytes of an intact transfer are known to be those
    that were sent. Callers ask for it when the transfer broke or the base64 was odd.

    Raises:
        TooLargeError: more pixels than the cap; nothing was decoded.
        ValueError: the picture is damaged.
    """
    picture = open_picture(data, max_pixels=max_pixels)
    width, height = picture.size
    if thorough or width * height <= SMALL_PIXELS:
        if sniff(data) == "image/png" and not _checksums_match(data):
            raise ValueError("the picture is damaged (checksum)")
        try:
            picture.load()
        except Exception as problem:
            # As above: every plug-in has its own kinds.
            raise ValueError(f"the picture is damaged ({type(problem).__name__})") from problem
    return width, height


def _checksums_match(data: bytes) -> bool:
    """Whether the critical chunks of a PNG carry their CRC-32 (PNG section 5.3); others are not looked at."""
    at = 8
    with memoryview(data) as view:
        while at + 12 <= len(view):
            end = at + 8 + int.from_bytes(view[at : at + 4])
            # Upper case in the first letter marks a chunk as critical (PNG section 5.4).
            if not view[at + 4] & 0x20 and zlib.crc32(view[at + 4 : end]) != int.from_bytes(
                view[end : end + 4]
            ):
                return False
            at = end + 4
    return True


def picture_end(data: Buffer) -> int | None:
    """Where the picture that these bytes begin with ends, by its own structure, or None: it is not whole.

    >>> picture_end(b"GIF89a" + bytes(7) + b";and more")
    14
    """
    kind = sniff(data)
    return EndFinder(kind).find(data) if kind else None


class EndFinder:
    """Finds the end of a picture while its bytes arrive; each byte is looked at once.

    Args:
        media_type: as :func:`sniff` told it.
    """

    __slots__ = ("_at", "_inside", "_seen", "_step", "need")

    def __init__(self, media_type: str) -> None:
        steps = {
            "image/png": (self._png, 8),
            "image/jpeg": (self._jpeg, 2),
            "image/webp": (self._webp, 0),
            "image/gif": (self._gif, 0),
        }
        self._step, self._at = steps[media_type]
        self._inside = False  # JPEG: in entropy-coded data; GIF: in a chain of sub-blocks
        self._seen = False  # JPEG: a scan has begun
        self.need = 20 if media_type == "image/png" else 12
        """So many bytes must be there before another look can find anything."""

    def find(self, data: Buffer) -> int | None:
        """The end, or None while it has not arrived. ``data`` begins with the picture's first byte."""
        while len(data) >= self.need:
            end = self._step(data)
            if end is not None:
                return end
        return None

    def _png(self, data: Buffer) -> int | None:
        """One chunk: length, type, data, CRC (PNG section 5.3)."""
        at = self._at
        length = int.from_bytes(data[at : at + 4])
        kind = bytes(data[at + 4 : at + 8])
        if length > 0x7FFFFFFF or not kind.isalpha():
            self.need = NEVER
            return None
        end = at + 12 + length
        if kind == b"IEND":
            self.need = end
            return end if len(data) >= end else None
        self._at = end
        self.need = end + 12
        return None

    def _jpeg(self, data: Buffer) -> int | None:
        """One segment, or one stretch of entropy-coded data (ITU T.81, annex B)."""
        if self._inside:
            found = _MARKER.search(data, self._at)
            if found is None:
                self._at = max(self._at, len(data) - 1)
                self.need = len(data) + 1
                return None
            self._at = found.start()
            self._inside = False
        at = self._at
        self.need = at + 4
        if len(data) < at + 2:
            return None
        if data[at] != 0xFF:
            self._inside = True  # junk between segments: look for the next marker
            return None
        marker = data[at + 1]
        if marker == 0xD9:
            if self._seen:
                return at + 2
            self.need = NEVER
        elif marker == 0xFF or marker <= 0x01 or 0xD0 <= marker <= 0xD8:
            self._at = at + (1 if marker == 0xFF else 2)  # a fill byte, or a marker without a length
            self.need = self._at + 2
        elif len(data) >= at + 4:
            self._at = at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
            self._inside = marker == 0xDA
            self._seen = self._seen or self._inside
            self.need = self._at + 2
        return None

    def _webp(self, data: Buffer) -> int | None:
        """The size stands in the RIFF header (RFC 9649 section 2.4)."""
        end = 8 + int.from_bytes(data[4:8], "little")
        self.need = end if end >= 20 else NEVER
        return end if len(data) >= self.need else None

    def _gif(self, data: Buffer) -> int | None:
        """One block, or one sub-block of a chain (GIF89a sections 15 to 27)."""
        at = self._at
        if at == 0:
            self.need = 13
            if len(data) >= 13:
                self._at = 13 + _colours(data[10])
                self.need = self._at + 1
            return None
        if self._inside:
            self._at = at + 1 + data[at]
            self._inside = data[at] != 0
        elif data[at] == 0x3B:
            return at + 1
        elif data[at] == 0x21:
            self._at, self._inside = at + 2, True
        elif data[at] == 0x2C:
            self.need = at + 10
            if len(data) < self.need:
                return None
            self._at, self._inside = at + 11 + _colours(data[at + 9]), True
        else:
            self.need = NEVER
            return None
        self.need = self._at + 1
        return None


# After 0xFF, a zero is a stuffed byte and 0xD0 to 0xD7 are restart markers: both belong to the data.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xff]")


def _colours(flags: int) -> int:
    """Bytes of the colour table that a GIF's packed field announces.

    >>> _colours(0x80), _colours(0x07)
    (6, 0)
    """
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
