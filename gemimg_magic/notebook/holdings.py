"""Which variable or file holds a picture: found by its content, for cells that are written."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ..core.completions import GeneratedImage
from ..core.errors import PromptError
from ..core.messages import ImagePart, Message
from ..grid import Grid, spelled
from ..inputs import picture_parts, read_picture
from ..wire.store import Store
from .variables import is_picture

# A look at the files around, not a search.
_MOST_FILES = 2000


class Holdings:
    """The pictures at hand.

    Args:
        names: the notebook's namespace.
        hidden: names that are IPython's own.
        store: the store of answers.
    """

    def __init__(self, names: Mapping[str, Any], hidden: Collection[str], store: Store) -> None:
        self._own = {n: v for n, v in names.items() if not (n.startswith("_") or n in hidden)}
        self._store = store

    def name_of(self, picture: ImagePart) -> str | None:
        """An expression whose value is this picture, or None. Results come first: they cost nothing."""
        held = chain(self._results, self._others)
        return next((name for name, part in held if part.data == picture.data), None)

    @cached_property
    def _results(self) -> list[tuple[str, GeneratedImage]]:
        alone = [(name, value) for name, value in self._own.items() if isinstance(value, GeneratedImage)]
        return [*alone, *((n, v) for n, v in self._items() if isinstance(v, GeneratedImage))]

    def _items(self) -> Iterator[tuple[str, Any]]:
        """What stands in lists: ``fox[1]``."""
        for name, value in self._own.items():
            if isinstance(value, Grid):
                yield from ((f"{name}[{spelled(key)}]", item) for key, item in value.items())
            if isinstance(value, list | tuple):
                yield from ((f"{name}[{number}]", item) for number, item in enumerate(value))

    @cached_property
    def _others(self) -> list[tuple[str, ImagePart]]:
        """Pictures of all other kinds, each as it would be sent."""
        found: list[tuple[str, ImagePart]] = []
        for name, value in chain(self._own.items(), self._items()):
            if isinstance(value, GeneratedImage | Grid | list | tuple) or not is_picture(value):
                continue
            try:
                found += [(name, part) for part in picture_parts(value)]
            except Exception:  # noqa: BLE001, S112  whatever drawing a user's object raises, it is not this one
                continue
        return found

    def conversations(self) -> dict[str, tuple[Message, ...]]:
        """An expression for each result -> the conversation up to and with it."""
        return {name: turns for name, image in self._results if (turns := image.turns)}

    def file_of(self, picture: ImagePart) -> str | None:
        """The path of a file that goes out as exactly this picture: of the store, or near by; or None."""
        kept = self._store.picture_path(picture.sha256, picture.media_type)
        for path in chain([kept], self._near(len(picture.data))):
            try:
                if path.is_file() and read_picture(path).data == picture.data:
                    return Path(os.path.relpath(path)).as_posix()
            except (PromptError, OSError, ValueError):
                continue
        return None

    def _near(self, size: int) -> Iterator[Path]:
        """The files of this size in the current folder and the folders in it."""
        for path in islice(chain(Path().glob("*"), Path().glob("*/*")), _MOST_FILES):
            try:
                if path.stat().st_size == size:
                    yield path
            except OSError:
                continue
