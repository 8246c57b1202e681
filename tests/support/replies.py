"""Replies in the words of gateways, and the reader asked about them."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from gemimg_magic.core import errors
from gemimg_magic.core.completions import Completion
from gemimg_magic.core.reply import ReplyReader

PICTURES = Path(__file__).parents[1] / "corpus" / "img"
PNG, PNG_B, JPEG, WEBP = (
    (PICTURES / n).read_bytes() for n in ("png_a.png", "png_b.png", "jpeg_a.jpg", "webp_a.webp")
)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{b64(data)}"


def whole(message: object, *, finish: object = "stop", **more: object) -> bytes:
    return json.dumps(
        {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}
    ).encode()


def chunk(finish: str | None = None, index: int = 0, **delta: object) -> dict:
    return {"id": "x", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def sse(*events: object, done: bool = True) -> bytes:
    lines = [
        e if isinstance(e, bytes) else b"data: " + json.dumps(e, ensure_ascii=False).encode() for e in events
    ]
    return b"".join(line + b"\n\n" for line in [*lines, *([b"data: [DONE]"] if done else [])])


def read(body: bytes, *, broken: str | None = None, size: int = 0, **how: object) -> Completion:
    reader = ReplyReader(**how)  # type: ignore[arg-type]
    for at in range(0, len(body), size or len(body) or 1):
        reader.feed(body[at : at + (size or len(body))])
    return reader.finish(broken)


def fails(kind: type[errors.GemimgError], body: bytes, **how: object) -> errors.GemimgError:
    with pytest.raises(errors.GemimgError) as caught:
        read(body, **how)
    assert type(caught.value) is kind, caught.value
    return caught.value


def pictures(completion: Completion) -> list[bytes]:
    return [image.data for image in completion.images]


def noise(size: int = 300, kind: str = "PNG", seed: int = 1) -> bytes:
    """A picture of some hundred kilobytes, so that the fast path has something to take out."""
    import random

    out = io.BytesIO()
    Image.frombytes("RGB", (size, size), random.Random(seed).randbytes(size * size * 3)).save(out, kind)
    return out.getvalue()


BIG = noise()
NOW = "Sun, 22 Nov 2026 10:00:10 GMT"
