"""Drawings of animals: each takes a pen and the tones of its colour, and stands on the bottom of the box."""

from __future__ import annotations

from .colours import INK, RGB, luminance, mix
from .pen import Pen, Tones, aside, points

CREAM: RGB = (255, 246, 230)
PINK: RGB = (240, 158, 152)


def eye(pen: Pen, x: float, y: float, radius: float, colour: RGB = INK) -> None:
    """A dark eye with a glint."""
    pen.oval(x, y, radius * 0.9, radius * 1.1, colour, glow=True)
    pen.oval(x + radius * 0.3, y - radius * 0.4, radius * 0.3, radius * 0.34, (255, 255, 255), glow=True)


def _belly(tones: Tones) -> RGB:
    return CREAM if luminance(tones.main) < 215 else mix(tones.main, (206, 204, 214), 0.5)


def fox(pen: Pen, tones: Tones) -> None:
    """A sitting fox with its tail round its feet."""
    cream, sock = _belly(tones), mix(tones.deep, (52, 34, 40), 0.55)
    tail = points("56,97 74,99.5 90,95 98.5,80 98.5,62 90,43 90,43")
    pen.blob([*tail, (0.845, 0.55), (0.83, 0.68), (0.765, 0.775), (0.64, 0.83), (0.54, 0.87)], tones.main)
    pen.blob(points("56,97 74,99.5 90,95 97.5,83 84,90 66,92"), tones.dark)
    tip = points("98.5,63 96,52 90,43 90,43 85,54 83.8,63 83.8,63")
    pen.blob([*tip, (0.872, 0.61), (0.9, 0.665), (0.94, 0.625), (0.985, 0.66)], cream)
    body = points("29,42 23.5,60 20.5,80 21.5,93 27,97.5 60,98")
    pen.blob([*body, (0.66, 0.93), (0.665, 0.8), (0.61, 0.62), (0.54, 0.42)], tones.main)
    pen.blob(points("56,98.5 66.5,95 67.2,82 62,72 53,74 50,86"), tones.dark)
    pen.blob(points("54,98.5 64.5,95 65,83 60,74.5 53,76.5 50.5,87"), tones.main)
    chest = points("30,46 28.5,60 31.5,71 36,70 40,80 40,80 44,70")
    pen.blob([*chest, (0.49, 0.71), (0.525, 0.6), (0.52, 0.46)], cream)
    for x in (0.3, 0.43):
        pen.blob(
            aside(points("0,82 -1.6,93 1,97 7,97 9.2,93 8.5,82"), x, 1),
            tones.main,
        )
        sole = aside(points("-1.2,87 -1.2,87 -2.6,95.5 0,99 8,99"), x, 1)
        pen.blob([*sole, (x + 0.1, 0.955), (x + 0.088, 0.855), (x + 0.088, 0.855), (x + 0.04, 0.885)], sock)
    pen.line([(0.4075, 0.8), (0.4075, 0.97)], 0.007, tones.deep, 0.7)
    _fox_head(pen, tones, cream, sock)


def _fox_head(pen: Pen, tones: Tones, cream: RGB, dark: RGB) -> None:
    axis = 0.405
    for side in (-1, 1):
        ear = aside(points("5,17 10,9 18.5,0.5 18.5,0.5 22.8,12 20.5,25"), axis, side)
        pen.blob(ear, tones.main)
        inner = aside(points("10,17 13,10.5 18.1,5 18.1,5 20.5,13 19,22"), axis, side)
        pen.blob(inner, dark)
    half = points("0,13.5 10,15 19,20.5 22.8,28 29,36.5 29,36.5 20,44 10,47.5 4,52.5 0,53.5")
    pen.twin([(x, y + 0.012) for x, y in half], tones.dark, axis)
    pen.twin(half, tones.main, axis)
    for side in (-1, 1):
        cheek = aside(points("0,44 3.5,38.5 10,33.5 19,33.5 29,36.5 29,36.5"), axis, side)
        cheek += aside(points("20,44 10,47.5 4,52.5 0,53.5 0,53.5"), axis, side)
        pen.blob(cheek, cream)
        pen.oval(axis + side * 0.175, 0.4, 0.032, 0.02, PINK, 0.45)
        eye(pen, axis + side * 0.105, 0.315, 0.027)
        pen.curve(
            [(axis + side * 0.07, 0.255), (axis + side * 0.105, 0.243), (axis + side * 0.14, 0.258)],
            0.009,
            tones.dark,
        )
    pen.blob(
        aside(points("-7,16 0,14 7,16 2.5,25 0,33 -2.5,25"), axis, 1),
        tones.light,
        0.55,
    )
    pen.twin(points("0,47.8 3,48.2 3.4,50 1.2,52.8 0,53.2"), INK, axis)
    pen.oval(axis + 0.01, 0.49, 0.009, 0.006, (255, 255, 255), 0.7, glow=True)


