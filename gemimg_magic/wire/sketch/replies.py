"""The forms of a reply: the same pictures and words as one JSON object or as a stream of chunks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .lettering import MARK

PIECE = 16_384
PICTURE_TOKENS = 1290
INPUT_PICTURE_TOKENS = 258
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Made:
    """One choice: the words and the PNG pictures, and the draft that came first."""

    text: str | None
    pictures: tuple[bytes, ...] = ()
    draft: bytes | None = None
    finish: str = "stop"


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that a reply says, apart from its form."""

    id: str
    choices: tuple[Made, ...]
    words: int
    inputs: int

    def usage(self) -> Json:
        """Return plausible token counts; nothing is ever charged."""
        pictures = sum(len(made.pictures) for made in self.choices)
        text = sum(len((made.text or "").split()) for made in self.choices)
        prompt = self.words + INPUT_PICTURE_TOKENS * self.inputs
        completion = text + PICTURE_TOKENS * pictures
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"image_tokens": INPUT_PICTURE_TOKENS * self.inputs},
            "completion_tokens_details": {"image_tokens": PICTURE_TOKENS * pictures},
            "cost": 0,
        }


def dump(value: object) -> bytes:
    """Write JSON in its shortest form."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def error_body(message: str, kind: str, param: str | None, code: str | None) -> bytes:
    """Write an error as OpenAI does."""
    return dump({"error": {"message": message, "type": kind, "param": param, "code": code}})


def data_uri(picture: bytes) -> str:
    """Write a PNG as a data URI."""
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def _image_part(picture: bytes, index: int, *, draft: bool = False) -> Json:
    part: Json = {"type": "image_url", "image_url": {"url": data_uri(picture)}, "index": index}
    if draft:
        part["thought"] = True
    return part


def _all_pictures(made: Made) -> list[tuple[bytes, bool]]:
    drafts = [(made.draft, True)] if made.draft is not None else []
    return [*drafts, *((picture, False) for picture in made.pictures)]


def _markdown(made: Made) -> str:
    return "".join(f"\n\n![sketch]({data_uri(picture)})" for picture in made.pictures)


def message(made: Made, form: str) -> Json:
    """Write one whole message."""
    said: Json = {"role": "assistant", "content": made.text}
    if not made.pictures:
        return said
    shown = _all_pictures(made)
    if form == "markdown":
        said["content"] = (made.text or "") + _markdown(made)
    elif form == "parts":
        parts: list[Json] = [{"type": "text", "text": made.text or ""}]
        parts += [_image_part(picture, at, draft=draft) for at, (picture, draft) in enumerate(shown)]
        said["content"] = parts
    else:
        said["images"] = [_image_part(picture, at, draft=draft) for at, (picture, draft) in enumerate(shown)]
    return said


def whole(answer: Answer, form: str) -> bytes:
    """Write the reply as one JSON object."""
    return dump(
        {
            "id": answer.id,
            "object": "chat.completion",
            "created": 0,
            "model": MARK,
            "choices": [
                {"index": index, "message": message(made, form), "finish_reason": made.finish}
                for index, made in enumerate(answer.choices)
            ],
            "usage": answer.usage(),
        }
    )


def event(value: object) -> bytes:
    """Write one server-sent event."""
    return b"data: " + dump(value) + b"\n\n"


def chunk(id_: str, index: int, delta: Mapping[str, object], finish: str | None = None) -> bytes:
    """Write one chunk of a stream."""
    return event(
        {
            "id": id_,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": MARK,
            "choices": [{"index": index, "delta": delta, "finish_reason": finish}],
        }
    )


def text_deltas(text: str) -> list[str]:
    """Cut a text into words that add up to the same text."""
    words = text.split(" ")
    return [word if at == 0 else f" {word}" for at, word in enumerate(words)] if text else []


def picture_chunks(id_: str, index: int, made: Made, form: str) -> Iterator[bytes]:
    """Write the pictures of one choice as chunks."""
    if form == "markdown":
        text = _markdown(made)
        for at in range(0, len(text), PIECE):
            yield chunk(id_, index, {"content": text[at : at + PIECE]})
        return
    for at, (picture, draft) in enumerate(_all_pictures(made)):
        part = _image_part(picture, at, draft=draft)
        yield chunk(id_, index, {"content": [part]} if form == "parts" else {"images": [part]})


def usage_chunk(answer: Answer) -> bytes:
    """Write the last chunk, which has the usage and no choices."""
    return event(
        {
            "id": answer.id,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": MARK,
            "choices": [],
            "usage": answer.usage(),
        }
    )
