"""Draws a Scene as a picture."""

from __future__ import annotations

from PIL import Image

from . import backdrop, styles
from .colours import COLOURS, RGB, from_hsv, hsv, luminance, mix, readable_on
from .dice import Dice
from .groups import Placed
from .layout import arrange
from .lettering import sign, write
from .pen import Pen, Tones
from .scene import Scene
from .stage import Stage, set_stage
from .things import kind_of

SHARPEST = 1_700_000
RED_FOX: RGB = (208, 74, 36)
_PALETTES: tuple[tuple[RGB, ...], ...] = (
    ((222, 94, 76), (62, 124, 152), (240, 178, 76), (92, 148, 118), (142, 98, 148)),
    ((52, 110, 140), (232, 130, 82), (226, 188, 92), (108, 142, 110), (186, 84, 96)),
    ((200, 84, 92), (84, 120, 168), (238, 166, 98), (72, 146, 140), (120, 96, 150)),
    ((46, 126, 122), (238, 144, 92), (96, 104, 160), (226, 192, 96), (204, 96, 110)),
)


def draw(scene: Scene, size: tuple[int, int]) -> Image.Image:
    """Draw a scene as an RGB picture of that size, with the mark in its corner."""
    return sign(unsigned(scene, size))


def unsigned(scene: Scene, size: tuple[int, int]) -> Image.Image:
    """Draw a scene without the mark."""
    if scene.style in styles.REDRAWN:
        work = styles.work_size(size)
        return styles.apply(scene.style, _flat(scene, work), key=scene.key, size=size)
    return _flat(scene, size)


def _flat(scene: Scene, size: tuple[int, int]) -> Image.Image:
    """Draw at twice or three times the size and shrink, which makes the edges smooth."""
    pixels = size[0] * size[1]
    times = 3 if pixels <= 700_000 else 2 if pixels <= SHARPEST * 3 else 1
    large = Image.new("RGB", (size[0] * times, size[1] * times))
    stage = set_stage(scene)
    backdrop.paint(large, scene, stage)
    if scene.style == "poster" or (scene.lettering and not scene.things and stage.place == "plain"):
        styles.rays(large, stage.sky[-1], scene.key)
    things(large, scene, stage)
    if scene.style not in {"ink", "pencil", "blueprint"}:
        backdrop.weather(large, scene, stage)
    picture = large.reduce(times) if times > 1 else large
    _letters(picture, scene, stage)
    return picture


def things(image: Image.Image, scene: Scene, stage: Stage) -> None:
    """Draw the things of a scene over what is there."""
    for number, placed in enumerate(arrange(scene, stage, image.size)):
        if placed.shadow:
            _shadow(image, placed, stage)
        kind = kind_of(placed.thing.kind, placed.thing.noun)
        tones = Tones.of(thing_colour(placed, scene, stage, number))
        shines = placed.thing.kind in {"star", "heart"} and placed.depth == 0.2
        light = (lambda colour: colour) if shines else stage.light
        pen = Pen(image, placed.box, light, flip=placed.flip)
        kind.draw(pen, tones)
        if placed.thing.kind == "motif":
            left, top, wide, high = placed.box
            ink = readable_on(stage.sky[-1]) if stage.place == "plain" else (255, 252, 244)
            halo = None if stage.place == "plain" else mix(stage.near, (20, 20, 40), 0.5)
            write(image, placed.thing.noun, (left, top + high * 1.01, wide, high * 0.11), ink, halo=halo)


def thing_colour(placed: Placed, scene: Scene, stage: Stage, number: int) -> RGB:
    """Choose the colour of a thing: as asked, its own, or one of the palette that stands out."""
    if placed.thing.kind == "fox" and placed.thing.colour == COLOURS["red"]:
        return RED_FOX
    if placed.thing.colour is not None:
        return placed.thing.colour
    if placed.thing.kind == "pine" and scene.season == "autumn":
        return (96, 120, 78)
    if placed.thing.kind == "tree" and scene.season in {"autumn", "spring"}:
        return (214, 122, 56) if scene.season == "autumn" else (240, 172, 188)
    own = kind_of(placed.thing.kind, placed.thing.noun).colour
    if own is not None:
        return own
    palette = scene.colours or Dice("palette", scene.key, scene.seed).pick(_PALETTES)
    group = scene.things.index(placed.thing)
    colour = palette[group % len(palette)]
    under = stage.sky[-1]
    if abs(luminance(colour) - luminance(under)) < 40:
        hue, saturation, _ = hsv(colour)
        return from_hsv(hue, saturation, 0.45 if luminance(under) > 128 else 0.95)
    return colour


def _shadow(image: Image.Image, placed: Placed, stage: Stage) -> None:
    left, top, wide, high = placed.box
    pen = Pen(image, (left, top + high - wide * 0.06, wide, wide * 0.12), lambda colour: colour)
    dark = mix(stage.near, (24, 24, 66), 0.62)
    pen.oval(0.52, 0.5, 0.56, 0.44, dark, 0.16)
    pen.oval(0.5, 0.48, 0.44, 0.34, dark, 0.24)


def _letters(image: Image.Image, scene: Scene, stage: Stage) -> None:
    if not scene.lettering:
        return
    wide, high = image.size
    text = " ".join(scene.lettering)
    if scene.things or scene.settings:
        box = (wide * 0.08, high * 0.045, wide * 0.84, high * 0.145)
    else:
        box = (wide * 0.1, high * 0.24, wide * 0.8, high * 0.5)
    sample = image.crop((int(box[0]), int(box[1]), int(box[0] + box[2]), int(box[1] + box[3]))).resize((1, 1))
    pixel = sample.getpixel((0, 0))
    under = (int(pixel[0]), int(pixel[1]), int(pixel[2])) if isinstance(pixel, tuple) else stage.sky[0]
    write(
        image,
        text,
        box,
        scene.colours[0] if scene.colours else readable_on(under),
        halo=under if scene.settings else None,
    )
