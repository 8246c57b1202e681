"""The sketch server: one function from an httpx request to an httpx response."""

from __future__ import annotations

import asyncio
import hashlib
import io
import math
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from . import replies
from .asked import Asked, BadRequest, open_pictures, read_request
from .behave import Behaviour, read_behaviour
from .changes import PICTURE
from .draw import draw
from .edit import edit
from .lettering import MARK
from .replies import Answer, Made
from .words import read_scene

MODEL = MARK
_FAILURES = {
    401: ("invalid_request_error", "invalid_api_key", "This key is not valid. (You asked for this failure.)"),
    402: (
        "insufficient_quota",
        "insufficient_quota",
        "There is no credit left. (You asked for this failure.)",
    ),
    403: ("permission_error", "forbidden", "This key may not do that. (You asked for this failure.)"),
    404: (
        "invalid_request_error",
        "model_not_found",
        "The model does not exist. (You asked for this failure.)",
    ),
    408: ("timeout_error", "timeout", "That took too long. (You asked for this failure.)"),
    413: ("invalid_request_error", "too_large", "The request is too large. (You asked for this failure.)"),
    429: ("rate_limit_error", "rate_limit_exceeded", "Too many requests. (You asked for this failure.)"),
    503: ("server_error", "overloaded", "The server is overloaded. (You asked for this failure.)"),
}

_WORDS_WANTED = re.compile(r"\b(describe|explain|tell me|in words)\b", re.IGNORECASE)
# Seconds between signs of life in a slow stream.
_BREATH = 0.25


@dataclass(frozen=True, slots=True)
class _Job:
    """One checked request with its decoded pictures and its id."""

    asked: Asked
    behaviour: Behaviour
    pictures: tuple[Image.Image, ...]
    id: str


