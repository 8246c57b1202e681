"""Where words stand inside PNG, JPEG and WebP files: read, and inserted with every coded byte left as it is.

Formats: PNG (W3C) section 11.3.3, JPEG (ITU T.81) B.1.1, Exif 2.32 section 4.6, WebP container (RFC 9649),
XMP part 3, C2PA 2.1 annex A.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .pictures import sniff

_JSON_KEYWORD = "gemimg"
_XMP_KEYWORD = "XML:com.adobe.xmp"
_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
# The length of a JPEG segment has 16 bits and counts itself.
SEGMENT = 65533 - len(_XMP)
EMBEDS = frozenset({"image/png", "image/jpeg", "image/webp"})


@dataclass(frozen=True, slots=True)
class Words:
    """What a file says about itself.

    Args:
        json: our facts as JSON, or empty.
        xmp: the XMP packet, or empty.
        description: for PNG's ``Description``.
        software: for PNG's ``Software`` and Exif.
        has_exif: whether the file holds Exif data, which is then left alone.
    """

    json: str = ""
    xmp: str = ""
    description: str = ""
    software: str = ""
    has_exif: bool = False


def has_manifest(data: bytes) -> bool:
    """Whether the file carries a C2PA manifest, which any change to the file would break.

    >>> has_manifest(b"GIF89a")
    False
    """
    media_type = sniff(data)
    try:
        if media_type == "image/png":
            return any(kind == b"caBX" for kind, *_ in _chunks(data))
        if media_type == "image/jpeg":
            segments = (data[start + 4 : end] for marker, start, end in _segments(data) if marker == 0xEB)
            return any(body[:2] == b"JP" and b"jumb" in body[:32] for body in segments)
        return media_type == "image/webp" and any(kind == b"C2PA" for kind, *_ in _riff(data))
    except (struct.error, IndexError):
        return False


def read(data: bytes) -> Words:
    """The words in a file; empty ones where it has none, or is in another format.

    >>> read(b"GIF89a").json
    ''
    """
    reader = {"image/png": _read_png, "image/jpeg": _read_jpeg, "image/webp": _read_webp}
    media_type = sniff(data)
    try:
        return reader[media_type](data) if media_type in reader else Words()
    except (struct.error, IndexError, ValueError, zlib.error):
        # Other programs' metadata may be damaged; the picture is not.
        return Words()


def insert(data: bytes, words: Words) -> bytes:
    """The same picture with these words in it.

    Raises:
        ValueError: the format takes none, the file is damaged, or the words are too long for it.
    """
    writer = {"image/png": _to_png, "image/jpeg": _to_jpeg, "image/webp": _to_webp}
    media_type = sniff(data)
    if media_type not in writer:
        raise ValueError(f"{media_type or 'this format'} takes no words")
    try:
        return writer[media_type](data, words)
    except (struct.error, IndexError, OverflowError) as problem:
        raise ValueError("the file is damaged") from problem


# PNG


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], at, at + 12 + length
        at += 12 + length


def _keyword(data: bytes, start: int) -> str:
    return data[start + 8 : data.index(b"\0", start + 8)].decode("latin-1")


def _texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Keyword and text of each text chunk."""
    for kind, start, end in _chunks(data):
        if kind in (b"tEXt", b"iTXt", b"zTXt"):
            keyword, _, rest = data[start + 8 : end - 4].partition(b"\0")
            if kind == b"iTXt":
                packed, (_, _, rest) = rest[0], rest[2:].split(b"\0", 2)
                rest = zlib.decompress(rest) if packed else rest
            yield keyword.decode("latin-1"), rest.decode("utf-8" if kind == b"iTXt" else "latin-1")


def _read_png(data: bytes) -> Words:
    found = dict(_texts(data))
    return Words(found.get(_JSON_KEYWORD, ""), found.get(_XMP_KEYWORD, ""))


def _to_png(data: bytes, words: Words) -> bytes:
    taken = {_keyword(data, start) for kind, start, _ in _chunks(data) if kind in (b"tEXt", b"iTXt", b"zTXt")}
    ours = {_JSON_KEYWORD: words.json, _XMP_KEYWORD: words.xmp}
    extra = {"Description": words.description, "Software": words.software}
    new = [
        _itxt(keyword, text)
        for keyword, text in {**ours, **{k: v for k, v in extra.items() if k not in taken}}.items()
        if text
    ]
    kept = [data[:8]]
    for kind, start, end in _chunks(data):
        if kind == b"iTXt" and _keyword(data, start) in ours:
            continue
        kept.append(data[start:end])
        if kind == b"IHDR":
            kept += new
    return b"".join([*kept, data[_png_end(data) :]])


def _png_end(data: bytes) -> int:
    return max((end for *_, end in _chunks(data)), default=len(data))


def _itxt(keyword: str, text: str) -> bytes:
    body = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


# JPEG


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0xDA, 0xD9):
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield marker, at, at + 2 + length
        at += 2 + length


def _read_jpeg(data: bytes) -> Words:
    apps = [data[start + 4 : end] for marker, start, end in _segments(data) if marker == 0xE1]
    exif = next((app[len(_EXIF) :] for app in apps if app.startswith(_EXIF)), b"")
    xmp = next((app[len(_XMP) :] for app in apps if app.startswith(_XMP)), b"")
    return Words(_user_comment(exif), xmp.decode(), has_exif=bool(exif))


