"""The notebook as an image studio: text and pictures in, pictures of Gemini image models back.

In a notebook: ``%load_ext gemimg_magic``, then ``%%imagine``. In Python: :func:`imagine`, :class:`Engine`.
Everything is loaded when it is first used; ``import gemimg_magic`` alone costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .core import errors as errors
    from .core.completions import Completion as Completion
    from .core.completions import GeneratedImage as GeneratedImage
    from .core.export import read_provenance as read_provenance
    from .engine import Engine as Engine
    from .engine import imagine as imagine
    from .grid import Grid as Grid
    from .notebook.panel import panel as panel
    from .session import Session as Session
    from .sweeps import sweep as sweep

__version__ = "0.1.0"

_HOMES = {
    "Completion": ".core.completions",
    "Engine": ".engine",
    "GeneratedImage": ".core.completions",
    "Grid": ".grid",
    "Session": ".session",
    "errors": ".core",
    "imagine": ".engine",
    "panel": ".notebook.panel",
    "read_provenance": ".core.export",
    "sweep": ".sweeps",
}

__all__ = [
    "Completion",
    "Engine",
    "GeneratedImage",
    "Grid",
    "Session",
    "__version__",
    "errors",
    "imagine",
    "load_ipython_extension",
    "panel",
    "read_provenance",
    "sweep",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "errors":
        return importlib.import_module(".core.errors", __name__)
    return getattr(importlib.import_module(home, __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics; called by ``%load_ext gemimg_magic``."""
    from .notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Close the connections and take the magics away; called by ``%unload_ext gemimg_magic``."""
    from .notebook.extension import unload

    unload(shell)
