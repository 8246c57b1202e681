"""``--save``: where the pictures of a cell are written, besides the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..core.completions import GeneratedImage
from ..core.errors import PromptError
from ..core.export import check_suffix, write
from ..core.names import safe_name
from .names import Names


def saved_as(template: str | None, names: Names, *, raw: bool) -> str | None:
    """The path of a file; the value of an ``{{expression}}`` becomes a piece of a name, never a folder.

    Args:
        template: what was typed, or None.
        names: what the expressions can see.
        raw: take it as typed.

    Raises:
        PromptError: an expression fails or is no text, or no picture format has the suffix.
    """
    if template is None:
        return None
    path = template if raw else names.text(template, "after --save", shown=safe_name)
    check_suffix(Path(path).suffix)
    return path


def save(pictures: Sequence[tuple[GeneratedImage, str]], *, metadata: bool, folders: bool = False) -> None:
    """Write each picture to its file, or to a numbered one beside it; what exists is never overwritten.

    A file that holds the same picture already is left as it is, so that running a cell again changes nothing.

    Args:
        pictures: each with its path.
        metadata: whether the files say how they were made.
        folders: make the folders that are missing.

    Raises:
        PromptError: some cannot be written; the others are.
    """
    problems: list[tuple[str, Exception]] = []
    for image, path in pictures:
        file = Path(path).expanduser()
        try:
            if folders:
                file.parent.mkdir(parents=True, exist_ok=True)
            write(image, file, metadata=metadata, again=False)
        except (OSError, ValueError) as problem:
            problems.append((path, problem))
    if problems:
        path, first = problems[0]
        raise PromptError(
            f"The picture is bound, but cannot be saved as {path!r}: {first}.",
            hint="Save it by NAME.save(PATH).",
        )
