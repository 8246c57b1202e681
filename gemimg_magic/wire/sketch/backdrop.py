"""Paints what is behind and around the things: sky, hills, water, town, table, and the weather in front."""

from __future__ import annotations

from PIL import Image

from . import nature
from .colours import RGB, darker, lighter, mix
from .country import country, ratio, ridge
from .dice import Dice
from .pen import Pen, Tones
from .scene import Scene
from .stage import Stage


def gradient(size: tuple[int, int], colours: tuple[RGB, ...], *, angle: str = "down") -> Image.Image:
    """Return a soft run of colours, straight down or from corner to corner."""
    if len(colours) == 1:
        return Image.new("RGB", size, colours[0])
    steps = 256
    strip = Image.new("RGB", (1, steps))
    for row in range(steps):
        along = row / (steps - 1) * (len(colours) - 1)
        first = min(int(along), len(colours) - 2)
        strip.putpixel((0, row), mix(colours[first], colours[first + 1], along - first))
    if angle == "down":
        return strip.resize(size, Image.Resampling.BILINEAR)
    wide, high = size
    square = strip.resize((steps, steps), Image.Resampling.BILINEAR)
    turn = (0.0, 0.0, 0.0, steps * 0.5 / wide, steps * 0.5 / high, 0.0)
    return square.transform((wide, high), Image.Transform.AFFINE, turn, Image.Resampling.BILINEAR)


def paint(image: Image.Image, scene: Scene, stage: Stage) -> None:
    """Paint everything that stands behind the things."""
    dice = Dice("backdrop", scene.key, scene.seed)
    diagonal = bool(scene.gradient) and stage.place == "plain"
    image.paste(gradient(image.size, stage.sky, angle="diagonal" if diagonal else "down"))
    pen = Pen(image, (0.0, 0.0, float(image.width), float(image.height)), lambda colour: colour)
    if stage.place == "plain":
        _paper(pen, scene, stage, dice)
        return
    if stage.place == "room":
        _room(pen, stage)
        return
    if stage.place == "underwater":
        _underwater(pen, stage, dice)
        return
    _heaven(pen, scene, stage, dice)
    if stage.place == "space":
        _space(pen, stage, dice)
        return
    country(pen, scene, stage, dice)


def _paper(pen: Pen, scene: Scene, stage: Stage, dice: Dice) -> None:
    if scene.gradient or scene.style == "blueprint" or (scene.lettering and not scene.things):
        return
    tone = mix(stage.sky[-1], (255, 255, 255), 0.4)
    reach = min(0.44, 0.44 / ratio(pen)) if scene.things else 0.3
    pen.disc(0.5, 0.5, reach, tone, 0.55)
    for _ in range(5):
        x, y, size = dice.real(0.05, 0.95), dice.real(0.05, 0.95), dice.real(0.006, 0.014)
        pen.disc(x, y, size, darker(stage.sky[-1], 0.14), 0.5)


def _room(pen: Pen, stage: Stage) -> None:
    wall = stage.sky[-1]
    pen.disc(0.5, stage.horizon - 0.1, min(0.38, 0.4 / ratio(pen)), lighter(wall, 0.5), 0.7)
    pen.rect(0, stage.horizon, 1, 1 - stage.horizon, stage.near)
    pen.rect(0, stage.horizon, 1, 0.012, lighter(stage.near, 0.3))
    for row in range(1, 4):
        y = stage.horizon + (1 - stage.horizon) * (row / 4) ** 1.3
        pen.rect(0, y, 1, 0.004, darker(stage.near, 0.12), 0.6)


def _underwater(pen: Pen, stage: Stage, dice: Dice) -> None:
    for _ in range(5):
        x, wide = dice.real(0, 0.9), dice.real(0.04, 0.1)
        pen.shape(
            [(x, 0), (x + wide, 0), (x + wide * 2.4 - 0.15, 0.9), (x - 0.15, 0.9)], (220, 250, 250), 0.07
        )
    ridge(pen, 0.86, 0.05, stage.mid, dice)
    ridge(pen, 0.92, 0.02, stage.light(stage.near), dice)
    for _ in range(9):
        x, tall = dice.real(0.02, 0.98), dice.real(0.1, 0.24)
        colour = dice.pick(((44, 140, 116), (36, 116, 110), (206, 98, 108)))
        pen.curve(
            [
                (x, 0.97),
                (x + 0.02, 0.97 - tall * 0.4),
                (x - 0.015, 0.97 - tall * 0.7),
                (x + 0.01, 0.97 - tall),
            ],
            0.014,
            colour,
        )
    for _ in range(22):
        pen.disc(dice.real(), dice.real(0.05, 0.85), dice.real(0.003, 0.011), (230, 250, 252), 0.4)


