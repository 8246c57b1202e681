"""``--save``: where the pictures of a cell are written, besides the store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..core.completions import GeneratedImage
from ..core.errors import PromptError
from ..core.names import safe_name
from .names import Names


def saved_as(template: str | None, names: Names) -> str | None:
    """The path of a file; the value of an ``{{expression}}`` becomes a piece of a name, never a folder.

    Raises:
        PromptError: an expression fails, or is no text.
    """
    return None if template is None else names.text(template, "after --save", shown=safe_name)


def save(images: Iterable[GeneratedImage], path: str, *, metadata: bool) -> None:
    """Write each picture to the file, or to numbered ones beside it; what exists is never overwritten.

    Raises:
        PromptError: it cannot be written.
    """
    try:
        for image in images:
            image.save(Path(path).expanduser(), metadata=metadata)
    except (OSError, ValueError) as problem:
        raise PromptError(
            f"The picture is bound, but cannot be saved as {path!r}: {problem}.",
            hint="Save it by NAME.save(PATH).",
        ) from None