def cat(pen: Pen, tones: Tones) -> None:
    """A sitting cat with stripes."""
    pale = mix(tones.light, CREAM, 0.5)
    pen.curve(points("60,92 82,93 90,78 83,64 90,55"), 0.085, tones.dark)
    pen.blob(points("36,40 25,64 20,90 26,98.5 66,98.5 74,90 68,64 58,40"), tones.main)
    pen.blob(points("39,48 36,64 47,76 58,64 55,48"), pale)
    for x in (0.34, 0.49):
        pen.blob(
            aside(points("0,74 -1,90 -2,98.5 12.5,98.5 11.5,90 10,74"), x, 1),
            tones.main,
        )
        pen.oval(x + 0.052, 0.965, 0.07, 0.026, pale)
    pen.line([(0.47, 0.8), (0.47, 0.96)], 0.008, tones.dark)
    for y in (0.62, 0.7, 0.78):
        pen.curve([(0.7, y), (0.64, y + 0.012), (0.6, y + 0.005)], 0.018, tones.dark)
        pen.curve([(0.25, y), (0.3, y + 0.012), (0.335, y + 0.005)], 0.018, tones.dark)
    _cat_head(pen, tones, pale)


def _cat_head(pen: Pen, tones: Tones, pale: RGB) -> None:
    for side in (-1, 1):
        pen.blob(
            aside(points("4,19 20,2 20,2 24,30"), 0.47, side),
            tones.main,
        )
        pen.blob(
            aside(points("10,18 18.8,7.5 18.8,7.5 20.5,22"), 0.47, side),
            PINK,
        )
    pen.twin(points("0,15.5 15,16.5 24.5,27 25,38 17,47.5 0,50"), tones.main, 0.47)
    for x in (-0.055, 0.0, 0.055):
        pen.line([(0.47 + x, 0.175), (0.47 + x * 0.8, 0.235)], 0.018, tones.dark)
    pen.oval(0.43, 0.415, 0.06, 0.045, pale)
    pen.oval(0.51, 0.415, 0.06, 0.045, pale)
    for side in (-1, 1):
        pen.oval(0.47 + side * 0.115, 0.32, 0.044, 0.046, (232, 206, 92))
        pen.oval(0.47 + side * 0.115, 0.32, 0.016, 0.042, INK)
        pen.oval(0.47 + side * 0.115 + 0.012, 0.305, 0.01, 0.011, (255, 255, 255), glow=True)
        for lift in (-0.012, 0.014):
            pen.line(
                [(0.47 + side * 0.1, 0.415 + lift), (0.47 + side * 0.28, 0.405 + lift * 3)],
                0.005,
                tones.deep,
                0.8,
            )
    pen.shape([(0.445, 0.378), (0.495, 0.378), (0.47, 0.405)], PINK)
    pen.curve(points("43,42 45.2,43.6 47,41 48.8,43.6 51,42"), 0.008, tones.deep)


def dog(pen: Pen, tones: Tones) -> None:
    """A sitting dog with long ears and a collar."""
    pale = mix(tones.light, CREAM, 0.7)
    pen.curve([(0.64, 0.9), (0.8, 0.84), (0.88, 0.68)], 0.07, tones.main)
    pen.blob(points("35,42 26,66 22,92 30,98.5 66,98.5 75,90 68,66 60,42"), tones.main)
    pen.blob(points("38,50 35,66 47.5,84 60,66 57,50"), pale)
    pen.oval(0.67, 0.89, 0.1, 0.095, tones.dark)
    for x in (0.34, 0.495):
        pen.blob(
            aside(points("0,70 0,88 -2.5,98.5 13.5,98.5 11.5,88 11,70"), x, 1),
            tones.main,
        )
        pen.oval(x + 0.052, 0.962, 0.078, 0.028, pale)
    pen.twin(points("0,9 14,10 21.5,20 22,34 15,45 0,48"), tones.main, 0.475)
    pen.twin(points("0,9 3.5,10 4,24 8.5,34 15,38 12,45 0,48"), pale, 0.475)
    for side in (-1, 1):
        ear = points("12,10 23,10.5 31,25 30,42 24,46 20,36 19,22")
        pen.blob(aside(ear, 0.475, side), tones.dark)
        eye(pen, 0.475 + side * 0.1, 0.255, 0.029)
    pen.blob(points("41,31.5 47.5,30 54,31.5 50,36.5 47.5,37.5 45,36.5"), INK)
    pen.blob(points("44.5,42 50.5,42 50,48.5 47.5,50 45,48.5"), (232, 104, 112))
    pen.curve(points("39,40 43,42.5 47.5,38 52,42.5 56,40"), 0.01, INK)
    pen.curve([(0.36, 0.49), (0.475, 0.525), (0.59, 0.49)], 0.036, (206, 62, 60))
    pen.disc(0.475, 0.55, 0.03, (240, 196, 72))


