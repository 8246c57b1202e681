"""Paints the land: hills, mountains, woods, water, towns and the ground in front."""

from __future__ import annotations

import math

from . import nature, objects
from .colours import RGB, darker, lighter, mix
from .dice import Dice
from .pen import Pen, Point, Tones
from .scene import Scene
from .stage import Stage
from .things import kind_of

QUAY = 0.84


def ratio(pen: Pen) -> float:
    """Return width divided by height."""
    return pen.box[2] / max(1.0, pen.box[3])


def ridge(pen: Pen, y: float, tall: float, colour: RGB, dice: Dice) -> list[Point]:
    """Fill everything below a soft line of hills; return the line."""
    waves = [
        (dice.real(0.6, 1.5), dice.real(0, 6.3), 0.6),
        (dice.real(1.8, 3.2), dice.real(0, 6.3), 0.3),
        (dice.real(4, 7), dice.real(0, 6.3), 0.1),
    ]
    line = []
    for step in range(61):
        x = step / 60
        line.append(
            (x, y - tall * sum(share * math.sin(x * 6.28 * speed + start) for speed, start, share in waves))
        )
    pen.shape([*line, (1, 1.01), (0, 1.01)], colour)
    return line


def _mountains(pen: Pen, stage: Stage, dice: Dice, *, low: float) -> None:
    for layer in range(2):
        rock = mix(stage.far, stage.sky[-1], 0.3) if layer == 0 else darker(stage.far, 0.2)
        peaks = 4 if layer == 0 else 3
        for index in range(peaks):
            x = (index + 0.5) / peaks + dice.real(-0.08, 0.08)
            tall = dice.real(0.26, 0.42) * (1.0 if layer == 0 else 0.82)
            half, top = tall * dice.real(0.62, 0.8) * min(1.0, 1.3 / ratio(pen)), low - tall
            pen.shape([(x, top), (x + half, low + 0.04), (x - half, low + 0.04)], rock)
            fold = [
                (x, top),
                (x + half, low + 0.04),
                (x + half * 0.1, low + 0.04),
                (x + half * 0.22, top + tall * 0.55),
                (x - half * 0.04, top + tall * 0.32),
            ]
            pen.shape(fold, darker(rock, 0.22))
            snow = mix((255, 255, 255), stage.sky[1], 0.16)
            cap = tall * 0.27
            edge = [
                (x + half * 0.25, top + cap),
                (x + half * 0.12, top + cap * 0.8),
                (x + half * 0.04, top + cap * 1.25),
                (x - half * 0.08, top + cap * 0.8),
                (x - half * 0.25, top + cap),
            ]
            pen.shape([(x, top), *edge], snow)
    pen.rect(0, low + 0.02, 1, 0.12, darker(stage.far, 0.2))


def _sea(pen: Pen, stage: Stage, dice: Dice, *, shore: float = 1.0) -> None:
    top = stage.horizon
    water = {"night": (24, 52, 98), "sunset": (150, 84, 116), "dawn": (128, 158, 186)}.get(
        stage.time, (70, 152, 178)
    )
    deep = darker(water, 0.3)
    rows = 26
    for row in range(rows):
        y = top + (shore - top) * row / rows
        pen.rect(0, y, 1, (shore - top) / rows + 0.004, mix(water, deep, row / rows))
    glint = mix(water, stage.sky[-1], 0.6)
    for _ in range(64):
        near = dice.real() ** 1.5
        y, wide = top + 0.012 + (shore - top - 0.02) * near, dice.real(0.02, 0.07) * (0.4 + near)
        x = dice.real(-0.02, 1.0)
        pen.blob([(x, y), (x + wide / 2, y - 0.003), (x + wide, y), (x + wide / 2, y + 0.003)], glint, 0.4)


