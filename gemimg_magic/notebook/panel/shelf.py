"""The pictures that a panel's face may ask for, by id, as small copies."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ...core.completions import GeneratedImage
from ...core.messages import ImagePart
from ...core.preview import preview
from ...core.text import inert
from .references import as_picture

_PREVIEWS = 64


def identity(part: ImagePart) -> str:
    """The id of a picture: the beginning of its hash."""
    return part.sha256[:16]


class Shelf:
    """Pictures by id. The newest previews are kept, others are made again when they are asked for."""

    def __init__(self) -> None:
        self._parts: dict[str, ImagePart] = {}
        self._previews: OrderedDict[str, ImagePart] = OrderedDict()

    def put(self, part: ImagePart) -> None:
        """Offer a picture."""
        # A result knows more than the same bytes from a file.
        if isinstance(part, GeneratedImage) or identity(part) not in self._parts:
            self._parts[identity(part)] = part

    def told(self, part: ImagePart) -> dict[str, Any]:
        """Offer a picture; what the face knows of it. Its bytes are sent by themselves."""
        picture = as_picture(part)
        self.put(part)
        cost = picture.completion.usage.cost if picture.completion else None
        return {
            "id": identity(part),
            "name": picture.name,
            "alt": inert(picture.alt or picture.name or "a picture"),
            "caption": inert(picture.caption),
            "width": picture.width,
            "height": picture.height,
            "cost": cost,
            "replayed": bool(picture.completion and picture.completion.replayed),
            "note": part.note,
            "parents": [identity(parent) for parent in picture.parents],
        }

    def get(self, name: str) -> ImagePart | None:
        """The picture with this id."""
        return self._parts.get(name)

    def preview(self, part: ImagePart) -> ImagePart:
        """A small copy; the picture itself where it cannot be decoded here."""
        name = identity(part)
        if name not in self._previews:
            recorded = getattr(part, "recorded_preview", None)
            try:
                self._previews[name] = recorded or ImagePart(*preview(part.data, part.media_type))
            except ValueError:
                self._previews[name] = part
            while len(self._previews) > _PREVIEWS:
                self._previews.popitem(last=False)
        return self._previews[name]
