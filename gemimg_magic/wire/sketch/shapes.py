"""Drawings of plain shapes, with a soft light on one side."""

from __future__ import annotations

import math

from .pen import Pen, Point, Tones, points


def circle(pen: Pen, tones: Tones) -> None:
    """A disc."""
    pen.oval(0.5, 0.5, 0.5, 0.5, tones.main)
    pen.oval(0.4, 0.38, 0.27, 0.27, tones.light, 0.3)


def oval(pen: Pen, tones: Tones) -> None:
    """An ellipse."""
    pen.oval(0.5, 0.5, 0.5, 0.34, tones.main)
    pen.oval(0.4, 0.42, 0.27, 0.16, tones.light, 0.3)


def square(pen: Pen, tones: Tones) -> None:
    """A square with a lit corner."""
    pen.rect(0.02, 0.02, 0.96, 0.96, tones.main)
    pen.shape([(0.02, 0.02), (0.98, 0.02), (0.02, 0.98)], tones.light, 0.28)


def rectangle(pen: Pen, tones: Tones) -> None:
    """A wide rectangle."""
    pen.rect(0.0, 0.2, 1.0, 0.6, tones.main)
    pen.shape([(0.0, 0.2), (1.0, 0.2), (0.0, 0.8)], tones.light, 0.28)


def triangle(pen: Pen, tones: Tones) -> None:
    """A triangle that stands on its side."""
    pen.shape([(0.5, 0.05), (1.0, 0.95), (0.0, 0.95)], tones.main)
    pen.shape([(0.5, 0.05), (0.5, 0.95), (0.0, 0.95)], tones.light, 0.28)


def star(pen: Pen, tones: Tones) -> None:
    """A star with five points and folded sides."""
    tips: list[Point] = []
    for index in range(10):
        reach = 0.52 if index % 2 == 0 else 0.225
        angle = math.pi * index / 5 - math.pi / 2
        tips.append((0.5 + reach * math.cos(angle), 0.53 + reach * math.sin(angle)))
    pen.shape(tips, tones.main)
    for index in range(0, 10, 2):
        pen.shape([tips[index], tips[index - 1], (0.5, 0.53)], tones.light, 0.4)


def heart(pen: Pen, tones: Tones) -> None:
    """A heart."""
    half = points("0,26 0,26 10,10 30,5 48,18 47,42 28,70 0,96 0,96")
    pen.twin(half, tones.main)
    pen.blob(points("13,30 17,18 28,14 24,24 19,36"), tones.light, 0.6)


def _polygon(sides: int, turn: float = 0.0) -> list[Point]:
    angles = [2 * math.pi * index / sides - math.pi / 2 + turn for index in range(sides)]
    return [(0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle)) for angle in angles]


def _facets(pen: Pen, tones: Tones, corners: list[Point]) -> None:
    pen.shape(corners, tones.main)
    total = len(corners)
    for index, point in enumerate(corners):
        after = corners[(index + 1) % total]
        if (point[0] + after[0]) / 2 < 0.5:
            pen.shape([point, after, (0.5, 0.5)], tones.light, 0.3)


def pentagon(pen: Pen, tones: Tones) -> None:
    """Five sides."""
    _facets(pen, tones, _polygon(5))


def hexagon(pen: Pen, tones: Tones) -> None:
    """Six sides."""
    _facets(pen, tones, _polygon(6))


def octagon(pen: Pen, tones: Tones) -> None:
    """Eight sides."""
    _facets(pen, tones, _polygon(8, math.pi / 8))


def diamond(pen: Pen, tones: Tones) -> None:
    """A square on its corner, cut like a stone."""
    pen.shape(points("50,0 90,50 50,100 10,50"), tones.main)
    pen.shape([(0.5, 0.0), (0.1, 0.5), (0.5, 0.5)], tones.light, 0.6)
    pen.shape([(0.5, 1.0), (0.9, 0.5), (0.5, 0.5)], tones.dark, 0.7)


def ring(pen: Pen, tones: Tones) -> None:
    """A circle with a hole that shows what is behind it."""
    outer = [
        (0.5 + 0.48 * math.cos(a / 32 * math.pi), 0.5 + 0.48 * math.sin(a / 32 * math.pi)) for a in range(65)
    ]
    inner = [
        (0.5 + 0.29 * math.cos(a / 32 * math.pi), 0.5 + 0.29 * math.sin(a / 32 * math.pi)) for a in range(65)
    ]
    pen.shape(outer + inner[::-1], tones.main)
    pen.shape(outer[32:49] + inner[32:49][::-1], tones.light, 0.4)


def cross(pen: Pen, tones: Tones) -> None:
    """A plus sign."""
    pen.rect(0.35, 0.02, 0.3, 0.96, tones.main)
    pen.rect(0.02, 0.35, 0.96, 0.3, tones.main)
    pen.rect(0.35, 0.02, 0.09, 0.96, tones.light, 0.35)


def arrow(pen: Pen, tones: Tones) -> None:
    """An arrow to the right."""
    pen.shape(points("0,38 55,38 55,16 100,50 55,84 55,62 0,62"), tones.main)
    pen.shape(points("0,38 55,38 55,16 100,50 0,50"), tones.light, 0.3)


def spiral(pen: Pen, tones: Tones) -> None:
    """A spiral of three turns."""
    route = []
    for index in range(91):
        angle, reach = index / 15 * math.pi, 0.02 + 0.44 * index / 90
        route.append((0.5 + reach * math.cos(angle), 0.5 + reach * math.sin(angle)))
    pen.line(route, 0.06, tones.main)


def crescent(pen: Pen, tones: Tones) -> None:
    """A thin moon."""
    outer = [
        (0.5 + 0.46 * math.cos(a), 0.5 + 0.46 * math.sin(a))
        for a in (math.pi * (0.3 + 1.4 * i / 40) for i in range(41))
    ]
    inner = [
        (0.68 + 0.4 * math.cos(a), 0.5 + 0.4 * math.sin(a))
        for a in (math.pi * (0.36 + 1.28 * i / 40) for i in range(41))
    ]
    pen.shape(outer + inner[::-1], tones.main)


def line(pen: Pen, tones: Tones) -> None:
    """A straight line."""
    pen.line([(0.02, 0.5), (0.98, 0.5)], 0.05, tones.main)
