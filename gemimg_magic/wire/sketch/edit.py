"""Edits the pictures that came with a prompt, as its words say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image, ImageOps

from . import join, retouch
from .changes import PICTURE, read_steps
from .draw import unsigned
from .lettering import sign, take_lettering
from .words import read_scene

Size = tuple[int, int]


def _combined(pictures: Sequence[Image.Image], text: str) -> Image.Image | None:
    """Join several pictures as the words say; None when they do not say how."""
    low = text.lower()
    if re.search(r"collage|\bgrid\b|contact sheet|mosaic of", low):
        return join.collage(pictures)
    if re.search(r"\bblend\w*|\bmix\w*|\bmerge\w*|double exposure|\bfuse\w*|\boverlay\w*", low):
        return join.blend(pictures)
    inside = rf"{PICTURE}[^{PICTURE}]*\b(?:on|in|inside|into|over|onto)\b[^{PICTURE}]*{PICTURE}"
    beside = r"\b(?:beside|next to|side by side|above|below|under|on top)\b"
    if re.search(rf"\b(?:put|place|insert)\b|{inside}", low) and not re.search(beside, low):
        made = pictures[-1]
        for number, front in enumerate(pictures[:-1]):
            spot = 0.5 if len(pictures) == 2 else (number + 0.5) / (len(pictures) - 1)
            made = join.put_on(front, made, (spot, 0.6))
        return made
    if re.search(r"\bbelow\b|\bunder(?:neath)?\b", low):
        return join.stacked(list(reversed(pictures)))
    if re.search(r"\babove\b|on top of|\bstack\w*", low):
        return join.stacked(pictures)
    if re.search(r"beside|next to|side[ -]by[ -]side|\bjoin\w*|\bcombine\w*|\btogether\b|left of", low):
        return join.beside(pictures)
    return join.beside(list(reversed(pictures))) if "right of" in low else None


def _titled(image: Image.Image, text: str, lettering: tuple[str, ...]) -> Image.Image:
    top = bool(re.search(r"\btitle|\bheading|\btop\b", text, re.IGNORECASE))
    return retouch.caption(image, " ".join(lettering), top=top)


def edit(
    pictures: Sequence[Image.Image], text: str, *, seed: int = 0, size: Size | None = None
) -> Image.Image:
    """Change pictures as a text says.

    Args:
        pictures: One or more pictures, in the order in which they stand in the text.
        text: The words; `PICTURE` stands where a picture stood.
        seed: Another seed gives another surrounding where the words ask for a new scene.
        size: The size of the result; the size of the picture when it is None.
    """
    rest, lettering = take_lettering(text)
    joined = _combined(pictures, rest) if len(pictures) > 1 else None
    steps = read_steps(rest) if joined is None else [step for step in read_steps(rest) if step.name != "add"]
    if joined is None and not steps and not lettering:
        return _inset(pictures, text, seed, size)
    made = joined or (pictures[0] if len(pictures) == 1 else join.beside(pictures))
    for step in steps:
        made = step.change(made)
    if lettering:
        made = _titled(made, text, lettering)
    if size is not None and made.size != size:
        made = ImageOps.fit(made, size, Image.Resampling.BICUBIC)
    return sign(made)


def _inset(pictures: Sequence[Image.Image], text: str, seed: int, size: Size | None) -> Image.Image:
    """Hang the pictures in a scene that is drawn from the words."""
    scene = read_scene(text.replace(PICTURE, " "), seed)
    if len(scene.things) == 1 and scene.things[0].place is None:
        aside = replace(scene.things[0], place=(0.72, 0.66), size=scene.things[0].size * 0.9)
        scene = replace(scene, things=(aside,))
    made = unsigned(scene, size or pictures[0].size)
    shown = pictures[:4]
    for number, picture in enumerate(shown):
        spot = (
            ((0.24, 0.3), (0.76, 0.3), (0.24, 0.72), (0.76, 0.72))[number] if len(shown) > 1 else (0.26, 0.3)
        )
        made = join.put_on(picture, made, spot)
    return sign(made)
