"""A part of a picture as it is typed: four numbers. No picture is read here, so it costs nothing to load."""

from __future__ import annotations

import re

Box = tuple[int, int, int, int]

_NUMBER = r"\s*\d+(?:\.\d+)?(%?)\s*"
_BOX = re.compile(",".join([_NUMBER] * 4))


def is_box(text: str) -> bool:
    """Whether a region is typed as a box, and not as the name of a mask.

    >>> is_box("10,20,300,200"), is_box("25%, 0%, 50%, 50%"), is_box("mask.png")
    (True, True, False)
    """
    return _BOX.fullmatch(text.strip()) is not None


def box_of(text: str, size: tuple[int, int]) -> Box:
    """The box in pixels: left, top, width, height, cut to the picture.

    Args:
        text: ``X,Y,W,H`` in pixels; in percent where all have a ``%``; in fractions where all have a point
            and none is above 1.
        size: width and height of the picture.

    Raises:
        ValueError: it is no box, or holds nothing of the picture.

    >>> box_of("10,20,30,40", (100, 100)), box_of("25%,50%,50%,50%", (200, 100))
    ((10, 20, 30, 40), (50, 50, 100, 50))
    >>> box_of("0.5,0.0,0.5,1.0", (8, 8))
    (4, 0, 4, 8)
    """
    pieces = [piece.strip() for piece in text.split(",")]
    percent = [piece.endswith("%") for piece in pieces]
    if not is_box(text) or any(percent) != all(percent):
        raise ValueError("four numbers: left, top, width and height, in pixels or all in percent")
    numbers = [float(piece.removesuffix("%")) for piece in pieces]
    if all(percent):
        numbers = [number / 100 for number in numbers]
    if all(percent) or (all("." in piece for piece in pieces) and max(numbers) <= 1):
        numbers = [number * side for number, side in zip(numbers, (*size, *size), strict=True)]
    left, top = (min(round(number), side) for number, side in zip(numbers[:2], size, strict=True))
    right, bottom = (
        min(round(start + length), side)
        for start, length, side in zip(numbers[:2], numbers[2:], size, strict=True)
    )
    if right <= left or bottom <= top:
        raise ValueError(f"a box inside of the picture, which has {size[0]}×{size[1]} pixels")
    return left, top, right - left, bottom - top
