"""Drawings of plants, weather and the sky."""

from __future__ import annotations

import math

from .colours import INK, RGB, lighter, mix
from .pen import Pen, Tones, discs, points

BARK: RGB = (112, 76, 56)
LEAF: RGB = (88, 146, 84)


def tree(pen: Pen, tones: Tones) -> None:
    """A round tree."""
    pen.blob(points("45,60 45,85 38,99 38,99 64,99 64,99 56,85 56,60"), BARK)
    pen.line([(0.5, 0.72), (0.36, 0.56)], 0.04, BARK)
    pen.line([(0.52, 0.7), (0.65, 0.54)], 0.04, BARK)
    for x, y, r in discs("24,48,21 76,48,21 50,54,24 36,26,23 64,26,23 50,36,28"):
        pen.disc(x, y + 0.015, r, tones.dark)
    for x, y, r in discs("25,44,18 70,43,18 36,24,20 61,23,20 48,36,25"):
        pen.disc(x, y, r, tones.main)
    for x, y, r in discs("32,20,11 50,14,10 20,40,8 44,36,10 66,38,7"):
        pen.disc(x, y, r, tones.light, 0.75)


def pine(pen: Pen, tones: Tones) -> None:
    """A fir tree of three layers."""
    pen.rect(0.45, 0.84, 0.1, 0.16, BARK)
    for top, low, half in ((0.5, 0.9, 0.42), (0.26, 0.66, 0.34), (0.0, 0.42, 0.25)):
        pen.shape([(0.5, top), (0.5 + half, low), (0.5, low - 0.03), (0.5 - half, low)], tones.main)
        pen.shape([(0.5, top), (0.5 + half, low), (0.5, low - 0.03)], tones.dark)


def snowy_pine(pen: Pen, tones: Tones) -> None:
    """A fir tree with snow on its layers."""
    pine(pen, tones)
    for top, low, half in ((0.5, 0.9, 0.42), (0.26, 0.66, 0.34), (0.0, 0.42, 0.25)):
        cut, part = top + (low - top) * 0.5, half * 0.5
        edge = [
            (0.5 + part, cut),
            (0.5 + part * 0.5, cut - 0.05),
            (0.5, cut + 0.03),
            (0.5 - part * 0.5, cut - 0.05),
            (0.5 - part, cut),
        ]
        pen.shape([(0.5, top), *edge], (248, 250, 255))


def bare_tree(pen: Pen, tones: Tones) -> None:
    """A tree without leaves."""
    pen.blob(points("46,40 45,80 39,99 39,99 63,99 63,99 56,80 54,40"), BARK)
    for x, y, back in discs("20,20,60 80,16,56 34,6,46 64,4,44 10,42,66 90,40,64"):
        pen.curve([(0.5, back), (0.5 + (x - 0.5) * 0.5, back - 0.12), (x, y)], 0.032, BARK)


def flower(pen: Pen, tones: Tones) -> None:
    """A flower with a stalk and two leaves."""
    pen.curve([(0.5, 0.4), (0.48, 0.7), (0.5, 0.99)], 0.045, (74, 132, 74))
    pen.blob(points("50,86 66,66 90,64 90,64 80,80"), LEAF)
    pen.blob(points("49,92 34,74 12,74 12,74 22,88"), (74, 132, 74))
    tall = pen.box[2] / max(1.0, pen.box[3])
    for ring, (reach, colour) in enumerate(((0.26, tones.dark), (0.24, tones.main))):
        for index in range(8):
            angle = math.pi * (index + 0.5 * (1 - ring)) / 4
            pen.disc(0.5 + reach * math.cos(angle), 0.3 + reach * tall * math.sin(angle), 0.135, colour)
    pen.disc(0.5, 0.3, 0.16, (250, 202, 74))
    pen.disc(0.47, 0.285, 0.08, (255, 226, 130))


def mushroom(pen: Pen, tones: Tones) -> None:
    """A mushroom with dots."""
    pen.blob(points("38,50 38,80 32,97 50,99.5 68,97 62,80 62,50"), (244, 230, 206))
    pen.oval(0.5, 0.56, 0.42, 0.085, (222, 200, 172))
    pen.blob(points("4,56 12,24 50,3 88,24 96,56 96,56 50,50 4,56"), tones.main)
    for x, y, r in discs("50,20,9 25,34,7 76,34,7.5 50,42,5"):
        pen.oval(x, y, r, r * 0.8, (255, 250, 240))


def cactus(pen: Pen, tones: Tones) -> None:
    """A cactus with two arms."""
    pen.card(0.38, 0.02, 0.24, 0.97, 0.12, tones.main)
    pen.card(0.08, 0.3, 0.16, 0.34, 0.08, tones.main)
    pen.card(0.08, 0.52, 0.38, 0.13, 0.06, tones.main)
    pen.card(0.76, 0.2, 0.16, 0.34, 0.08, tones.main)
    pen.card(0.54, 0.42, 0.38, 0.13, 0.06, tones.main)
    for x in (0.44, 0.5, 0.56):
        pen.line([(x, 0.1), (x, 0.96)], 0.014, tones.dark)
    pen.disc(0.5, 0.03, 0.07, (240, 120, 150))


def leaf(pen: Pen, tones: Tones) -> None:
    """One leaf."""
    pen.blob(points("50,2 50,2 82,30 80,62 50,84 20,62 18,30"), tones.main)
    pen.line([(0.5, 0.14), (0.5, 0.99)], 0.03, tones.dark)
    for y in (0.34, 0.5, 0.64):
        pen.line([(0.5, y + 0.08), (0.7, y - 0.04)], 0.018, tones.dark)
        pen.line([(0.5, y + 0.08), (0.3, y - 0.04)], 0.018, tones.dark)