def _trees(
    pen: Pen, scene: Scene, stage: Stage, dice: Dice, *, many: int, foot: float, tall: float, haze: float
) -> None:
    leaf: tuple[RGB, ...] = ((64, 118, 92), (78, 130, 88), (56, 106, 90))
    if scene.season == "autumn":
        leaf = ((204, 112, 52), (222, 154, 62), (178, 76, 52), (150, 134, 66))

    def hazy(colour: RGB) -> RGB:
        return mix(stage.light(colour), stage.sky[-1], haze)

    for index in range(many):
        x = (index + dice.real(0.15, 0.85)) / many
        high = tall * dice.real(0.75, 1.2) * pen.box[3]
        colour = mix(stage.light(dice.pick(leaf)), stage.sky[-1], haze)
        round_one = scene.season == "autumn" or (scene.season in {"spring", "summer"} and dice.real() < 0.6)
        draw = nature.tree if round_one else nature.snowy_pine if scene.season == "winter" else nature.pine
        wide = high * (0.86 if round_one else 0.6)
        box = (
            x * pen.box[2] - wide / 2,
            foot * pen.box[3] - high + dice.real(-0.01, 0.01) * pen.box[3],
            wide,
            high,
        )
        draw(Pen(pen.image, box, hazy), Tones(colour, lighter(colour, 0.16), darker(colour, 0.16), colour))


def _city(pen: Pen, stage: Stage, dice: Dice) -> None:
    night = stage.time == "night"
    walls: tuple[RGB, ...] = ((58, 64, 118), (40, 46, 92), (26, 30, 66))
    for layer, (low, high) in enumerate(((0.34, 0.62), (0.24, 0.48), (0.14, 0.28))):
        wall = (
            walls[layer] if night else mix(darker(stage.far, 0.16 * layer), stage.sky[-1], 0.4 - 0.2 * layer)
        )
        x = -0.03
        while x < 1.0:
            wide, tall = dice.real(0.07, 0.14) * min(1.0, 1.2 / ratio(pen)), dice.real(low, high)
            top = QUAY - tall
            pen.rect(x, top, wide, tall, wall)
            pen.rect(x + wide * 0.74, top, wide * 0.26, tall, darker(wall, 0.18))
            if dice.real() < 0.35:
                pen.rect(x + wide * 0.46, top - 0.05, wide * 0.05, 0.055, wall)
            elif dice.real() < 0.4:
                pen.shape([(x, top + 0.001), (x + wide / 2, top - 0.04), (x + wide, top + 0.001)], wall)
            _windows(pen, (x, top, wide), stage, dice, layer)
            x += wide + dice.real(-0.012, 0.01)
    _quay(pen, stage, dice)


def _quay(pen: Pen, stage: Stage, dice: Dice) -> None:
    """The water in front of a town, with its lights in it."""
    water = mix(stage.sky[-1], (26, 44, 92), 0.62 if stage.time != "day" else 0.4)
    for row in range(10):
        y = QUAY + (1 - QUAY) * row / 10
        pen.rect(0, y, 1, (1 - QUAY) / 10 + 0.003, mix(water, darker(water, 0.4), row / 10))
    pen.rect(0, QUAY - 0.012, 1, 0.014, darker(stage.far, 0.4))
    shine = (255, 214, 124) if stage.time != "day" else (255, 255, 255)
    for _ in range(46):
        x, y, wide = dice.real(), QUAY + 0.012 + (1 - QUAY) * 0.9 * dice.real(), dice.real(0.012, 0.04)
        pen.oval(x, y, wide / 2, 0.0022, shine, 0.4)


def _windows(pen: Pen, block: tuple[float, float, float], stage: Stage, dice: Dice, layer: int) -> None:
    x, top, wide = block
    lit: RGB = (255, 214, 124) if stage.time != "day" else mix(stage.sky[0], (255, 255, 255), 0.3)
    columns = max(2, round(wide / 0.026))
    cell = wide / columns
    row = top + 0.02
    while row < QUAY - 0.03:
        for column in range(columns):
            if dice.real() < (0.46 if stage.time != "day" else 0.85):
                pen.rect(x + cell * (column + 0.26), row, cell * 0.46, 0.015, lit, 0.3 + 0.32 * layer)
        row += 0.036


def country(pen: Pen, scene: Scene, stage: Stage, dice: Dice) -> None:
    """Everything from the horizon down, far things first."""
    settings, line = scene.settings, stage.horizon
    if "mountains" in settings:
        _mountains(pen, stage, dice, low=line + 0.04)
    elif stage.place in {"land", "desert"} and "city" not in settings:
        ridge(pen, line - 0.02, 0.07, stage.far, dice)
    if "city" in settings:
        _city(pen, stage, dice)
        return
    if stage.place in {"sea", "beach"}:
        _shore(pen, scene, stage, dice)
        return
    if stage.place == "desert":
        for y, colour in (
            (line + 0.06, (230, 178, 116)),
            (line + 0.16, (218, 158, 98)),
            (line + 0.27, (240, 196, 134)),
        ):
            ridge(pen, y, 0.05, stage.light(colour), dice)
        return
    _fields(pen, scene, stage, dice)


