"""Ways of drawing: each turns a flat picture into the same picture in another hand."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageEnhance

from . import brush, linework
from .colours import RGB, mix
from .dice import Dice

REDRAWN = frozenset({"watercolour", "ink", "pixel", "oil", "blueprint", "neon", "pencil", "poster"})
WORK_PIXELS = 1_300_000


def work_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size at which a style is worked out; larger pictures are scaled up from it."""
    pixels = size[0] * size[1]
    if pixels <= WORK_PIXELS:
        return size
    shrink = math.sqrt(WORK_PIXELS / pixels)
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def apply(
    style: str, image: Image.Image, *, key: str = "", size: tuple[int, int] | None = None
) -> Image.Image:
    """Return the picture in a style, scaled to a size if one is given."""
    size = size or image.size
    work = work_size(image.size)
    picture = image if image.size == work else image.resize(work, Image.Resampling.BOX)
    hands = {
        "watercolour": brush.watercolour,
        "ink": linework.ink,
        "pixel": pixel,
        "oil": brush.oil,
        "blueprint": linework.blueprint,
        "neon": linework.neon,
        "pencil": linework.pencil,
        "poster": poster,
    }
    made = hands[style](picture, Dice(style, key)) if style in hands else picture
    if made.size == size:
        return made
    return made.resize(size, Image.Resampling.NEAREST if style == "pixel" else Image.Resampling.BICUBIC)


def pixel(image: Image.Image, dice: Dice) -> Image.Image:
    """Few large pixels in few colours."""
    cells = 112 if min(image.size) * 2 > max(image.size) else 176
    shrink = cells / max(image.size)
    small = (max(1, round(image.width * shrink)), max(1, round(image.height * shrink)))
    tiny = ImageEnhance.Color(image.resize(small, Image.Resampling.BOX)).enhance(1.25)
    tiny = ImageEnhance.Contrast(tiny).enhance(1.08)
    few = tiny.quantize(36, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    return few.resize(image.size, Image.Resampling.NEAREST)


def poster(image: Image.Image, dice: Dice) -> Image.Image:
    """Few flat inks and a wide border."""
    few = image.quantize(14, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    few = ImageEnhance.Contrast(ImageEnhance.Color(few).enhance(1.25)).enhance(1.06)
    gap = round(min(image.size) * 0.036)
    sheet = Image.new("RGB", image.size, (248, 240, 222))
    inner = few.resize(
        (max(1, image.width - gap * 2), max(1, image.height - gap * 2)), Image.Resampling.BICUBIC
    )
    sheet.paste(inner, (gap, gap))
    return sheet


def rays(image: Image.Image, colour: RGB, key: str) -> None:
    """Paint rays and a frame behind the letters of a poster."""
    dice = Dice("rays", key)
    wide, high = image.size
    pen = ImageDraw.Draw(image, "RGBA")
    ground, beam = dice.pick(
        (
            ((220, 88, 66), (238, 140, 84)),
            ((30, 96, 118), (52, 128, 142)),
            ((238, 178, 76), (248, 206, 122)),
            ((92, 70, 128), (128, 96, 160)),
        )
    )
    share = 1.0
    pen.rectangle((0, 0, wide, high), fill=(*mix(colour, ground, share), 255))
    centre = (wide / 2, high * 0.56)
    reach = wide + high
    for index in range(18):
        a, b = (index * 2) * math.pi / 18, (index * 2 + 1) * math.pi / 18
        pen.polygon(
            [
                centre,
                (centre[0] + reach * math.cos(a), centre[1] + reach * math.sin(a)),
                (centre[0] + reach * math.cos(b), centre[1] + reach * math.sin(b)),
            ],
            fill=beam,
        )
    gap, line = min(image.size) * 0.05, max(1, round(min(image.size) * 0.008))
    pen.rectangle((gap, gap, wide - gap, high - gap), outline=(252, 244, 226), width=line)
