"""Drawings of things that people make: houses, vehicles, tools and toys."""

from __future__ import annotations

from .colours import INK, RGB, darker
from .pen import Pen, Tones, aside, points

WINDOW: RGB = (255, 214, 120)
GLASS: RGB = (176, 216, 232)
STEEL: RGB = (176, 184, 196)


def house(pen: Pen, tones: Tones) -> None:
    """A house with a roof, a chimney and lit windows."""
    roof = (148, 66, 58) if tones.main != (148, 66, 58) else (92, 70, 80)
    pen.rect(0.68, 0.1, 0.1, 0.24, darker(roof, 0.15))
    pen.rect(0.1, 0.42, 0.8, 0.57, tones.main)
    pen.rect(0.1, 0.42, 0.8, 0.06, tones.dark, 0.6)
    pen.rect(0.1, 0.94, 0.8, 0.05, tones.dark)
    pen.shape(points("2,46 26,10 74,10 98,46"), roof)
    pen.shape(points("2,46 6,40 94,40 98,46"), darker(roof, 0.25))
    for x in (0.18, 0.64):
        pen.rect(x - 0.015, 0.55, 0.21, 0.19, (250, 246, 236))
        pen.rect(x, 0.565, 0.18, 0.16, WINDOW, glow=True)
        pen.rect(x + 0.083, 0.565, 0.014, 0.16, (250, 246, 236))
        pen.rect(x, 0.638, 0.18, 0.014, (250, 246, 236))
    pen.card(0.42, 0.62, 0.16, 0.37, 0.03, (104, 66, 52))
    pen.disc(0.55, 0.81, 0.014, WINDOW)


def lighthouse(pen: Pen, tones: Tones) -> None:
    """A striped lighthouse on a rock."""
    pen.blob(points("0,99 0,99 14,90 50,87 86,90 100,99 100,99"), (104, 100, 108))
    pen.shape(points("26,92 36,24 64,24 74,92"), (248, 244, 236))
    for top, low in ((0.36, 0.48), (0.6, 0.74)):
        a, b = 0.36 - 0.1 * (top - 0.24) / 0.68, 0.36 - 0.1 * (low - 0.24) / 0.68
        pen.shape([(a, top), (1 - a, top), (1 - b, low), (b, low)], tones.main)
    pen.shape(points("58,24 64,24 74,92 62,92"), (60, 56, 90), 0.18)
    pen.rect(0.3, 0.22, 0.4, 0.03, INK)
    pen.rect(0.38, 0.12, 0.24, 0.1, (255, 226, 130), glow=True)
    pen.shape([(0.33, 0.12), (0.5, 0.01), (0.67, 0.12)], tones.dark)
    pen.card(0.44, 0.8, 0.12, 0.13, 0.06, (96, 66, 54))


def boat(pen: Pen, tones: Tones) -> None:
    """A sailing boat."""
    pen.line([(0.48, 0.04), (0.48, 0.78)], 0.022, (112, 80, 60))
    pen.blob(points("52,6 52,6 78,34 90,68 90,68 52,70 52,70"), (252, 246, 234))
    pen.blob(points("44,16 44,16 26,42 14,68 14,68 44,70 44,70"), (236, 222, 202))
    pen.shape([(0.48, 0.02), (0.66, 0.06), (0.48, 0.1)], tones.light)
    pen.blob(points("4,76 4,76 50,78 97,74 97,74 84,94 70,99 26,99 14,94"), tones.main)
    pen.blob(points("10,88 50,90 90,86 84,94 70,99 26,99 14,94"), tones.dark)