def apple(pen: Pen, tones: Tones) -> None:
    """An apple with a leaf."""
    pen.twin(points("0,24 20,17 42,27 47,50 36,84 18,99 0,94"), tones.main)
    pen.blob(points("62,98 86,84 97,50 90,30 86,60 74,84"), tones.dark)
    pen.blob(points("14,50 20,33 32,29 24,42 20,56"), tones.light, 0.8)
    pen.curve([(0.5, 0.28), (0.52, 0.14), (0.58, 0.04)], 0.045, BARK)
    pen.blob(points("55,17 68,2 90,3 90,3 78,18"), LEAF)


def sun(pen: Pen, tones: Tones) -> None:
    """The sun with its glow and rays."""
    for radius, alpha in ((0.5, 0.1), (0.42, 0.16)):
        pen.disc(0.5, 0.5, radius, tones.light, alpha, glow=True)
    for index in range(12):
        angle = math.pi * index / 6
        near, far = (0.34, 0.46) if index % 2 else (0.34, 0.42)
        spread = 0.09
        pen.shape(
            [
                (0.5 + far * math.cos(angle), 0.5 + far * math.sin(angle)),
                (0.5 + near * math.cos(angle - spread), 0.5 + near * math.sin(angle - spread)),
                (0.5 + near * math.cos(angle + spread), 0.5 + near * math.sin(angle + spread)),
            ],
            tones.main,
            glow=True,
        )
    pen.disc(0.5, 0.5, 0.3, tones.main, glow=True)
    pen.disc(0.46, 0.46, 0.2, lighter(tones.main, 0.4), 0.6, glow=True)


def moon(pen: Pen, tones: Tones) -> None:
    """A full moon with craters and a halo."""
    for radius, alpha in ((0.5, 0.07), (0.44, 0.1)):
        pen.disc(0.5, 0.5, radius, tones.light, alpha, glow=True)
    pen.disc(0.5, 0.5, 0.36, tones.main, glow=True)
    spot = mix(tones.main, (96, 92, 110), 0.22)
    for x, y, r in discs("40,40,7.5 60,55,10 44,66,4.5 62,33,4"):
        pen.disc(x, y, r, spot, glow=True)


def cloud(pen: Pen, tones: Tones) -> None:
    """A cloud with a flat foot."""
    for x, y, r in discs("22,66,19 78,68,18 42,46,24 63,54,20"):
        pen.disc(x, y, r, tones.main)
    pen.card(0.05, 0.62, 0.9, 0.34, 0.16, tones.main)
    pen.card(0.12, 0.82, 0.76, 0.14, 0.06, tones.dark)
    pen.disc(0.38, 0.42, 0.14, tones.light, 0.7)


def rainbow(pen: Pen, tones: Tones) -> None:
    """A rainbow of six bands."""
    bands: tuple[RGB, ...] = (
        (222, 78, 74),
        (242, 152, 62),
        (250, 212, 92),
        (106, 176, 104),
        (82, 142, 214),
        (140, 104, 190),
    )
    for index, colour in enumerate(bands):
        outer, inner = 0.5 - index * 0.045, 0.5 - (index + 1) * 0.045
        angles = [math.pi * step / 40 for step in range(41)]
        arc = [(0.5 + outer * math.cos(a), 1.0 - outer * 2 * math.sin(a)) for a in angles]
        back = [(0.5 + inner * math.cos(a), 1.0 - inner * 2 * math.sin(a)) for a in reversed(angles)]
        pen.shape(arc + back, colour, 0.85)


def snowman(pen: Pen, tones: Tones) -> None:
    """Three balls of snow and a carrot."""
    for y, r in ((0.76, 0.3), (0.44, 0.22), (0.2, 0.15)):
        pen.disc(0.5, y, r, tones.main)
        pen.disc(0.44, y - 0.03, r * 0.7, (255, 255, 255), 0.6)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.18, 0.43), (0.5 + side * 0.45, 0.3)], 0.02, BARK)
        pen.disc(0.5 + side * 0.055, 0.17, 0.02, INK)
    pen.shape([(0.5, 0.2), (0.7, 0.23), (0.5, 0.24)], (240, 134, 48))
    for y in (0.4, 0.47, 0.7):
        pen.disc(0.5, y, 0.02, INK)
    pen.curve([(0.36, 0.3), (0.5, 0.34), (0.64, 0.3)], 0.05, (206, 62, 60))


def planet(pen: Pen, tones: Tones) -> None:
    """A planet with a ring."""
    pen.disc(0.5, 0.5, 0.34, tones.main)
    pen.oval(0.5, 0.4, 0.3, 0.05, tones.light, 0.5)
    pen.oval(0.5, 0.62, 0.28, 0.05, tones.dark, 0.6)
    ring = [
        (0.5 + 0.5 * math.cos(a), 0.5 + 0.13 * math.sin(a) - 0.12 * math.cos(a))
        for a in (math.pi * i / 30 for i in range(31))
    ]
    pen.line(ring, 0.04, lighter(tones.light, 0.4))


def wave(pen: Pen, tones: Tones) -> None:
    """One breaking wave."""
    pen.blob(points("0,98 0,98 16,62 42,22 72,14 94,34 94,34 72,34 62,56 76,82 100,98 100,98"), tones.main)
    pen.blob(points("16,98 16,98 28,66 48,40 54,60 62,98 62,98"), tones.dark)
    for x, y, r in discs("72,16,7 82,20,7 91,30,6 60,16,5.5 48,22,4"):
        pen.disc(x, y, r, (250, 252, 255))