class _Stream(httpx.AsyncByteStream):
    """A body that is made while it is read."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        """Stop the work behind the body."""
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()


async def handle(request: httpx.Request) -> httpx.Response:
    """Answer one request. Serves as `httpx.MockTransport(handle)` and behind `serve`."""
    body = await request.aread()
    path = request.url.path.rstrip("/")
    seen = hashlib.sha256(b"\n".join((request.method.encode(), path.encode(), body))).hexdigest()[:24]
    headers = {"x-request-id": f"sketch-{seen}", "content-type": "application/json"}
    try:
        if request.method == "GET" and path.endswith("/models"):
            return httpx.Response(200, headers=headers, content=replies.dump(_models()))
        if request.method == "POST" and path.endswith("/chat/completions"):
            return await _chat(request, body, seen, headers)
        raise BadRequest(f"There is no {request.method} {path or '/'} here.", None, "not_found", 404)
    except BadRequest as error:
        content = replies.error_body(error.message, "invalid_request_error", error.param, error.code)
        return httpx.Response(error.status, headers=headers, content=content)


def _models() -> replies.Json:
    return {
        "object": "list",
        "data": [
            {
                "id": MODEL,
                "object": "model",
                "created": 0,
                "owned_by": "gemimg_magic",
                "architecture": {
                    "input_modalities": ["text", "image"],
                    "output_modalities": ["text", "image"],
                },
                "pricing": {
                    "prompt": "0",
                    "completion": "0",
                    "image": "0",
                    "image_output": "0",
                    "request": "0",
                },
            }
        ],
    }


async def _chat(request: httpx.Request, body: bytes, seen: str, headers: dict[str, str]) -> httpx.Response:
    asked = await asyncio.to_thread(read_request, body, request.headers.get("x-sketch-form"))
    behaviour = read_behaviour(asked.prompt)
    if behaviour.fail is not None:
        return _failure(behaviour.fail, headers)
    pictures = await asyncio.to_thread(open_pictures, asked)
    job = _Job(asked, behaviour, tuple(pictures), f"chatcmpl-sketch-{seen}")
    if asked.stream:
        headers |= {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        return httpx.Response(200, headers=headers, stream=_Stream(_stream(job)))
    await asyncio.sleep(behaviour.wait)
    answer = await _answer(job)
    content = await asyncio.to_thread(replies.whole, answer, asked.form)
    if "cut" in behaviour.flags:
        content = content[: len(content) // 2]
    return httpx.Response(200, headers=headers, content=content)


def _failure(status: int, headers: dict[str, str]) -> httpx.Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    default = (kind, None, f"The server failed with status {status}. (You asked for this failure.)")
    kind, code, message = _FAILURES.get(status, default)
    if status == 429:
        headers = headers | {"retry-after": "1"}
    return httpx.Response(status, headers=headers, content=replies.error_body(message, kind, None, code))


async def _answer(job: _Job) -> Answer:
    asked = job.asked
    made = await asyncio.gather(*(_made(job, number) for number in range(asked.choices)))
    return Answer(job.id, tuple(made), asked.words, len(asked.pictures))


async def _made(job: _Job, number: int) -> Made:
    """Make one choice: special behaviour first, else pictures."""
    plain = _plain(job)
    if plain is not None:
        return plain
    count = job.behaviour.pictures
    seeds = [job.asked.seed + number + 1000 * more for more in range(count)]
    pictures = [await asyncio.to_thread(_picture, job, seed) for seed in seeds]
    made = Made(_caption(job, count), tuple(pictures))
    if "draft" in job.behaviour.flags:
        return replace(made, draft=await asyncio.to_thread(_draft, pictures[-1]))
    return made


def _plain(job: _Job) -> Made | None:
    flags = job.behaviour.flags
    if "blocked" in flags:
        return Made(None, finish="content_filter")
    if "refuse" in flags:
        return Made(
            _short(
                job, "I would rather not draw that. (This is a sketch, no model; you asked for a refusal.)"
            )
        )
    if "text only" in flags:
        return Made(_short(job, f"Here are words and no picture, as you asked: {_subject(job)}"))
    return None


def _subject(job: _Job) -> str:
    words = " ".join(job.behaviour.prompt.replace(PICTURE, " ").split())
    return words if len(words) <= 120 else words[:117].rstrip() + "..."


def _caption(job: _Job, count: int) -> str:
    """What is said beside the pictures: nothing, unless the prompt asks for words."""
    if not _WORDS_WANTED.search(job.behaviour.prompt):
        return ""
    what = "An edited picture" if job.pictures else "A sketch" if count == 1 else f"{count} sketches"
    return _short(job, f"{what} of: {_subject(job)}" if not job.pictures else f"{what}: {_subject(job)}")


def _short(job: _Job, text: str) -> str:
    limit = job.asked.max_tokens
    return text if limit is None else " ".join(text.split(" ")[:limit])


def _picture(job: _Job, seed: int) -> bytes:
    if job.pictures:
        picture = edit(job.pictures, job.behaviour.prompt, seed=seed, size=job.asked.size)
    else:
        picture = draw(read_scene(job.behaviour.prompt, seed), job.asked.size or (1024, 1024))
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    said, file = PngInfo(), io.BytesIO()
    said.add_text("Software", MARK)
    picture.save(file, "PNG", compress_level=4, pnginfo=said)
    return file.getvalue()


def _draft(final: bytes) -> bytes:
    with Image.open(io.BytesIO(final)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((256, 256))
        return _png(small)


async def _stream(job: _Job) -> AsyncIterator[bytes]:
    """Write the reply piece by piece; the words fill the waiting time."""
    id_, asked = job.id, job.asked
    plain = _plain(job)
    text = plain.text if plain is not None else _caption(job, job.behaviour.pictures)
    for index in range(asked.choices):
        yield replies.chunk(id_, index, {"role": "assistant", "content": "" if text is not None else None})
    words = replies.text_deltas(text or "")
    pause = job.behaviour.wait / max(1, len(words))
    for word in words:
        if pause:
            yield b": sketching\n\n"
            await asyncio.sleep(pause)
        for index in range(asked.choices):
            yield replies.chunk(id_, index, {"content": word})
    if not words:
        breaths = math.ceil(job.behaviour.wait / _BREATH)
        for _ in range(breaths):
            yield b": sketching\n\n"
            await asyncio.sleep(job.behaviour.wait / breaths)
    made: list[Made] = []
    for index in range(asked.choices):
        made.append(await _made(job, index))
        for piece in await asyncio.to_thread(_pieces, id_, index, made[-1], asked.form):
            if "cut" in job.behaviour.flags:
                yield piece[: len(piece) // 2]
                return
            yield piece
        yield replies.chunk(id_, index, {}, made[-1].finish)
    if asked.usage:
        yield replies.usage_chunk(Answer(id_, tuple(made), asked.words, len(asked.pictures)))
    yield b"data: [DONE]\n\n"


def _pieces(id_: str, index: int, made: Made, form: str) -> Sequence[bytes]:
    return list(replies.picture_chunks(id_, index, made, form))
