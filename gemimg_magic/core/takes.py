"""Several takes of one request."""

from __future__ import annotations

from .completions import GeneratedImage
from .settled import Settled


class Takes(list[GeneratedImage], Settled):
    """The pictures of several takes, in their order."""

    def __repr__(self) -> str:
        return f"<{len(self)} takes: {'; '.join(image.caption for image in self)}>"
