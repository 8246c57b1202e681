"""Where pictures end, whether they are whole, and how large they may be."""

from __future__ import annotations

import io
import random
import zlib
from pathlib import Path

import pytest
from PIL import Image

from gemimg_magic.core.pictures import (
    EndFinder,
    TooLargeError,
    could_begin,
    examine,
    open_picture,
    picture_end,
    sniff,
)

CORPUS = [p.read_bytes() for p in sorted((Path(__file__).parents[1] / "corpus" / "img").iterdir())]


def made(kind: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **how: object) -> bytes:
    out = io.BytesIO()
    pixels = random.Random(3).randbytes(size[0] * size[1] * len(mode))
    Image.frombytes(mode, size, pixels).save(out, kind, **how)
    return out.getvalue()


def thumbnailed() -> bytes:
    """A JPEG with a whole small JPEG in its Exif segment."""
    inner = made("JPEG", (8, 8))
    outer = made("JPEG")
    segment = b"Exif\x00\x00" + inner
    return outer[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2) + segment + outer[2:]


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], comment=b"; no end; " * 60)
    return out.getvalue()


PICTURES = {
    **{f"corpus {n}": data for n, data in enumerate(CORPUS)},
    "png": made("PNG"),
    "palette png": made("PNG", mode="L"),
    "jpeg": made("JPEG"),
    "progressive jpeg": made("JPEG", progressive=True),
    "jpeg with restarts": made("JPEG", restart_marker_blocks=1),
    "jpeg with a comment": made("JPEG", comment=b"\xff\xd9 is not the end"),
    "jpeg with a thumbnail": thumbnailed(),
    "cmyk jpeg": made("JPEG", mode="CMYK"),
    "webp": made("WEBP"),
    "lossless webp": made("WEBP", lossless=True, exif=b"Exif\x00\x00abc"),
    "animated webp": animated("WEBP"),
    "gif": made("GIF", mode="P"),
    "animated gif": animated("GIF"),
}


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_the_end_is_found_and_what_follows_is_not_part_of_it(data: bytes) -> None:
    for junk in (b"", b"junk", b"\xff\xd9", b"\x00" * 50, data):
        assert picture_end(data + junk) == len(data)


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_a_cut_picture_is_never_whole(data: bytes) -> None:
    for at in range(len(data)):
        assert picture_end(data[:at]) is None


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("step", [1, 7, 100])
def test_the_end_is_found_while_the_picture_arrives(data: bytes, step: int) -> None:
    kind = sniff(data)
    assert kind is not None
    finder = EndFinder(kind)
    found = None
    for stop in [*range(12, len(data), step), len(data)]:
        assert found is None
        found = finder.find(memoryview(data)[:stop])

    assert found == len(data)


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_whole_pictures_pass_examination(data: bytes) -> None:
    assert examine(data) == open_picture(data).size == examine(data, thorough=True)


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_the_first_bytes_may_begin_a_picture(data: bytes) -> None:
    assert all(could_begin(data[:n]) for n in range(30))
    assert sniff(data) is not None


@pytest.mark.parametrize(
    "data", [b"<svg", b"<html>", b"%PDF", b"RIFF\0\0\0\0WAVE", b"GIF88a", b"\x89PNX", b"OggS"]
)
def test_other_bytes_do_not(data: bytes) -> None:
    assert not could_begin(data)
    assert sniff(data) is None
    assert picture_end(data + bytes(100)) is None


def test_damage_inside_is_found() -> None:
    data = bytearray(made("PNG", (200, 200)))
    data[len(data) // 2] ^= 0xFF

    assert picture_end(data) == len(data)
    with pytest.raises(ValueError, match="damaged"):
        examine(bytes(data))


def test_a_large_picture_is_decoded_only_on_request() -> None:
    data = bytearray(made("PNG", (900, 900)))
    data[len(data) // 2] ^= 0xFF

    assert examine(bytes(data)) == (900, 900)
    with pytest.raises(ValueError, match="damaged"):
        examine(bytes(data), thorough=True)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "said"),
    [((9000, 8000), "9000×8000"), ((10_000, 10_000), "10000×10000"), ((14_000, 14_000), "196 million")],
)
def test_bombs_are_refused_before_decoding(size: tuple[int, int], said: str) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(TooLargeError, match=said):
        examine(bomb(*size))

    assert limit == Image.MAX_IMAGE_PIXELS


def test_the_cap_is_the_callers() -> None:
    assert examine(bomb(700, 800), max_pixels=600_000) == (700, 800)
    with pytest.raises(TooLargeError, match=r"700×800 is more than 0\.5 million"):
        examine(bomb(700, 800), max_pixels=500_000)


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/webp", "image/gif"])
def test_noise_ends_nowhere_and_breaks_nothing(kind: str) -> None:
    heads = {
        "image/png": b"\x89PNG\r\n\x1a\n",
        "image/jpeg": b"\xff\xd8\xff\xe0",
        "image/webp": b"RIFF",
        "image/gif": b"GIF89a",
    }
    for seed in range(300):
        data = heads[kind] + random.Random(seed).randbytes(400)
        end = EndFinder(kind).find(data)
        assert end is None or 0 < end <= len(data)
