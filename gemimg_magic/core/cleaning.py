"""Private metadata cut out of picture files before they leave: place, device, times, names. Pixels stay.

What decides how a picture looks stays too: colour profile, gamma, transparency, animation.
Formats: JPEG (ITU T.81 B.1.1), Exif 2.32 section 4.5, PNG (W3C) section 11, WebP container (RFC 9649).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

# PNG chunks that describe and do not draw.
_PNG_PRIVATE = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_WEBP_PRIVATE = frozenset({b"EXIF", b"XMP "})
# Exif and XMP, IPTC, comment. APP0 (JFIF), APP2 (colour profile) and APP14 (Adobe's colour transform) stay.
_JPEG_PRIVATE = frozenset({0xE1, 0xED, 0xFE})


def without_private_metadata(data: bytes, media_type: str) -> bytes:
    """The same picture without metadata about people, places and devices; the same object if it has none.

    Args:
        data: a whole picture file.
        media_type: what it is; kinds other than PNG, JPEG and WebP are returned as they are.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        if media_type == "image/jpeg":
            return _kept(data, _jpeg_pieces(data))
        if media_type == "image/png":
            return _kept(data, _png_pieces(data))
        if media_type == "image/webp":
            return _webp(data)
    except (struct.error, IndexError) as problem:
        raise ValueError("the file is damaged") from problem
    return data


def png_chunks(data: bytes) -> set[bytes]:
    """The kinds of chunks in a PNG file.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        return {data[start + 4 : start + 8] for start, _, _ in _png_pieces(data)}
    except struct.error as problem:
        raise ValueError("the file is damaged") from problem


def _kept(data: bytes, pieces: Iterator[tuple[int, int, bool]]) -> bytes:
    """The pieces that are not private; no copy when all are kept."""
    spans = list(pieces)
    if not any(private for *_, private in spans):
        return data
    return b"".join(data[start:end] for start, end, private in spans if not private)


def _jpeg_pieces(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """Start, end and privacy of each marker segment; from the first scan on, all in one."""
    yield 0, 2, False
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise ValueError("the file is damaged")
        marker = data[at + 1]
        if marker == 0xFF:
            # Fill bytes before a marker (B.1.1.2).
            yield at, at + 1, False
            at += 1
            continue
        if marker in (0xDA, 0xD9) or 0xD0 <= marker <= 0xD7 or marker == 0x01:
            yield at, len(data), False
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield at, at + 2 + length, marker in _JPEG_PRIVATE
        at += 2 + length


def _png_pieces(data: bytes) -> Iterator[tuple[int, int, bool]]:
    yield 0, 8, False
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        yield at, at + 12 + length, kind in _PNG_PRIVATE
        at += 12 + length
        if kind == b"IEND":
            break
    yield at, len(data), False


def _webp(data: bytes) -> bytes:
    chunks: list[bytes] = []
    found = False
    at = 12
    while at + 8 <= len(data):
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        end = at + 8 + length + (length & 1)
        if kind in _WEBP_PRIVATE:
            found = True
        elif kind == b"VP8X":
            # Bits 3 and 2 say that Exif and XMP chunks follow.
            chunks.append(data[at : at + 8] + bytes([data[at + 8] & ~0x0C]) + data[at + 9 : end])
        else:
            chunks.append(data[at:end])
        at = end
    if not found:
        return data
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body