def car(pen: Pen, tones: Tones) -> None:
    """A small car that drives to the right."""
    pen.blob(points("20,50 30,16 44,8 64,10 78,46"), tones.dark)
    pen.blob(points("26,48 33,22 47,16 47,16 47,48 47,48"), GLASS)
    pen.blob(points("51,16 51,16 62,18 72,48 51,48 51,48"), GLASS)
    pen.card(0.03, 0.42, 0.94, 0.4, 0.13, tones.main)
    pen.rect(0.05, 0.6, 0.9, 0.03, tones.light, 0.6)
    pen.card(0.9, 0.5, 0.07, 0.1, 0.03, (255, 236, 160))
    pen.card(0.03, 0.5, 0.05, 0.1, 0.02, (206, 60, 60))
    for x in (0.25, 0.75):
        pen.disc(x, 0.8, 0.115, (46, 46, 56))
        pen.disc(x, 0.8, 0.06, STEEL)


def balloon(pen: Pen, tones: Tones) -> None:
    """A toy balloon on a string."""
    pen.curve(points("50,70 45,80 55,90 50,99"), 0.014, (120, 110, 110))
    pen.blob(points("50,0 86,10 94,34 76,58 50,68 24,58 6,34 14,10"), tones.main)
    pen.shape([(0.43, 0.72), (0.5, 0.66), (0.57, 0.72)], tones.dark)
    pen.blob(points("22,30 26,14 40,8 34,18 30,32"), tones.light, 0.8)


def air_balloon(pen: Pen, tones: Tones) -> None:
    """A hot-air balloon."""
    for x in (0.36, 0.64):
        pen.line([(x, 0.66), (0.5 + (x - 0.5) * 0.55, 0.86)], 0.01, (112, 84, 66))
    pen.blob(points("50,0 84,10 97,34 84,56 62,72 38,72 16,56 3,34 16,10"), tones.main)
    pen.blob(points("50,0 64,10 70,36 57,72 43,72 30,36 36,10"), (252, 240, 214))
    pen.blob(points("50,0 55,12 57,36 53,72 47,72 43,36 45,12"), tones.main)
    pen.blob(points("84,10 97,34 84,56 62,72 80,44 84,24"), tones.dark)
    pen.card(0.41, 0.85, 0.18, 0.14, 0.03, (154, 108, 70))


def rocket(pen: Pen, tones: Tones) -> None:
    """A rocket in flight."""
    pen.blob(points("38,80 50,100 50,100 62,80"), (250, 160, 54), glow=True)
    pen.blob(points("43,80 50,93 50,93 57,80"), (255, 228, 120), glow=True)
    for side in (-1, 1):
        pen.blob(aside(points("18,50 44,72 44,88 44,88 18,76"), 0.5, side), tones.main)
    pen.twin(points("0,0 0,0 17,16 24,40 20,68 15,80 15,80 0,80"), (244, 244, 240))
    pen.blob(points("50,0 50,0 67,16 74,40 70,68 65,80 65,80 56,80 62,40"), (70, 70, 110), 0.18)
    pen.twin(points("0,0 0,0 11,9 18,19 18,19 0,21.5"), tones.main)
    pen.disc(0.5, 0.36, 0.125, tones.dark)
    pen.disc(0.5, 0.36, 0.09, (128, 200, 228))
    pen.oval(0.47, 0.345, 0.035, 0.02, (255, 255, 255), 0.7)
    pen.rect(0.335, 0.74, 0.33, 0.06, tones.dark)


