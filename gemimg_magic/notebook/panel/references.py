"""The pictures that go with a prompt: where each came from, and how a cell spells it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ...core.completions import GeneratedImage
from ...core.errors import PromptError
from ...core.export import suffix_of
from ...core.messages import ImagePart
from ...inputs import picture_parts, read_picture
from ..holdings import Holdings
from ..variables import is_picture, variables
from .host import Host

FOLDER = "uploads"
_OFFERED = 24
_SUFFIX = re.compile(r"\.(png|jpe?g|webp|gif|bmp|tiff?)$", re.IGNORECASE)
_CHUNKS = 4096  # of half a megabyte: a limit against a front end gone wild


class References:
    """Turns what people hold, name or drop into pictures, and pictures back into words of a cell.

    Args:
        host: the notebook around.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._spelled: dict[str, str] = {}  # SHA-256 -> a variable, an expression or a file
        self._arriving: dict[str, dict[int, bytes]] = {}
        self._unused: dict[str, Path] = {}

    def read(self, values: Any) -> tuple[ImagePart, ...]:
        """The pictures in what somebody sets as references; a text is a variable, expression or file.

        Raises:
            PromptError: something is not a picture.
        """
        several = list(values) if isinstance(values, (list, tuple)) else [values]
        return tuple(part for value in several for part in self._read_one(value))

    def _read_one(self, value: Any) -> tuple[ImagePart, ...]:
        if not isinstance(value, str):
            return picture_parts(value)
        parts = self._host.names.picture(value, "among the references")
        if len(parts) == 1:
            self._spelled[parts[0].sha256] = value
        return parts

    def spell(self, part: ImagePart) -> str:
        """What a cell says for this picture: a variable where one holds it, else a file.

        A picture that stands nowhere gets a variable named after its content, see :meth:`settle`.
        """
        spelled = self._spelled.get(part.sha256)
        if spelled is None or (spelled.isidentifier() and spelled not in self._host.variables):
            spelled = self._spelled[part.sha256] = self._found(part)
        return spelled

    def settle(self, part: ImagePart) -> str:
        """As :meth:`spell`, and looked up again: what it says gives this very picture from now on."""
        spelled = self.spell(part)
        if not self._reads_as(spelled, part):
            spelled = self._spelled[part.sha256] = self._found(part)
        if spelled == _own_name(part):
            self._host.variables[spelled] = part
        self._unused.pop(part.sha256, None)
        return spelled

    def expression_of(self, part: ImagePart) -> str | None:
        """As :meth:`settle`, where that is an expression."""
        spelled = self.settle(part)
        return spelled if self._host.names.is_bound(spelled) else None

    def file_of(self, part: ImagePart) -> str | None:
        """As :meth:`settle`, where that is a file."""
        spelled = self.settle(part)
        return None if self._host.names.is_bound(spelled) else spelled

    def _found(self, part: ImagePart) -> str:
        held = Holdings(self._host.variables, self._host.hidden, self._host.engine.store)
        return held.name_of(part) or held.file_of(part) or _own_name(part)

    def _reads_as(self, spelled: str, part: ImagePart) -> bool:
        try:
            return [one.data for one in self._host.names.picture(spelled, "")] == [part.data]
        except PromptError:
            return False

    def bind(self, name: str, part: ImagePart) -> None:
        """Give a picture a variable."""
        self._host.variables[name] = part
        self._spelled[part.sha256] = name

    def at_hand(self) -> list[tuple[str, ImagePart]]:
        """The pictures in the notebook's variables, the newest first, each with its name."""
        found: list[tuple[str, ImagePart]] = []
        for name, _ in variables(self._host.variables, self._host.hidden, is_picture):
            try:
                parts = picture_parts(self._host.variables[name])
            except Exception:  # noqa: BLE001, S112  whatever drawing a user's object raises, it is no picture
                continue
            for number, part in enumerate(parts):
                label = name if len(parts) == 1 else f"{name}[{number}]"
                self._spelled.setdefault(part.sha256, label)
                found.append((label, part))
            if len(found) >= _OFFERED:
                break
        return [one for one in found if one[0] != "_img"][:_OFFERED]

    # Uploads

    def chunk(self, message: Mapping[str, Any], data: bytes) -> ImagePart | None:
        """Take in a piece of an upload; the pieces may come in any order.

        Args:
            message: ``upload`` that it belongs to, number ``i`` of the piece, count ``n``, file ``name``.
            data: the piece.

        Returns:
            The picture when it is whole, kept as a file beside the notebook; None before.

        Raises:
            PromptError: it is no picture.
        """
        count = int(message["n"])
        if not 0 <= int(message["i"]) < count <= _CHUNKS:
            raise PromptError("This upload is damaged.", hint="Try it again.")
        pieces = self._arriving.setdefault(str(message["upload"]), {})
        pieces[int(message["i"])] = data
        if len(pieces) < count:
            return None
        del self._arriving[str(message["upload"])]
        return self.keep(b"".join(pieces[number] for number in range(count)), str(message["name"]))

    def keep(self, data: bytes, name: str) -> ImagePart:
        """A picture from outside, written to the folder ``uploads`` so that a cell can name it.

        Raises:
            PromptError: it is no picture.
        """
        [part] = picture_parts(data)
        try:
            # As it is sent, so without the place where a photo was taken.
            path, new = _written(part.data, safe_name(name, suffix_of(part.media_type)))
            kept = replace(read_picture(path), note=part.note)
        except OSError:
            # A folder that cannot be written: a variable has to do, as long as the kernel lives.
            return part
        self._spelled[kept.sha256] = path.as_posix()
        if new:
            self._unused[kept.sha256] = path
        return kept

    def drop(self, part: ImagePart) -> None:
        """A reference was taken away: its upload goes, too, unless something has named it."""
        path = self._unused.pop(part.sha256, None)
        if path is not None:
            path.unlink(missing_ok=True)


def _own_name(part: ImagePart) -> str:
    return f"picture_{part.sha256[:8]}"


def safe_name(name: str, suffix: str) -> str:
    r"""A file name without folders or anything that a shell, a prompt or another system reads in its own way.

    Args:
        name: as the browser tells it.
        suffix: that of the format that the bytes have.

    >>> safe_name("C:\\Users\\ann\\My Photo (1).JPG", ".jpg"), safe_name("../../etc/passwd", ".png")
    ('My-Photo-1.jpg', 'passwd.png')
    >>> safe_name("...", ".png"), safe_name("plan.tif", ".png")
    ('picture.png', 'plan.png')
    """
    base = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    words = re.sub(r"[^\w]+", "-", _SUFFIX.sub("", base)).strip("-_")[:60]
    return f"{words or 'picture'}{suffix}"


def _written(data: bytes, name: str) -> tuple[Path, bool]:
    """The file in the folder that holds these bytes, and whether it is new; no other file is replaced."""
    folder = Path(FOLDER)
    folder.mkdir(exist_ok=True)
    wanted = folder / name
    for number in range(1, 10_000):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        try:
            if path.stat().st_size == len(data) and path.read_bytes() == data:
                return path, False
        except FileNotFoundError:
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(data)
            part.replace(path)
            return path, True
    raise OSError("there are too many files of this name")


def as_picture(part: ImagePart) -> GeneratedImage:
    """A picture with its size, for showing."""
    return part if isinstance(part, GeneratedImage) else GeneratedImage.of(part.data)
