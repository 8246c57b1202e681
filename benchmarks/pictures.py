"""PNG files of seeded noise: the same bytes on every machine with the same zlib, and not compressible."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

# Noise of three bits a channel weighs what a rich photograph of that size does.
_LOW_BITS = bytes(number & 7 for number in range(256))


def noise(width: int, height: int, seed: int = 1) -> bytes:
    """An RGB picture; 4096 x 4096 weighs about 19 MB."""
    source = random.Random(seed)
    packer = zlib.compressobj(1, strategy=zlib.Z_HUFFMAN_ONLY)
    data = b"".join(
        packer.compress(b"\0" + source.randbytes(3 * width).translate(_LOW_BITS)) for _ in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", head), (b"IDAT", data + packer.flush()), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def numbered(picture: bytes, count: int) -> Iterator[bytes]:
    """So many pictures that differ in their bytes only."""
    for number in range(count):
        yield picture[:-12] + _chunk(b"nuMb", b"%d" % number) + picture[-12:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
