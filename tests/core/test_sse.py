"""The decoder of server-sent events against the standard, in every chunking."""

from __future__ import annotations

import time

import pytest

from gemimg_magic.core.sse import SSEDecoder


def decode(body: bytes, size: int = 0) -> list[bytes]:
    decoder = SSEDecoder()
    size = size or len(body) or 1
    return [
        e for at in range(0, len(body), size) for e in decoder.feed(body[at : at + size])
    ] + decoder.finish()


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data\n\n", [b""]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a\n\ndata\ndata\n\n", [b"a", b"\n"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b": comment\n\ndata: a\n: more\n\n", [b"a"]),
        (b"event: x\nid: 1\nretry: 9\ndata: a\n\n", [b"a"]),
        (b"event: x\n\n\n\n", []),
        (b"data: a", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b"data: a\r", [b"a"]),
        ("data: a\u2028b\u0085c\x0bd\x1ce\n\n".encode(), ["a\u2028b\u0085c\x0bd\x1ce".encode()]),
        (b"dataX: a\n\n", []),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_events_in_every_chunking(body: bytes, events: list[bytes]) -> None:
    for size in range(len(body) + 1):
        assert decode(body, size) == events


def test_lines_that_are_no_field_are_kept_aside() -> None:
    decoder = SSEDecoder()
    decoder.feed(b': PING\n\n{"error": 1}\n')

    assert decoder.finish() == []
    assert decoder.strays == [b'{"error": 1}']


@pytest.mark.parametrize("size", [100, 1448, 1 << 16])
def test_a_long_line_costs_no_more_than_its_length(size: int) -> None:
    def cost(length: int) -> float:
        body = b"data: " + b"A" * length + b"\n\n"
        start = time.process_time()
        assert len(decode(body, size)[0]) == length
        return time.process_time() - start

    short = min(cost(500_000) for _ in range(3))

    # Ten times the length; a quadratic decoder needs a hundred times as long.
    assert cost(5_000_000) < 40 * short + 0.05
