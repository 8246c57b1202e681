"""A request becomes the JSON body that a gateway reads: fields by profile, pictures as data URIs.

The body is a row of pieces with a length that is known beforehand. Base64 is made block by block while it
is sent, so fourteen large references never stand in memory as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pybase64

from .completions import SENT_AS_USER_PICTURE
from .messages import ImagePart, ImageRequest, Message, Part, TextPart
from .profiles import Profile

# A multiple of 3, so that blocks join without padding.
_BLOCK = 96 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request.

    Args:
        pieces: JSON text and pictures in order; a picture stands for its base64.
        remarks: what could not be said in the gateway's words, one line each.
    """

    pieces: tuple[bytes | ImagePart, ...]
    remarks: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Content-Length in bytes."""
        return sum(
            len(piece) if isinstance(piece, bytes) else (len(piece.data) + 2) // 3 * 4
            for piece in self.pieces
        )

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            data = memoryview(piece.data)
            for start in range(0, len(data), _BLOCK):
                yield pybase64.b64encode(data[start : start + _BLOCK])


def spell(request: ImageRequest, profile: Profile) -> Body:
    """The body for this request as the profile's gateway reads it. Nothing is sent that was not asked for.

    >>> from .messages import user
    >>> from .profiles import find_profile
    >>> b"".join(spell(ImageRequest("m", (user("a fox"),)), find_profile("custom"))).decode()
    '{"model":"m","max_tokens":4096,"messages":[{"role":"user","content":"a fox"}]}'
    """
    messages, remarks = _carried(request.messages, profile)
    pieces: list[bytes | ImagePart] = [_dump(_fields(request, profile))[:-1], b',"messages":[']
    for position, message in enumerate(messages):
        pieces += [b"," if position else b"", *_message(message, profile)]
    pieces.append(b"]}")
    return Body(tuple(_joined(pieces)), remarks)


def _fields(request: ImageRequest, profile: Profile) -> dict[str, Any]:
    fields: dict[str, Any] = {"model": request.model, "max_tokens": request.max_tokens}
    if request.temperature is not None:
        fields["temperature"] = request.temperature
    if request.seed is not None:
        fields["seed"] = request.seed
    elif request.take and not profile.chance:
        fields["seed"] = request.take
    if profile.modalities:
        fields["modalities"] = ["image", "text"]
    if request.aspect or request.size:
        fields |= profile.spell_size(request.aspect, request.size)
    if request.stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    return fields | dict(request.params)


def _carried(messages: tuple[Message, ...], profile: Profile) -> tuple[list[Message], tuple[str, ...]]:
    """The turns, with pictures of assistant turns moved where the profile can carry them."""
    turns = list(messages)
    earlier = [i for i, m in enumerate(turns) if m.role == "assistant" and m.images]
    if not earlier or profile.assistant_images:
        return turns, ()
    last_picture = turns[earlier[-1]].images[-1]
    for i in earlier:
        kept = tuple(part for part in turns[i].parts if isinstance(part, TextPart))
        turns[i] = replace(turns[i], parts=kept or (TextPart("(a picture)"),))
    following = next((i for i, m in enumerate(turns) if i > earlier[-1] and m.role == "user"), None)
    if following is not None:
        turns[following] = replace(turns[following], parts=(last_picture, *turns[following].parts))
    return turns, (SENT_AS_USER_PICTURE,)


def _message(message: Message, profile: Profile) -> Iterator[bytes | ImagePart]:
    yield b'{"role":' + _dump(message.role) + b',"content":'
    if message.role == "assistant" and profile.assistant_images == "images" and message.images:
        yield _dump(message.text)
        yield b',"images":'
        yield from _parts(message.images)
    elif message.images:
        yield from _parts(message.parts)
    else:
        yield _dump(message.text)
    if message.extras:
        yield b"," + _dump(dict(message.extras))[1:-1]
    yield b"}"


def _parts(parts: tuple[Part, ...]) -> Iterator[bytes | ImagePart]:
    yield b"["
    for position, part in enumerate(parts):
        comma = b"," if position else b""
        if isinstance(part, TextPart):
            yield comma + _dump({"type": "text", "text": part.text})
        else:
            # Some gateways cut this string by position, so it is written in the one form that all read.
            yield comma + b'{"type":"image_url","image_url":{"url":"data:%s;base64,' % (
                part.media_type.encode()
            )
            yield part
            yield b'"}}'
    yield b"]"


def _joined(pieces: list[bytes | ImagePart]) -> Iterator[bytes | ImagePart]:
    text: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            text.append(piece)
        else:
            yield b"".join(text)
            yield piece
            text = []
    yield b"".join(text)


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