def robot(pen: Pen, tones: Tones) -> None:
    """A friendly robot."""
    pen.line([(0.5, 0.1), (0.5, 0.02)], 0.02, STEEL)
    pen.disc(0.5, 0.03, 0.04, (250, 120, 90))
    for side in (-1, 1):
        pen.card(0.5 + side * 0.15 - 0.06, 0.78, 0.12, 0.18, 0.03, tones.dark)
        pen.card(0.5 + side * 0.16 - 0.095, 0.93, 0.19, 0.065, 0.035, tones.deep)
        pen.line(
            [(0.5 + side * 0.27, 0.5), (0.5 + side * 0.4, 0.6), (0.5 + side * 0.4, 0.68)], 0.07, tones.dark
        )
        pen.disc(0.5 + side * 0.4, 0.7, 0.065, tones.deep)
        pen.card(0.5 + side * 0.27 - 0.03, 0.2, 0.06, 0.12, 0.02, tones.dark)
    pen.card(0.24, 0.44, 0.52, 0.38, 0.08, tones.main)
    pen.card(0.33, 0.52, 0.34, 0.2, 0.03, tones.deep)
    for x, colour in ((0.41, (246, 110, 96)), (0.5, (250, 206, 92)), (0.59, (120, 206, 150))):
        pen.disc(x, 0.58, 0.028, colour, glow=True)
    pen.line(points("38,67 45,67 48,63 53,70 56,67 62,67"), 0.012, (142, 232, 224))
    pen.rect(0.44, 0.39, 0.12, 0.06, STEEL)
    pen.card(0.24, 0.1, 0.52, 0.31, 0.1, tones.main)
    pen.card(0.24, 0.1, 0.52, 0.07, 0.04, tones.light)
    pen.card(0.3, 0.17, 0.4, 0.18, 0.07, (38, 42, 58))
    for side in (-1, 1):
        pen.disc(0.5 + side * 0.095, 0.25, 0.045, (136, 238, 240), glow=True)
        pen.disc(0.5 + side * 0.095 + 0.012, 0.238, 0.014, (255, 255, 255), glow=True)
    pen.curve([(0.44, 0.31), (0.5, 0.33), (0.56, 0.31)], 0.014, (136, 238, 240))


def cup(pen: Pen, tones: Tones) -> None:
    """A cup that steams."""
    for x in (0.36, 0.5, 0.64):
        pen.curve(
            aside(points("-8,30 -3,21 -11,12 -5,3"), x, 1),
            0.022,
            (255, 255, 255),
            0.5,
        )
    pen.oval(0.44, 0.95, 0.44, 0.045, tones.light)
    pen.curve(points("70,48 90,46 93,62 84,74 66,74"), 0.065, tones.dark)
    pen.blob(points("12,38 12,38 76,38 76,38 73,70 62,93 26,93 15,70"), tones.main)
    pen.blob(points("62,40 76,38 76,38 73,70 62,93 50,93 62,72"), tones.dark, 0.6)
    pen.oval(0.44, 0.38, 0.32, 0.055, tones.light)
    pen.oval(0.44, 0.385, 0.28, 0.042, (92, 56, 40))


def hat(pen: Pen, tones: Tones) -> None:
    """A hat with a ribbon."""
    pen.blob(points("24,76 24,76 27,24 40,8 60,8 73,24 76,76 76,76"), tones.main)
    pen.shape(points("25,58 75,58 76,78 24,78"), tones.deep)
    pen.oval(0.5, 0.8, 0.5, 0.16, tones.main)
    pen.oval(0.5, 0.85, 0.44, 0.08, tones.dark, 0.6)
    pen.blob(points("30,50 34,24 42,15 40,30 38,50"), tones.light, 0.5)


def crown(pen: Pen, tones: Tones) -> None:
    """A crown with stones."""
    pen.shape(points("4,20 28,52 50,6 72,52 96,20 88,92 12,92"), tones.main)
    pen.rect(0.12, 0.76, 0.76, 0.16, tones.dark)
    for x, y in ((0.04, 0.18), (0.5, 0.06), (0.96, 0.18)):
        pen.disc(x, y, 0.05, tones.light)
    for x, colour in ((0.3, (92, 150, 220)), (0.5, (222, 76, 90)), (0.7, (92, 150, 220))):
        pen.disc(x, 0.84, 0.05, colour)


def book(pen: Pen, tones: Tones) -> None:
    """An open book."""
    pen.shape(points("2,26 50,34 98,26 98,88 50,97 2,88"), tones.main)
    for side in (-1, 1):
        page = points("0,30 0,30 20,18 43,20 43,20 43,82 43,82 20,80 0,92 0,92")
        pen.blob(aside(page, 0.5, side), (252, 246, 232) if side < 0 else (240, 230, 212))
        for row in range(4):
            y = 0.36 + row * 0.11
            pen.curve(
                [(0.5 + side * 0.07, y + 0.03), (0.5 + side * 0.2, y - 0.04), (0.5 + side * 0.36, y - 0.05)],
                0.012,
                (166, 156, 150),
            )


