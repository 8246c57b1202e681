"""The caps and deadlines that hold for one reply."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps and deadlines for one reply.

    Args:
        connect: seconds to reach the server.
        total: seconds for the whole exchange.
        idle: seconds without a useful byte once the first has come (a comment that only keeps the line open
            is not one). A model that draws may be silent for longer before it.
        reply_bytes: bytes of the reply after decompression.
        document_bytes: bytes of one JSON document of it, the pictures in it not counted.
        pixels: pixels of one picture.
    """

    connect: float = 10.0
    total: float = 300.0
    idle: float = 120.0
    reply_bytes: int = 256 * 1024 * 1024
    document_bytes: int = 64 * 1024 * 1024
    pixels: int = 64_000_000
