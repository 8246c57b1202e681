"""Drawings of animals that fly or swim, made like the other animals."""

from __future__ import annotations

from .animals import CREAM, PINK, eye
from .colours import INK, lighter, mix
from .pen import Pen, Tones, aside, points


def owl(pen: Pen, tones: Tones) -> None:
    """An owl with large eyes."""
    pale = mix(tones.light, CREAM, 0.6)
    for side in (-1, 1):
        pen.shape([(0.5 + side * 0.1, 0.16), (0.5 + side * 0.31, 0.01), (0.5 + side * 0.32, 0.3)], tones.main)
        pen.oval(0.5 + side * 0.12, 0.965, 0.075, 0.03, (236, 164, 60))
    pen.twin(points("0,10 22,12 34,30 36,62 26,90 0,97"), tones.main)
    pen.oval(0.5, 0.7, 0.2, 0.24, pale)
    for row, y in enumerate((0.58, 0.67, 0.76, 0.85)):
        for step in range(-1, 2):
            x = 0.5 + step * 0.1 + (0.05 if row % 2 else 0.0) - (0.05 if row % 2 and step > 0 else 0.0)
            pen.curve([(x - 0.035, y), (x, y + 0.025), (x + 0.035, y)], 0.012, tones.dark, 0.8)
    for side in (-1, 1):
        pen.blob(aside(points("25,46 37,50 38.5,72 28,88 24,66"), 0.5, side), tones.dark)
        pen.disc(0.5 + side * 0.13, 0.31, 0.135, pale)
        pen.disc(0.5 + side * 0.13, 0.31, 0.1, (246, 196, 66))
        pen.disc(0.5 + side * 0.125, 0.31, 0.06, INK)
        pen.disc(0.5 + side * 0.125 + 0.022, 0.29, 0.02, (255, 255, 255), glow=True)
    pen.blob(points("45.5,37 50,35 54.5,37 50,46 50,46"), (232, 150, 52))


def bird(pen: Pen, tones: Tones) -> None:
    """A small bird on two legs."""
    pen.line([(0.46, 0.82), (0.45, 0.98)], 0.018, (206, 128, 62))
    pen.line([(0.56, 0.82), (0.56, 0.98)], 0.018, (206, 128, 62))
    pen.blob(points("72,56 99,42 99,42 97,56 76,72"), tones.dark)
    pen.blob(points("20,34 28,16 46,14 60,32 82,54 72,78 48,87 28,74 24,52"), tones.main)
    pen.blob(points("26,50 40,54 50,70 66,82 48,87 28,74"), mix(tones.light, CREAM, 0.55))
    pen.blob(points("44,46 60,44 86,62 86,62 66,72 50,64"), tones.dark)
    pen.blob(points("50,50 60,48.5 76,60 76,60 62,65"), tones.deep, 0.6)
    pen.shape([(0.22, 0.3), (0.03, 0.38), (0.235, 0.42)], (242, 160, 54))
    eye(pen, 0.34, 0.3, 0.036)


def flying_bird(pen: Pen, tones: Tones) -> None:
    """A bird far away: two wings."""
    pen.blob(points("0,30 0,30 24,22 50,60 50,60 30,42"), tones.main)
    pen.blob(points("100,20 100,20 74,20 50,60 50,60 72,40"), tones.main)
    pen.oval(0.5, 0.58, 0.09, 0.09, tones.main)


def penguin(pen: Pen, tones: Tones) -> None:
    """A penguin."""
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.12, 0.965, 0.11, 0.03, (242, 158, 52))
        pen.blob(aside(points("24,40 40,60 40,74 26,66"), 0.5, side), tones.dark)
    pen.twin(points("0,3 16,8 22,26 30,55 27,86 0,96.5"), tones.main)
    pen.twin(points("0,38 14,40 21.5,62 19,86 0,94"), CREAM)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.085, 0.255, 0.105, 0.11, CREAM)
    for side in (-1, 1):
        eye(pen, 0.5 + side * 0.085, 0.23, 0.032)
        pen.oval(0.5 + side * 0.14, 0.31, 0.035, 0.02, PINK, 0.6)
    pen.shape([(0.44, 0.275), (0.56, 0.275), (0.5, 0.345)], (242, 158, 52))


def fish(pen: Pen, tones: Tones) -> None:
    """A fish that swims to the left."""
    pen.blob(points("68,50 99,18 99,18 90,50 99,84 99,84"), tones.dark)
    pen.blob(points("30,26 48,4 68,12 66,34"), tones.dark)
    pen.blob(points("2,52 22,25 46,20 68,36 78,50 68,64 46,80 22,76"), tones.main)
    pen.blob(points("6,58 30,62 60,62 70,62 46,80 22,76"), tones.light)
    for x in (0.4, 0.53):
        pen.curve([(x, 0.28), (x + 0.07, 0.5), (x, 0.72)], 0.035, tones.light)
    pen.blob(points("34,54 50,56 48,72 40,68"), tones.dark)
    pen.disc(0.19, 0.45, 0.06, (255, 255, 255))
    pen.disc(0.18, 0.45, 0.035, INK)
    pen.curve([(0.05, 0.58), (0.1, 0.61), (0.14, 0.6)], 0.014, tones.deep)


def whale(pen: Pen, tones: Tones) -> None:
    """A whale with its fountain."""
    for side in (-1, 1):
        pen.curve(
            aside(points("0,30 2,14 12,8 16,18"), 0.34, side),
            0.028,
            (176, 220, 240),
        )
    pen.blob(points("74,62 86,40 78,20 90,26 94,36 99,24 100,40 94,60 84,84"), tones.main)
    pen.blob(points("2,66 8,42 30,30 56,36 78,62 90,66 78,90 50,99 18,94"), tones.main)
    pen.blob(points("3,72 20,76 50,74 70,86 50,99 18,94"), mix(tones.light, CREAM, 0.6))
    pen.blob(points("42,76 58,76 60,96 48,90"), tones.dark)
    eye(pen, 0.2, 0.62, 0.026)


def butterfly(pen: Pen, tones: Tones) -> None:
    """A butterfly seen from above."""
    for side in (-1, 1):
        pen.blob(aside(points("2,48 14,14 38,4 48,20 36,48"), 0.5, side), tones.main)
        pen.blob(aside(points("2,50 30,52 38,72 24,94 10,80"), 0.5, side), tones.dark)
        pen.oval(0.5 + side * 0.32, 0.24, 0.075, 0.08, tones.light)
        pen.oval(0.5 + side * 0.23, 0.7, 0.06, 0.07, lighter(tones.light, 0.4))
        pen.curve([(0.5, 0.26), (0.5 + side * 0.06, 0.12), (0.5 + side * 0.13, 0.06)], 0.014, INK)
    pen.oval(0.5, 0.52, 0.035, 0.27, INK)
