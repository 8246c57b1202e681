"""What was made in this session, as light facts: no picture is kept alive by them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.completions import GeneratedImage

_KEPT = 200
_WORDS = 60


@dataclass(frozen=True, slots=True)
class Made:
    """One picture that a cell made.

    Args:
        name: the variable that it was bound to.
        size: width and height in pixels.
        model: the model that the gateway reported.
        prompt: the first words of the prompt.
        replayed: whether it came from the store.
    """

    name: str
    size: tuple[int, int]
    model: str
    prompt: str
    replayed: bool


class History:
    """The newest pictures of a session, the oldest first."""

    def __init__(self) -> None:
        self.made: deque[Made] = deque(maxlen=_KEPT)

    def note(self, images: list[GeneratedImage]) -> None:
        """Remember what is told of some pictures, not the pictures."""
        from ..core.text import scrub, shorten

        for image in images:
            prompt = image.provenance.prompt if image.provenance else ""
            replayed = image.completion is not None and image.completion.replayed
            words = shorten(scrub(prompt[: 20 * _WORDS]), _WORDS)
            self.made.append(Made(image.name, image.size, image.model, words, replayed))
