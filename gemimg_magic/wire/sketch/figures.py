"""Drawings of people and charts, and the motif that stands for a noun nobody drew."""

from __future__ import annotations

import math

from .colours import INK, RGB, darker, from_hsv, lighter, mix
from .dice import Dice
from .pen import Pen, Tones, points

SKIN: RGB = (240, 194, 160)


def person(pen: Pen, tones: Tones) -> None:
    """A person in plain clothes."""
    hair: RGB = (74, 50, 44)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.1, 0.62), (0.5 + side * 0.12, 0.95)], 0.15, (60, 66, 92))
        pen.card(0.5 + side * 0.14 - 0.12, 0.945, 0.24, 0.05, 0.08, INK)
        pen.line(
            [(0.5 + side * 0.26, 0.34), (0.5 + side * 0.36, 0.5), (0.5 + side * 0.32, 0.6)], 0.1, tones.dark
        )
        pen.disc(0.5 + side * 0.32, 0.62, 0.06, SKIN)
    pen.twin(points("0,26 20,28 33,34 27,52 28,66 0,67"), tones.main)
    pen.rect(0.43, 0.2, 0.14, 0.08, darker(SKIN, 0.12))
    pen.disc(0.5, 0.13, 0.2, hair)
    pen.oval(0.5, 0.148, 0.165, 0.088, SKIN)
    pen.blob(points("30,12 40,5 60,4 70,12 56,10 44,11.5"), hair)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.075, 0.148, 0.02, 0.01, INK)
    pen.curve([(0.45, 0.19), (0.5, 0.2), (0.55, 0.19)], 0.014, (170, 84, 78))


def face(pen: Pen, tones: Tones) -> None:
    """A smiling face."""
    pen.oval(0.5, 0.5, 0.48, 0.48, tones.main)
    pen.oval(0.42, 0.4, 0.3, 0.3, tones.light, 0.3)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.17, 0.4, 0.055, 0.08, INK)
        pen.oval(0.5 + side * 0.17 + 0.015, 0.37, 0.018, 0.024, (255, 255, 255))
        pen.oval(0.5 + side * 0.28, 0.58, 0.07, 0.045, (240, 120, 110), 0.4)
    pen.curve(points("28,62 38,75 50,79 62,75 72,62"), 0.045, INK)


def bar_chart(pen: Pen, tones: Tones) -> None:
    """A bar chart with axes."""
    pen.rect(0.0, 0.0, 1.0, 1.0, (252, 250, 244))
    for row in range(1, 5):
        pen.rect(0.1, 0.1 + row * 0.16, 0.84, 0.006, (214, 212, 210))
    for index, tall in enumerate((0.32, 0.5, 0.42, 0.66, 0.58)):
        colour = (tones.main, tones.light, tones.dark)[index % 3]
        pen.rect(0.16 + index * 0.155, 0.9 - tall, 0.11, tall, colour)
    pen.line([(0.1, 0.08), (0.1, 0.9), (0.95, 0.9)], 0.012, INK)


def motif(pen: Pen, tones: Tones, noun: str) -> None:
    """An abstract sign that belongs to a word: the same word always gives the same sign."""
    dice = Dice("motif", noun)
    hue = dice.real()
    ring = tones.main
    other = from_hsv(hue + 0.42, 0.42, 0.86)
    petals = dice.whole(5, 9)
    tall = pen.box[2] / max(1.0, pen.box[3])
    pen.disc(0.5, 0.5, 0.5, lighter(ring, 0.68))
    pen.disc(0.5, 0.5, 0.45, lighter(ring, 0.45))
    reach, radius, kind = dice.real(0.24, 0.3), dice.real(0.1, 0.15), dice.whole(0, 2)
    for index in range(petals):
        angle = 2 * math.pi * index / petals + dice.real(0, 0.001)
        x, y = 0.5 + reach * math.cos(angle), 0.5 + reach * tall * math.sin(angle)
        colour = ring if index % 2 or petals % 2 else mix(ring, other, 0.7)
        if kind == 0:
            pen.disc(x, y, radius, colour)
        elif kind == 1:
            pen.line(
                [
                    (0.5, 0.5),
                    (
                        0.5 + (reach + radius) * math.cos(angle),
                        0.5 + (reach + radius) * tall * math.sin(angle),
                    ),
                ],
                radius * 0.6,
                colour,
            )
        else:
            pen.star(x, y, radius * 1.2, colour, tips=dice.whole(3, 4), inner=0.6)
    pen.disc(0.5, 0.5, dice.real(0.14, 0.19), other)
    pen.star(0.5, 0.5, 0.11, darker(ring, 0.3), tips=dice.whole(3, 8), inner=dice.real(0.35, 0.6))