def _shore(pen: Pen, scene: Scene, stage: Stage, dice: Dice) -> None:
    _sea(pen, stage, dice, shore=0.8 if stage.place == "beach" else 1.01)
    if stage.place == "sea" and _has_land(scene):
        ridge(pen, 0.76, 0.03, stage.light(darker(stage.near, 0.1)), dice)
        ridge(pen, 0.79, 0.03, stage.near, dice)
    if stage.place == "beach":
        ridge(pen, 0.8, 0.025, stage.light((252, 248, 236)), dice)
        ridge(pen, 0.815, 0.025, stage.light((236, 210, 164)), dice)


def _fields(pen: Pen, scene: Scene, stage: Stage, dice: Dice) -> None:
    settings, line = scene.settings, stage.horizon
    forest = "forest" in settings
    wooded = forest or "trees" in settings or scene.season in {"winter", "autumn"}
    ridge(pen, line + 0.06, 0.045, stage.mid, dice)
    if forest:
        _trees(pen, scene, stage, dice, many=13, foot=line + 0.1, tall=0.4, haze=0.55)
    if wooded:
        _trees(
            pen,
            scene,
            stage,
            dice,
            many=11 if forest else 8,
            foot=line + 0.13,
            tall=0.36 if forest else 0.18,
            haze=0.28 if forest else 0.34,
        )
    ridge(pen, line + 0.14, 0.03, mix(stage.mid, stage.near, 0.6), dice)
    if forest:
        _trees(pen, scene, stage, dice, many=5, foot=line + 0.2, tall=0.5, haze=0.08)
    if "village" in settings:
        _village(pen, stage, dice)
    ridge(pen, line + 0.22, 0.025, stage.near, dice)
    _ground(pen, scene, stage, dice)


def _has_land(scene: Scene) -> bool:
    homes = {kind_of(thing.kind, thing.noun).home for thing in scene.things if thing.kind != "lighthouse"}
    return "ground" in homes and "sea" not in homes


def _village(pen: Pen, stage: Stage, dice: Dice) -> None:
    for index in range(5):
        high = dice.real(0.15, 0.2) * pen.box[3]
        x = (index + dice.real(0.3, 0.7)) / 5
        box = (x * pen.box[2] - high * 0.55, (stage.horizon + 0.19) * pen.box[3] - high, high * 1.1, high)
        wall = dice.pick(((240, 222, 190), (226, 200, 176), (222, 214, 206)))
        objects.house(Pen(pen.image, box, stage.light), Tones.of(wall))


def _ground(pen: Pen, scene: Scene, stage: Stage, dice: Dice) -> None:
    """Small marks that keep the foreground from being empty."""
    snowy = scene.season == "winter"
    blade = darker(stage.near, 0.14) if not snowy else mix(stage.near, (120, 150, 190), 0.25)
    for _ in range(26):
        y = stage.horizon + 0.24 + (0.74 - stage.horizon) * dice.real() ** 0.8
        x, size = dice.real(), 0.006 + 0.016 * (y - stage.horizon)
        if snowy:
            pen.oval(x, y, size * 2.4, size * 0.35, blade, 0.5)
            continue
        for lean in (-0.6, 0.0, 0.6):
            pen.shape(
                [
                    (x + lean * size * 0.4 - size * 0.16, y),
                    (x + lean * size, y - size * 1.5),
                    (x + lean * size * 0.4 + size * 0.16, y),
                ],
                blade,
            )
    if scene.season in {"spring", "autumn"} or "meadow" in scene.settings:
        colours = (
            ((206, 104, 52), (224, 160, 70), (176, 70, 50))
            if scene.season == "autumn"
            else ((250, 220, 120), (244, 160, 180), (252, 250, 244))
        )
        for _ in range(34):
            y = stage.horizon + 0.26 + 0.14 * dice.real()
            pen.oval(dice.real(), y, 0.006, 0.004, stage.light(dice.pick(colours)))
