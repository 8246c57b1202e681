"""``%gemimg compare``: two pictures under one divide that moves, and side by side where nothing moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
from IPython.display import display
from traitlets import Bytes, Dict, List

from ...core.beside import beside
from ...core.completions import GeneratedImage
from ...core.preview import preview
from ...core.text import inert

_HERE = Path(__file__).parent


class Compare(anywidget.AnyWidget):
    """Two pictures in one frame; a slider, by mouse or arrow keys, shows more of one or of the other.

    Args:
        first: the picture on the left of the divide.
        second: the picture on its right.
    """

    _esm = "\n".join(
        (_HERE / name).read_text(encoding="utf-8") for name in ("base.js", "divide.js", "compare.js")
    )
    _css = (_HERE / "panel.css").read_text(encoding="utf-8")

    _first = Bytes().tag(sync=True)
    _second = Bytes().tag(sync=True)
    _told = List(Dict()).tag(sync=True)

    def __init__(self, first: GeneratedImage, second: GeneratedImage) -> None:
        pictures = (first, second)
        small = [preview(picture.data, picture.media_type)[0] for picture in pictures]
        super().__init__(_first=small[0], _second=small[1], _told=[_facts(picture) for picture in pictures])


def _facts(picture: GeneratedImage) -> dict[str, Any]:
    alt = inert(picture.alt or picture.name or "a picture")
    return {"name": inert(picture.name), "alt": alt, "width": picture.width, "height": picture.height}


def show_comparison(first: GeneratedImage, second: GeneratedImage, *, live: bool) -> None:
    """Show two pictures side by side, as a plain output; in front of it, where somebody looks, with a divide.

    Args:
        first: the picture on the left.
        second: the picture on the right.
        live: whether widgets are seen.
    """
    sheet = beside(first.data, second.data)
    if live:
        # The widget hides the plain output that follows; without a kernel there is only that.
        display(Compare(first, second))
    names = [picture.name or picture.caption for picture in (first, second)]
    alt = " beside ".join(_facts(picture)["alt"] for picture in (first, second))
    data = {"image/jpeg": sheet, "text/plain": inert(" | ".join(names))}
    display(data, metadata={"image/jpeg": {"alt": alt}, "gemimg": {"alt": alt}}, raw=True)
