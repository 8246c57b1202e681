"""A pen that draws flat shapes in a unit box, so that every thing is drawn once and fits anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from .colours import RGB, darker, lighter, luminance, mix

Point = tuple[float, float]
Light = Callable[[RGB], RGB]


@dataclass(frozen=True, slots=True)
class Tones:
    """The shades of one colour that a flat drawing is made of."""

    main: RGB
    light: RGB
    dark: RGB
    deep: RGB

    @classmethod
    def of(cls, colour: RGB) -> Tones:
        """Make the shades of a colour; very dark ones get more light so that shapes stay visible."""
        if luminance(colour) < 60:
            return cls(
                colour, lighter(colour, 0.22), mix(colour, (0, 0, 12), 0.4), mix(colour, (0, 0, 8), 0.65)
            )
        return cls(colour, lighter(colour, 0.32), darker(colour, 0.2), darker(colour, 0.44))


def points(text: str) -> list[Point]:
    """Read points written in hundredths of the box: "0,98 16,62.5"."""
    return [(float(x) / 100, float(y) / 100) for x, y in (pair.split(",") for pair in text.split())]


def discs(text: str) -> list[tuple[float, float, float]]:
    """Read points with a radius: "24,48,21"."""
    return [
        (float(x) / 100, float(y) / 100, float(r) / 100)
        for x, y, r in (disc.split(",") for disc in text.split())
    ]


def aside(half: Sequence[Point], axis: float, side: float) -> list[Point]:
    """Put points that are given as distances from an axis on one side of it."""
    return [(axis + side * x, y) for x, y in half]


def smooth(corners: Sequence[Point], steps: int = 10) -> list[Point]:
    """Run a closed curve through the points (Catmull-Rom); a point given twice stays a corner."""
    curve: list[Point] = []
    total = len(corners)
    for index in range(total):
        before, start = corners[index - 1], corners[index]
        end, after = corners[(index + 1) % total], corners[(index + 2) % total]
        if start == end:
            continue
        for step in range(steps):
            t = step / steps
            curve.append(
                (
                    _spline(before[0], start[0], end[0], after[0], t),
                    _spline(before[1], start[1], end[1], after[1], t),
                )
            )
    return curve


def _spline(before: float, start: float, end: float, after: float, t: float) -> float:
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t * t
        + (3 * start - before - 3 * end + after) * t * t * t
    )


class Pen:
    """Draws in a box of the picture with coordinates from 0 to 1, the ground at the bottom.

    Args:
        image: The RGB picture to draw on.
        box: Left, top, width and height in pixels.
        light: Turns a colour into the same colour in the light of the scene.
        flip: Draws mirrored.
    """

    def __init__(
        self, image: Image.Image, box: tuple[float, float, float, float], light: Light, *, flip: bool = False
    ) -> None:
        self.image = image
        self.box = box
        self.light = light
        self.flip = flip
        self._draw = ImageDraw.Draw(image, "RGBA")

    def at(self, x: float, y: float) -> Point:
        """Return the pixel of a point of the box."""
        left, top, width, height = self.box
        return left + (1.0 - x if self.flip else x) * width, top + y * height

    def inside(self, x: float, y: float, width: float, height: float, *, flip: bool = False) -> Pen:
        """Return a pen for a part of this box."""
        left, top = self.at(x + width if self.flip else x, y)
        box = (left, top, width * self.box[2], height * self.box[3])
        return Pen(self.image, box, self.light, flip=self.flip != flip)

    def _ink(self, colour: RGB, alpha: float, glow: bool) -> tuple[int, int, int, int]:
        return (*(colour if glow else self.light(colour)), round(255 * alpha))

    def shape(self, corners: Sequence[Point], colour: RGB, alpha: float = 1.0, *, glow: bool = False) -> None:
        """Fill a polygon. `glow` keeps the colour as it is, whatever the light."""
        self._draw.polygon([self.at(x, y) for x, y in corners], fill=self._ink(colour, alpha, glow))

    def blob(self, corners: Sequence[Point], colour: RGB, alpha: float = 1.0, *, glow: bool = False) -> None:
        """Fill a smooth shape through the points; a point given twice is a corner."""
        self.shape(smooth(corners), colour, alpha, glow=glow)

    def twin(self, half: Sequence[Point], colour: RGB, axis: float = 0.5, *, curved: bool = True) -> None:
        """Fill a symmetric shape from the points of its right half, given as distances from the axis."""
        right = [(axis + x, y) for x, y in half]
        left = [(axis - x, y) for x, y in reversed(half)]
        (self.blob if curved else self.shape)(right + left, colour)

    def oval(
        self,
        x: float,
        y: float,
        across: float,
        down: float,
        colour: RGB,
        alpha: float = 1.0,
        *,
        glow: bool = False,
    ) -> None:
        """Fill an ellipse given by its centre and its two radii."""
        middle = self.at(x, y)
        rx, ry = across * self.box[2], down * self.box[3]
        if rx < 0.3 or ry < 0.3:
            return
        frame = (middle[0] - rx, middle[1] - ry, middle[0] + rx, middle[1] + ry)
        self._draw.ellipse(frame, fill=self._ink(colour, alpha, glow))

    def disc(
        self, x: float, y: float, radius: float, colour: RGB, alpha: float = 1.0, *, glow: bool = False
    ) -> None:
        """Fill a circle; the radius is a share of the width."""
        self.oval(x, y, radius, radius * self.box[2] / max(1.0, self.box[3]), colour, alpha, glow=glow)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: RGB,
        alpha: float = 1.0,
        *,
        glow: bool = False,
    ) -> None:
        """Fill a rectangle."""
        self.shape(
            [(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour, alpha, glow=glow
        )

    def card(self, x: float, y: float, width: float, height: float, radius: float, colour: RGB) -> None:
        """Fill a rectangle with round corners; the radius is a share of the width of the box."""
        one, two = self.at(x, y), self.at(x + width, y + height)
        frame = (min(one[0], two[0]), min(one[1], two[1]), max(one[0], two[0]), max(one[1], two[1]))
        limit = min(frame[2] - frame[0], frame[3] - frame[1]) / 2
        if limit < 0.5:
            return
        corner = min(radius * self.box[2], limit)
        self._draw.rounded_rectangle(frame, corner, fill=self._ink(colour, 1.0, False))

    def line(
        self, route: Sequence[Point], width: float, colour: RGB, alpha: float = 1.0, *, glow: bool = False
    ) -> None:
        """Draw a line with round ends and joints; the width is a share of the width of the box."""
        pixels = [self.at(x, y) for x, y in route]
        thick = max(1.0, width * self.box[2])
        ink = self._ink(colour, alpha, glow)
        self._draw.line(pixels, fill=ink, width=round(thick), joint="curve")
        if thick > 2 and alpha == 1.0:
            for x, y in (pixels[0], pixels[-1]):
                self._draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=ink)

    def curve(self, route: Sequence[Point], width: float, colour: RGB, alpha: float = 1.0) -> None:
        """Draw an open smooth line through the points."""
        closed = [route[0], *route, route[-1], route[-1]]
        total = len(closed)
        path = [
            (
                _spline(closed[i - 1][0], closed[i][0], closed[i + 1][0], closed[i + 2][0], step / 8),
                _spline(closed[i - 1][1], closed[i][1], closed[i + 1][1], closed[i + 2][1], step / 8),
            )
            for i in range(1, total - 2)
            for step in range(9)
        ]
        self.line(path, width, colour, alpha)

    def star(
        self, x: float, y: float, radius: float, colour: RGB, *, tips: int = 5, inner: float = 0.42
    ) -> None:
        """Fill a star."""
        tall = self.box[2] / max(1.0, self.box[3])
        corners = []
        for index in range(tips * 2):
            reach = radius * (inner if index % 2 else 1.0)
            angle = math.pi * index / tips - math.pi / 2
            corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle) * tall))
        self.shape(corners, colour)
