"""Pictures painted with a brush: watercolour and oil."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from .dice import Dice
from .texture import edges, noise, tile, wobble


def watercolour(image: Image.Image, dice: Dice) -> Image.Image:
    """Washes that pool, dark rims, and paper that shows at the edge."""
    size, unit = image.size, max(image.size) / 1024
    bent = wobble(image, dice, cells=40, reach=4.2 * unit)
    wash = bent.filter(ImageFilter.GaussianBlur(1.6 * unit))
    rim = edges(wash).point(lambda v: min(90, v)).filter(ImageFilter.GaussianBlur(1.1 * unit))
    pool = ImageChops.blend(noise(size, 6, dice), noise(size, 26, dice), 0.3)
    paper = Image.new("RGB", size, (251, 248, 240))
    pale = Image.blend(ImageEnhance.Color(wash).enhance(1.12), paper, 0.2)
    thin = pool.point(lambda v: max(0, min(150, int((v - 118) * 1.0))))
    painted = Image.composite(Image.blend(pale, paper, 0.55), pale, thin)
    thick = pool.point(lambda v: max(0, min(80, int((112 - v) * 0.9))))
    painted = Image.composite(ImageChops.multiply(painted, painted), painted, thick)
    dark = ImageEnhance.Brightness(painted).enhance(0.66)
    painted = Image.composite(dark, painted, rim)
    grain = (
        tile(size, dice).filter(ImageFilter.GaussianBlur(0.8)).point(lambda v: 236 + (v * 19 // 255) // 4 * 4)
    )
    painted = ImageChops.multiply(painted, Image.merge("RGB", (grain, grain, grain)))
    return Image.composite(painted, paper, _ragged(size, dice))


def _ragged(size: tuple[int, int], dice: Dice) -> Image.Image:
    """Return a mask with an uneven border, where the brush stopped."""
    gap = min(size) * 0.045
    inner = Image.new("L", size)
    ImageDraw.Draw(inner).rectangle((gap, gap, size[0] - gap, size[1] - gap), fill=255)
    soft = (
        inner.resize((max(1, size[0] // 8), max(1, size[1] // 8)))
        .filter(ImageFilter.GaussianBlur(gap / 10))
        .resize(size)
    )
    rough = ImageChops.blend(noise(size, 14, dice), noise(size, 60, dice), 0.3)
    both = ImageChops.add(soft, rough, 2.0)
    return both.point(lambda v: max(0, min(255, (v - 92) * 9)))


def oil(image: Image.Image, dice: Dice) -> Image.Image:
    """Brush strokes, large ones first, that follow the shapes."""
    unit = max(image.size) / 1024
    soft = image.filter(ImageFilter.GaussianBlur(4 * unit))
    canvas = ImageEnhance.Brightness(soft).enhance(0.9)
    detail = edges(image, thick=5)
    for long, thick, many in ((40, 15, 3000), (22, 8, 4000), (10, 3.4, 9000)):
        source = image.filter(ImageFilter.GaussianBlur(thick * 0.22 * unit))
        _strokes(canvas, source, detail, dice, (long * unit, thick * unit, many))
    relief = (
        ImageOps.grayscale(canvas)
        .filter(ImageFilter.EMBOSS)
        .point(lambda v: max(0, min(255, 128 + (v - 128) // 3)))
    )
    lit = ImageChops.overlay(canvas, Image.merge("RGB", (relief, relief, relief)))
    return ImageEnhance.Color(lit).enhance(1.12)


def _strokes(
    canvas: Image.Image, source: Image.Image, detail: Image.Image, dice: Dice, brush: tuple[float, float, int]
) -> None:
    long, thick, many = brush
    wide, high = canvas.size
    pen = ImageDraw.Draw(canvas)
    colours, change = source.tobytes(), detail.tobytes()
    raw = dice.bytes(many * 6)
    for index in range(many):
        a, b, c, d, e, f = raw[index * 6 : index * 6 + 6]
        x, y = (a * 256 + b) * wide // 65536, (c * 256 + d) * high // 65536
        busy = change[y * wide + x] > 40
        if busy if thick > 6 else not busy and e > 70:
            continue
        at = (y * wide + x) * 3
        red, green, blue = colours[at : at + 3]
        shift = (e - 128) // 9
        angle = 0.5 * math.sin(x / wide * 5.0) + 0.7 * math.cos(y / high * 4.0) + (f - 128) / 420
        dx, dy = math.cos(angle) * long / 2, math.sin(angle) * long / 2
        pen.line(
            (x - dx, y - dy, x + dx, y + dy),
            fill=(red + shift, green + shift, blue + shift),
            width=max(1, int(thick * (0.6 + f / 420))),
        )
