"""What is sent: messages made of text and pictures, and the request that carries them.

These are pure values. Where a thing has a name in the OpenAI API, that is its name here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .pictures import sniff

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of text."""

    text: str


@dataclass(frozen=True)
class ImagePart:
    """A picture as it is sent.

    Args:
        data: the bytes of the file.
        media_type: ``image/png``, ``image/jpeg``, ``image/webp`` or ``image/gif``.
        content_id: a name for what the picture shows, where its bytes depend on the encoder; else empty.
        note: what was changed before it could be sent, for people; empty when it goes as it was given.
        hashed: the bytes whose SHA-256 is known, and it; megabytes are hashed once.
    """

    data: bytes = field(repr=False)
    media_type: str
    content_id: str = field(default="", kw_only=True, repr=False, compare=False)
    note: str = field(default="", kw_only=True, repr=False, compare=False)
    hashed: tuple[bytes, str] | None = field(default=None, kw_only=True, repr=False, compare=False)

    @classmethod
    def of(cls, data: bytes) -> ImagePart:
        """The part for these bytes; the media type is read from them.

        Raises:
            ValueError: the bytes are no picture of a known format.
        """
        media_type = sniff(data)
        if media_type is None:
            raise ValueError("not a PNG, JPEG, WebP or GIF picture")
        return cls(data, media_type)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""
        if self.hashed is None or self.hashed[0] is not self.data:
            # No more than a memory of what the bytes say, so the picture stays as unchanging as it looks.
            object.__setattr__(self, "hashed", (self.data, hashlib.sha256(self.data).hexdigest()))
        return self.hashed[1] if self.hashed else ""


Part = TextPart | ImagePart


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Args:
        role: who speaks.
        parts: text and pictures in the order they are read.
        extras: opaque fields that came with an assistant turn and go back with it unchanged
            (``reasoning_details``, ``provider_specific_fields``, ``extra_content``, ``signature``).
    """

    role: Role
    parts: tuple[Part, ...]
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """The pictures, in order."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart))


def user(*parts: Part | str | bytes) -> Message:
    """A user turn. Text and picture bytes are taken as they are.

    >>> user("a fox").parts
    (TextPart(text='a fox'),)
    """
    return Message("user", _parts(parts))


def system(text: str) -> Message:
    """A system turn."""
    return Message("system", (TextPart(text),))


def assistant(*parts: Part | str | bytes, extras: Mapping[str, Any] | None = None) -> Message:
    """A turn that the model made."""
    return Message("assistant", _parts(parts), dict(extras or {}))


def _parts(parts: tuple[Part | str | bytes, ...]) -> tuple[Part, ...]:
    return tuple(
        TextPart(part) if isinstance(part, str) else ImagePart.of(part) if isinstance(part, bytes) else part
        for part in parts
    )


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One call of ``POST /chat/completions``, before a profile spells it.

    Args:
        model: the model's id.
        messages: the turns, oldest first.
        max_tokens: the reply's limit in tokens.
        temperature: 0 to 2, or None to leave it to the model.
        aspect: ratio such as ``16:9``, or None.
        size: ``512``, ``1K``, ``2K`` or ``4K``, or None.
        seed: an integer, or None.
        stream: ask for server-sent events.
        params: further fields of the body, sent as they are.
        take: which of several deliberate variants this is; not sent, but part of a record's key.
    """

    model: str
    messages: tuple[Message, ...]
    max_tokens: int = 4096
    temperature: float | None = None
    aspect: str | None = None
    size: str | None = None
    seed: int | None = None
    stream: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    take: int = 0

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """Every picture in every turn, in order."""
        return tuple(part for message in self.messages for part in message.images)
