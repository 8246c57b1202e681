"""The notebook's variables seen from outside, for completion: which look like pictures, what they hold.

No property is read and no method called, so that Tab never runs code of a user's class. The one exception
is ``dir()``, which is how a class says what Tab is to offer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from pathlib import PurePath
from types import (
    BuiltinFunctionType,
    FunctionType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from ..core.completions import GeneratedImage

_KINDS = frozenset(
    {
        "gemimg_magic.core.messages.ImagePart",
        "PIL.Image.Image",
        "matplotlib.figure.Figure",
        "IPython.core.display.Image",
        "pathlib.PurePath",
        "builtins.bytes",
        "builtins.bytearray",
    }
)
_MARKS = ("_repr_png_", "_repr_jpeg_", "__array__")
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


def variables(
    names: Mapping[str, Any], hidden: Collection[str], keep: Callable[[Any], bool] | None = None
) -> list[tuple[str, str]]:
    """The notebook's variables, each with a word on what it is: pictures, then values, then code.

    Args:
        names: the notebook's namespace.
        hidden: names that are IPython's own.
        keep: whether a value is wanted; all are unless given.
    """
    ranks: tuple[list[tuple[str, str]], ...] = ([], [], [])
    # The newest first: what was made last is what is used next.
    for name, value in reversed(list(names.items())):
        if (
            (name == "_img" or not name.startswith("_"))
            and name not in hidden
            and (keep is None or keep(value))
        ):
            rank = 0 if is_picture(value) else 2 if _is_code(value) else 1
            ranks[rank].append((name, _word(value)))
    ranks[0].sort(key=lambda offer: offer[0] == "_img")
    return [*ranks[0], *ranks[1], *ranks[2]]


def is_made(value: Any) -> bool:
    """Whether a value is a result of ours, or a list of them."""
    if type(value) in (list, tuple):
        return bool(value) and is_made(value[0])
    return type(value).__module__.startswith("gemimg_magic.")


def is_picture(value: Any) -> bool:
    """Whether a value looks as if it could stand in a prompt as a picture."""
    kinds = type(value).__mro__
    if type(value) in (list, tuple):
        return bool(value) and is_picture(value[0])
    if issubclass(type(value), PurePath):
        return value.suffix.lower() in _SUFFIXES
    if any(f"{kind.__module__}.{kind.__qualname__}" in _KINDS for kind in kinds):
        return True
    if type(value).__module__ == "numpy":
        return getattr(value, "ndim", 0) in (2, 3)
    if type(value).__module__.startswith("pandas"):
        return False
    return any(mark in vars(kind) for mark in _MARKS for kind in kinds)


def lookup(names: Mapping[str, Any], dotted: str) -> tuple[Any, bool]:
    """The value of ``a.b.c`` as it is stored, and whether it could be told without running anything."""
    first, *rest = dotted.split(".")
    if first not in names:
        return None, False
    value = names[first]
    for name in rest:
        found = inspect.getattr_static(value, name, _MISSING)
        if type(found) is MemberDescriptorType:
            found = found.__get__(value)  # a slot: stored, too
        elif found is _MISSING or _is_computed(found):
            return None, False
        value = found
    return value, True


def attributes(value: Any, *, private: bool) -> list[tuple[str, str]]:
    """The attributes of a value, each with a word on what it is.

    Args:
        value: any value.
        private: those with an underscore in front, too.
    """
    shown = [name for name in dir(value) if private or not name.startswith("_")]
    return [(name, _attribute_word(inspect.getattr_static(value, name, None))) for name in shown]


def keys(value: Any) -> list[tuple[str, str]]:
    """The keys of a dictionary that are text."""
    if type(value) is not dict:
        return []
    return [(key, _word(item)) for key, item in value.items() if type(key) is str and key.isprintable()]


_MISSING = object()
# isinstance() would ask a value what it pretends to be, and inspect.isroutine() asks it so.
_ROUTINES = (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    MethodDescriptorType,
    WrapperDescriptorType,
    classmethod,
    staticmethod,
)


def _is_code(value: Any) -> bool:
    return issubclass(type(value), (ModuleType, type, *_ROUTINES))


def _is_computed(value: Any) -> bool:
    """Whether it is a property, a method or the like, which lives in the class."""
    return any("__get__" in vars(kind) for kind in type(value).__mro__)


def _attribute_word(found: Any) -> str:
    if issubclass(type(found), property):
        return "property"
    return "attribute" if type(found) is MemberDescriptorType else _word(found)


def _word(value: Any) -> str:
    if type(value) is GeneratedImage:
        return f"picture {value.width}×{value.height}"
    # Front ends put brackets after a function.
    return "function" if issubclass(type(value), _ROUTINES) else type(value).__name__