def rabbit(pen: Pen, tones: Tones) -> None:
    """A rabbit with long ears."""
    pale = mix(tones.light, CREAM, 0.6)
    pen.disc(0.75, 0.86, 0.085, pale)
    pen.blob(points("38,50 26,72 26,93 36,98.5 66,98.5 74,90 70,68 58,50"), tones.main)
    pen.oval(0.48, 0.8, 0.125, 0.14, pale)
    for side in (-1, 1):
        ear = points("3,27 5,10 12,0 17.5,7 16,20 12,32")
        pen.blob(aside(ear, 0.48, side), tones.main)
        inner = points("7,24 8.5,11 12,4.5 14.5,10 13,20")
        pen.blob(aside(inner, 0.48, side), PINK)
        pen.oval(0.48 + side * 0.11, 0.955, 0.085, 0.035, pale)
    pen.twin(points("0,27 14,29 21.5,40 19,52 9,57.5 0,58"), tones.main, 0.48)
    for side in (-1, 1):
        pen.oval(0.48 + side * 0.055, 0.49, 0.068, 0.05, pale)
        pen.oval(0.48 + side * 0.14, 0.48, 0.034, 0.022, PINK, 0.5)
        eye(pen, 0.48 + side * 0.105, 0.4, 0.032)
    pen.shape([(0.45, 0.45), (0.51, 0.45), (0.48, 0.478)], PINK)
    pen.rect(0.463, 0.51, 0.034, 0.035, (255, 255, 255))


def bear(pen: Pen, tones: Tones) -> None:
    """A round sitting bear."""
    pale = mix(tones.light, CREAM, 0.55)
    for side in (-1, 1):
        pen.disc(0.5 + side * 0.2, 0.11, 0.1, tones.main)
        pen.disc(0.5 + side * 0.2, 0.115, 0.055, tones.dark)
        pen.oval(0.5 + side * 0.2, 0.92, 0.13, 0.07, tones.dark)
    pen.twin(points("0,42 20,46 32,70 29,93 0,98.5"), tones.main)
    pen.oval(0.5, 0.74, 0.2, 0.2, pale)
    for side in (-1, 1):
        pen.blob(aside(points("20,50 34,60 37,74 29,79 22,66"), 0.5, side), tones.dark)
        pen.oval(0.5 + side * 0.2, 0.935, 0.085, 0.042, pale)
    pen.oval(0.5, 0.285, 0.28, 0.235, tones.main)
    pen.oval(0.5, 0.37, 0.125, 0.095, pale)
    for side in (-1, 1):
        eye(pen, 0.5 + side * 0.12, 0.255, 0.028)
    pen.oval(0.5, 0.33, 0.046, 0.03, INK)
    pen.curve([(0.45, 0.395), (0.5, 0.425), (0.55, 0.395)], 0.01, INK)


def panda(pen: Pen, tones: Tones) -> None:
    """A panda is a bear in two colours."""
    dark: RGB = (44, 44, 54)
    bear(pen, Tones(tones.main, tones.light, dark, dark))
    for side in (-1, 1):
        pen.disc(0.5 + side * 0.2, 0.09, 0.095, dark)
    pen.oval(0.5, 0.285, 0.28, 0.235, tones.main)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.12, 0.265, 0.064, 0.066, dark)
        eye(pen, 0.5 + side * 0.115, 0.26, 0.026, (20, 20, 26))
    pen.oval(0.5, 0.35, 0.046, 0.03, dark)
    pen.curve([(0.45, 0.415), (0.5, 0.445), (0.55, 0.415)], 0.01, dark)