def _heaven(pen: Pen, scene: Scene, stage: Stage, dice: Dice) -> None:
    """Sun, moon, stars and clouds of the sky itself."""
    asked = {thing.kind for thing in scene.things}
    side = 0.22 if dice.real() < 0.5 else 0.78
    if stage.time == "night" or stage.place == "space":
        for _ in range(90):
            y = dice.real(0.0, 0.98 if stage.place == "space" else stage.horizon - 0.06)
            pen.disc(dice.real(), y, dice.real(0.0008, 0.0026), (250, 246, 226), dice.real(0.4, 1.0))
        if stage.place != "space" and not asked & {"moon", "crescent", "sun", "star"}:
            nature.moon(_square(pen, side, 0.2, 0.24), Tones.of((250, 240, 206)))
    elif stage.time in {"sunset", "dawn"} and "sun" not in asked:
        size = 0.17 if stage.time == "sunset" else 0.12
        where = stage.horizon - 0.08
        for reach, alpha in ((2.6, 0.08), (1.9, 0.1), (1.4, 0.14)):
            pen.disc(
                0.5 + (side - 0.5) * 0.5, where, size * reach / max(1.0, ratio(pen)), (255, 226, 150), alpha
            )
        pen.disc(0.5 + (side - 0.5) * 0.5, where, size / max(1.0, ratio(pen)), (255, 232, 170))
    elif "sun" not in asked and "rain" not in scene.weather and stage.place != "space":
        for reach, alpha in ((0.12, 0.16), (0.095, 0.25), (0.072, 1.0)):
            pen.disc(side, 0.2, reach / max(1.0, ratio(pen) ** 0.6), (255, 244, 210), alpha)
    if stage.place != "space" and stage.time != "night":
        _clouds(pen, scene, stage, dice, 1.0 - side)


def _square(pen: Pen, x: float, y: float, size: float) -> Pen:
    wide = size * min(pen.box[2], pen.box[3])
    return Pen(pen.image, (x * pen.box[2] - wide / 2, y * pen.box[3] - wide / 2, wide, wide), pen.light)


def _clouds(pen: Pen, scene: Scene, stage: Stage, dice: Dice, side: float) -> None:
    many = 6 if "clouds" in scene.weather or "rain" in scene.weather else 3
    white = mix(stage.sky[1], (255, 255, 255), 0.62)
    if "rain" in scene.weather:
        white = mix(stage.sky[1], (120, 128, 144), 0.5)
    for index in range(many):
        x = side if index == 0 else dice.real(0.05, 0.95)
        y, wide = dice.real(0.08, 0.34), dice.real(0.14, 0.24)
        box = (
            x * pen.box[2] - wide * pen.box[2] / 2,
            y * pen.box[3],
            wide * pen.box[2],
            wide * pen.box[2] * 0.42,
        )
        nature.cloud(
            Pen(pen.image, box, pen.light),
            Tones(white, lighter(white, 0.4), mix(white, stage.sky[0], 0.3), white),
        )


def _space(pen: Pen, stage: Stage, dice: Dice) -> None:
    for colour in ((150, 84, 170), (70, 110, 190)):
        x, y = dice.real(0.1, 0.9), dice.real(0.1, 0.8)
        for reach in (0.36, 0.26, 0.16):
            pen.disc(x, y, reach, colour, 0.06)
    tone = dice.pick(((206, 130, 96), (112, 160, 176), (190, 150, 190)))
    nature.planet(_square(pen, dice.pick((0.16, 0.84)), dice.real(0.74, 0.84), 0.3), Tones.of(tone))


def weather(image: Image.Image, scene: Scene, stage: Stage) -> None:
    """Paint the weather in front of everything."""
    if stage.place not in {"land", "sea", "beach", "desert"} and not (
        scene.weather and stage.place == "plain"
    ):
        return
    dice = Dice("weather", scene.key, scene.seed)
    pen = Pen(image, (0.0, 0.0, float(image.width), float(image.height)), lambda colour: colour)
    if "snow" in scene.weather:
        for _ in range(130):
            pen.disc(
                dice.real(), dice.real(), dice.real(0.0015, 0.0058), (255, 255, 255), dice.real(0.55, 0.95)
            )
    if "rain" in scene.weather:
        for _ in range(150):
            x, y, long = dice.real(-0.05, 1), dice.real(-0.05, 1), dice.real(0.025, 0.06)
            pen.line([(x, y), (x - long * 0.25, y + long)], 0.0016, (226, 236, 246), 0.5)
    if "fog" in scene.weather:
        for _ in range(7):
            y, tall = dice.real(0.3, 0.9), dice.real(0.03, 0.08)
            pen.oval(
                dice.real(), y, dice.real(0.3, 0.6), tall, mix(stage.sky[-1], (255, 255, 255), 0.4), 0.28
            )