def lantern(pen: Pen, tones: Tones) -> None:
    """A lantern that is lit."""
    for radius, alpha in ((0.7, 0.08), (0.5, 0.14)):
        pen.disc(0.5, 0.6, radius, (255, 220, 120), alpha, glow=True)
    pen.curve(points("30,26 36,6 64,6 70,26"), 0.045, tones.dark)
    pen.shape(points("20,36 34,22 66,22 80,36"), tones.main)
    pen.card(0.24, 0.36, 0.52, 0.5, 0.06, (255, 226, 140))
    pen.blob(points("50,46 50,46 60,66 50,78 40,66"), (250, 140, 50), glow=True)
    for x in (0.24, 0.72):
        pen.rect(x, 0.36, 0.045, 0.5, tones.dark)
    pen.card(0.18, 0.85, 0.64, 0.12, 0.04, tones.main)


def umbrella(pen: Pen, tones: Tones) -> None:
    """An umbrella."""
    pen.curve(points("50,10 50,50 50,88 44,97 36,90"), 0.035, (104, 74, 60))
    pen.blob(
        points("2,52 2,52 10,24 34,7 66,7 90,24 98,52 98,52 82,45 66,52 66,52 50,45 34,52 34,52 18,45"),
        tones.main,
    )
    pen.blob(points("34,52 34,52 40,20 50,6 60,20 66,52 66,52 50,45"), tones.light)


def cake(pen: Pen, tones: Tones) -> None:
    """A cake with candles."""
    pen.oval(0.5, 0.93, 0.48, 0.06, (226, 222, 226))
    pen.card(0.12, 0.44, 0.76, 0.48, 0.05, (250, 226, 190))
    pen.rect(0.12, 0.66, 0.76, 0.07, tones.main)
    pen.blob(points("10,42 30,36 70,36 90,42 89,56 80,62 72,52 60,60 48,52 36,64 26,53 16,60"), tones.main)
    for x in (0.3, 0.5, 0.7):
        pen.rect(x - 0.018, 0.2, 0.036, 0.2, tones.light)
        pen.blob(aside(points("0,4 0,4 3.5,14 0,19 -3.5,14"), x, 1), (252, 180, 60), glow=True)


def tower(pen: Pen, tones: Tones) -> None:
    """A tall building with windows."""
    pen.rect(0.08, 0.06, 0.84, 0.93, tones.main)
    pen.rect(0.66, 0.06, 0.26, 0.93, tones.dark)
    pen.rect(0.3, 0.0, 0.4, 0.07, tones.dark)
    for row in range(9):
        for column in range(4):
            lit = (row * 5 + column * 3) % 7 < 4
            pen.rect(
                0.16 + column * 0.18, 0.12 + row * 0.093, 0.11, 0.05, WINDOW if lit else tones.deep, glow=lit
            )


def castle(pen: Pen, tones: Tones) -> None:
    """A castle with two towers."""
    pen.rect(0.2, 0.44, 0.6, 0.55, tones.main)
    for x in range(5):
        pen.rect(0.2 + x * 0.13, 0.38, 0.08, 0.07, tones.main)
    for left in (0.04, 0.72):
        pen.rect(left, 0.3, 0.24, 0.69, tones.light)
        pen.rect(left + 0.16, 0.3, 0.08, 0.69, tones.dark, 0.5)
        pen.shape([(left - 0.03, 0.31), (left + 0.12, 0.03), (left + 0.27, 0.31)], (150, 66, 78))
        pen.card(left + 0.08, 0.4, 0.08, 0.13, 0.04, WINDOW)
    pen.blob(points("38,99 38,99 38,74 50,64 62,74 62,99 62,99"), tones.deep)
