"""The door for values: whatever people hold as a picture becomes a part of a message, once, here."""

from __future__ import annotations

import inspect
import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .core.errors import PromptError
from .core.messages import ImagePart, Part, TextPart
from .core.pictures import open_picture
from .core.text import shorten
from .grid import Grid
from .uploads import as_png, content_id, fit

_LARGEST_FILE = 512_000_000


def picture_parts(value: Any) -> tuple[ImagePart, ...]:
    """The pictures in a value: one, or several for a list.

    Args:
        value: a result of ours, Pillow image, NumPy array (HxW, HxWx3 or HxWx4, ``uint8`` or floats 0 to 1),
            Matplotlib figure, bytes of a picture file, path, ``IPython.display.Image``, anything with
            ``_repr_png_`` or ``_repr_jpeg_``, a grid, or a list or tuple of these.

    Raises:
        PromptError: the value is no picture; the message names its type.
    """
    parts = parts_of(value)
    if parts is None or not all(isinstance(part, ImagePart) for part in parts):
        raise PromptError(
            f"A {type_name(value)} is not a picture.",
            hint="Pass a result, a Pillow image, an array, a figure, bytes, a path, or a list of these.",
        )
    return tuple(part for part in parts if isinstance(part, ImagePart))


def parts_of(value: Any) -> tuple[Part, ...] | None:
    """The parts that a value stands for: text and numbers as text, pictures as pictures; None for others."""
    if isinstance(value, ImagePart):
        return (value,)
    if isinstance(value, str):
        return (TextPart(value),)
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float, complex)) or _is_scalar(value):
        return (TextPart(str(value)),)
    if isinstance(value, Grid):
        return value.images or None
    if isinstance(value, (list, tuple)) and value:
        nested = [parts_of(item) for item in value]
        if any(parts is None or isinstance(parts[0], TextPart) for parts in nested):
            return None
        return tuple(part for parts in nested if parts is not None for part in parts)
    picture = _picture(value)
    return None if picture is None else (picture,)


def read_picture(path: str | os.PathLike[str]) -> ImagePart:
    """The picture in a file. The content is checked before it can be sent anywhere.

    Raises:
        PromptError: no such file, or it holds no picture.
    """
    file = own_path(path)
    try:
        # A device or a pipe may have no end.
        if file.exists() and not file.is_file():
            raise PromptError(f"{file.name!r} is no file.", hint="Name a picture file.")
        if file.is_file() and file.stat().st_size > _LARGEST_FILE:
            size = f"{file.stat().st_size / 1e6:.0f} MB"
            raise PromptError(f"The file {file.name!r} has {size}, which is too much for a picture.")
        data = file.read_bytes()
    except (OSError, ValueError) as problem:
        raise PromptError(
            f"The picture file {str(path)!r} cannot be read: {getattr(problem, 'strerror', '') or problem}.",
            hint=f"The current folder is {Path.cwd().name!r}.",
        ) from None
    name = f"The file {file.name!r}"
    if file.is_symlink():
        name += f", which is {file.resolve().name!r},"
    return checked_picture(data, name, thorough=True)


def own_path(path: str | os.PathLike[str]) -> Path:
    """A path with the user's own home for ``~``; the homes of others, and patterns, stay as typed.

    >>> own_path("~root/a.png").as_posix()
    '~root/a.png'
    """
    file = Path(path)
    return file.expanduser() if file.parts[:1] == ("~",) else file


def type_name(value: Any) -> str:
    """The name of a value's type as people know it.

    >>> type_name({}), type_name(None)
    ('dict', 'NoneType')
    """
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def checked_picture(data: bytes, what: str, *, thorough: bool = False) -> ImagePart:
    """The bytes of a picture file as a part.

    Raises:
        PromptError: they are no picture that can be sent.
    """
    try:
        return fit(data, thorough=thorough)
    except ValueError as problem:
        raise PromptError(
            f"{what} is not a picture that can be sent ({shorten(str(problem), 80)}).",
            hint="PNG, JPEG, WebP, GIF, BMP and TIFF can.",
        ) from None


def _is_scalar(value: Any) -> bool:
    # NumPy's numbers and 0-d arrays have a shape of ().
    return getattr(value, "shape", None) == () and hasattr(value, "item") and not _is_picture_like(value)


def _is_picture_like(value: Any) -> bool:
    return hasattr(value, "_repr_png_") or hasattr(value, "_repr_jpeg_")


def _picture(value: Any) -> ImagePart | None:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return checked_picture(bytes(value), f"A value of {len(value)} bytes")
    if isinstance(value, os.PathLike):
        return read_picture(value)
    module = type(value).__module__
    if module.startswith("PIL."):
        return _from_pillow(value)
    if module == "IPython.core.display" or module == "IPython.lib.display":
        data = getattr(value, "data", None)
        return checked_picture(data, "The display") if isinstance(data, bytes) else None
    if hasattr(value, "savefig") and not inspect.ismodule(value):  # pyplot has one, too
        return _from_figure(value)
    if hasattr(value, "__array__") and hasattr(value, "shape"):
        return _from_array(value)
    for method in ("_repr_png_", "_repr_jpeg_"):
        data = getattr(value, method, lambda: None)()
        data = data[0] if isinstance(data, tuple) else data
        if isinstance(data, bytes):
            return checked_picture(data, f"A {type_name(value)}")
    return _from_array(value) if hasattr(value, "__array__") else None


def _from_pillow(picture: Any) -> ImagePart:
    from PIL import ImageOps

    return as_png(ImageOps.exif_transpose(picture))


def _from_figure(figure: Any) -> ImagePart:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    data = buffer.getvalue()
    return ImagePart(data, "image/png", content_id=content_id(open_picture(data)))


def _from_array(value: Any) -> ImagePart:
    import numpy as np
    from PIL import Image

    array = np.asarray(value)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise PromptError(
            f"An array of shape {array.shape} is not a picture.", hint="It takes HxW, HxWx3 or HxWx4."
        )
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    elif np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise PromptError(
                f"A float array with values from {array.min():g} to {array.max():g} is not a picture.",
                hint="Floats are read as 0 to 1; scale them, or use uint8.",
            )
        array = (array * 255 + 0.5).astype(np.uint8)
    elif array.dtype != np.uint8:
        if array.min() < 0 or array.max() > 255:
            raise PromptError(
                f"An array of {array.dtype} from {array.min()} to {array.max()} is not a picture.",
                hint="Use uint8 with values 0 to 255, or floats 0 to 1.",
            )
        array = array.astype(np.uint8)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return as_png(Image.fromarray(np.ascontiguousarray(array)))


def flatten(values: Iterable[Any], read: Callable[[str], ImagePart] = read_picture) -> tuple[ImagePart, ...]:
    """All pictures of several values, in order; a string is a path here, or what ``read`` takes."""
    return tuple(
        part
        for value in values
        for part in ([read(value)] if isinstance(value, str) else picture_parts(value))
    )