def _to_jpeg(data: bytes, words: Words) -> bytes:
    """After JFIF's segment, which must be the first; an older XMP packet gives way."""
    heads = [_EXIF + _exif(words)] if words.json and not words.has_exif else []
    heads += [_XMP + words.xmp.encode()] if words.xmp else []
    if any(len(head) > 65533 for head in heads):
        raise ValueError("the words are too long for a JPEG file")
    new = b"".join(b"\xff\xe1" + struct.pack(">H", len(head) + 2) + head for head in heads)
    spans = list(_segments(data))
    jfif = spans[0][2] if spans and spans[0][0] == 0xE0 else 2
    kept = [data[:jfif], new]
    at = jfif
    for marker, start, end in spans:
        if marker == 0xE1 and words.xmp and data[start + 4 : end].startswith(_XMP):
            kept.append(data[at:start])
            at = end
    return b"".join([*kept, data[at:]])


# WebP


def _riff(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk, padding included."""
    at, stop = 12, min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    while at + 8 <= stop:
        (length,) = struct.unpack_from("<I", data, at + 4)
        end = at + 8 + length + (length & 1)
        yield data[at : at + 4], at, end
        at = end


def _read_webp(data: bytes) -> Words:
    found = {kind: _body(data, start) for kind, start, _ in _riff(data)}
    exif = found.get(b"EXIF", b"").removeprefix(_EXIF)
    return Words(_user_comment(exif), found.get(b"XMP ", b"").decode(), has_exif=bool(exif))


def _body(data: bytes, start: int) -> bytes:
    return data[start + 8 : start + 8 + struct.unpack_from("<I", data, start + 4)[0]]


def _to_webp(data: bytes, words: Words) -> bytes:
    """Exif and XMP stand at the end; the extended header in front says so (RFC 9649 section 2.7)."""
    chunks = [(kind, data[start:end]) for kind, start, end in _riff(data)]
    add_exif = bool(words.json) and not words.has_exif
    drop = {b"XMP "} if words.xmp else set()
    kept = [(kind, chunk) for kind, chunk in chunks if kind not in drop]
    if kept[0][0] != b"VP8X":
        kept.insert(0, (b"VP8X", _extended(*kept[0])))
    head = bytearray(kept[0][1])
    head[8] |= (0x08 if add_exif else 0) | (0x04 if words.xmp else 0)
    new = [_chunk(b"EXIF", _exif(words))] if add_exif else []
    new += [_chunk(b"XMP ", words.xmp.encode())] if words.xmp else []
    body = b"".join([b"WEBP", bytes(head), *(chunk for _, chunk in kept[1:]), *new])
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def _extended(kind: bytes, chunk: bytes) -> bytes:
    """The extended header for a file that had none: canvas size, and whether there is transparency."""
    if kind == b"VP8L":
        # After a signature byte: 14 bits width - 1, 14 bits height - 1, one bit alpha (RFC 9649 section 3.4).
        bits = struct.unpack_from("<I", chunk, 9)[0]
        width, height, flags = bits & 0x3FFF, bits >> 14 & 0x3FFF, 0x10 if bits >> 28 & 1 else 0
    else:
        # After a 3-byte frame tag and a 3-byte start code: 14 bits each (RFC 6386 section 9.1).
        across, down = struct.unpack_from("<HH", chunk, 14)
        width, height, flags = (across & 0x3FFF) - 1, (down & 0x3FFF) - 1, 0
    size = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + size)


# Exif


def _exif(words: Words) -> bytes:
    """A TIFF block with Software, ExifVersion and the facts as UserComment (Exif 2.32 section 4.6.5)."""
    software = words.software.encode("ascii", "replace") + b"\0"
    comment = b"UNICODE\0" + words.json.encode("utf-16-le")
    inner = 8 + 2 + 2 * 12 + 4  # where the Exif directory begins: header, then two entries
    data = inner + 2 + 2 * 12 + 4
    first = _entry(0x0131, 2, len(software), data) + _entry(0x8769, 4, 1, inner)
    after = data + len(software) + (len(software) & 1)
    # Four bytes or fewer stand in the entry itself (TIFF 6.0, section 2).
    version = struct.pack("<HHI", 0x9000, 7, 4) + b"0232"
    second = version + _entry(0x9286, 7, len(comment), after)
    directories = b"".join(struct.pack("<H", 2) + entries + bytes(4) for entries in (first, second))
    return b"II*\0\x08\0\0\0" + directories + software + b"\0" * (len(software) & 1) + comment


def _entry(tag: int, kind: int, count: int, value: int) -> bytes:
    # Texts of up to four bytes would have to stand in the entry; ours are always longer.
    return struct.pack("<HHII", tag, kind, count, value)


def _user_comment(exif: bytes) -> str:
    """The UserComment of a TIFF block, where it is ours: Unicode and JSON."""
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        return ""
    order = "<" if exif[:1] == b"I" else ">"
    first = struct.unpack_from(f"{order}I", exif, 4)[0]
    inner = _tag(exif, order, first, 0x8769)
    comment = _tag(exif, order, inner[1], 0x9286) if inner else None
    if comment is None:
        return ""
    body = exif[comment[1] : comment[1] + comment[0]]
    text = body[8:].decode("utf-16-le" if order == "<" else "utf-16-be") if body[:8] == b"UNICODE\0" else ""
    return text if text.startswith("{") else ""


def _tag(exif: bytes, order: str, at: int, wanted: int) -> tuple[int, int] | None:
    """Count and value of an entry of a directory."""
    for number in range(struct.unpack_from(f"{order}H", exif, at)[0]):
        tag, _, count, value = struct.unpack_from(f"{order}HHII", exif, at + 2 + 12 * number)
        if tag == wanted:
            return count, value
    return None
