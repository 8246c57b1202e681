"""Pictures made of lines: ink, pencil, blueprint and neon."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from .dice import Dice
from .texture import edges, hatch, tile, wobble


def ink(image: Image.Image, dice: Dice) -> Image.Image:
    """Black lines and hatching on paper."""
    size, unit = image.size, max(image.size) / 1024
    bent = wobble(image, dice, cells=30, reach=1.6 * unit)
    grey = ImageOps.autocontrast(ImageOps.grayscale(bent).filter(ImageFilter.GaussianBlur(1.2 * unit)))
    page = Image.new("L", size, 255)
    for limit, slope, gap in ((140, 1, 9), (92, -1, 9), (52, 1, 5)):
        lines = hatch(size, slope, max(3, round(gap * unit)), max(1, round(1.4 * unit)))
        page.paste(
            lines,
            (0, 0),
            ImageChops.multiply(
                grey.point(lambda v, limit=limit: 255 if v < limit else 0), ImageOps.invert(lines)
            ),
        )
    line = edges(bent, thick=5 if unit > 0.7 else 3).point(lambda v: max(0, min(255, (v - 14) * 12)))
    page.paste(0, (0, 0), line.filter(ImageFilter.GaussianBlur(0.6)))
    return ImageOps.colorize(page, (30, 28, 38), (250, 246, 236))


def blueprint(image: Image.Image, dice: Dice) -> Image.Image:
    """White lines on a blue sheet with a grid and a title block."""
    size, unit = image.size, max(image.size) / 1024
    sheet = Image.new("RGB", size, (24, 70, 134))
    pen = ImageDraw.Draw(sheet)
    step = max(8, min(size) // 32)
    for number, x in enumerate(range(0, size[0], step)):
        pen.line((x, 0, x, size[1]), fill=(52, 104, 168) if number % 4 == 0 else (33, 81, 145))
    for number, y in enumerate(range(0, size[1], step)):
        pen.line((0, y, size[0], y), fill=(52, 104, 168) if number % 4 == 0 else (33, 81, 145))
    line = edges(image, thick=5 if unit > 0.7 else 3).point(lambda v: max(0, min(255, (v - 12) * 9)))
    sheet.paste((230, 242, 255), (0, 0), line)
    gap = min(size) * 0.03
    pen.rectangle(
        (gap, gap, size[0] - gap, size[1] - gap), outline=(214, 232, 252), width=max(1, round(3 * unit))
    )
    _measures(pen, size, gap * 2.1, max(1, round(2 * unit)))
    return sheet


def _measures(pen: ImageDraw.ImageDraw, size: tuple[int, int], gap: float, thick: int) -> None:
    wide, high = size
    ink_colour = (170, 204, 240)
    tick = min(size) * 0.012
    for start, end in (
        ((gap * 1.6, high - gap), (wide - gap * 5, high - gap)),
        ((gap, gap * 1.6), (gap, high - gap * 1.6)),
    ):
        pen.line((*start, *end), fill=ink_colour, width=thick)
        for x, y in (start, end):
            pen.line((x - tick, y - tick, x + tick, y + tick), fill=ink_colour, width=thick)


def neon(image: Image.Image, dice: Dice) -> Image.Image:
    """Glowing lines in the dark."""
    unit = max(image.size) / 1024
    line = edges(image, thick=5 if unit > 0.7 else 3).point(lambda v: max(0, min(255, (v - 10) * 6)))
    vivid = ImageEnhance.Color(image.filter(ImageFilter.MaxFilter(3))).enhance(2.6)
    vivid = ImageChops.screen(vivid, Image.new("RGB", image.size, (40, 0, 70)))
    dark = Image.blend(Image.new("RGB", image.size, (12, 8, 30)), ImageEnhance.Color(image).enhance(1.6), 0.1)
    lit = Image.composite(vivid, Image.new("RGB", image.size), line)
    small = lit.resize((max(1, image.width // 4), max(1, image.height // 4)), Image.Resampling.BOX)
    near = small.filter(ImageFilter.GaussianBlur(2.2 * unit)).resize(image.size, Image.Resampling.BILINEAR)
    far = small.filter(ImageFilter.GaussianBlur(9 * unit)).resize(image.size, Image.Resampling.BILINEAR)
    glow = ImageChops.screen(
        ImageEnhance.Brightness(near).enhance(1.5), ImageEnhance.Brightness(far).enhance(1.6)
    )
    return ImageChops.screen(ImageChops.screen(dark, glow), lit)


def pencil(image: Image.Image, dice: Dice) -> Image.Image:
    """Graphite with soft shading and the grain of the paper."""
    size, unit = image.size, max(image.size) / 1024
    grey = ImageOps.grayscale(wobble(image, dice, cells=34, reach=1.8 * unit))
    line = edges(Image.merge("RGB", (grey, grey, grey)), thick=5 if unit > 0.7 else 3)
    strokes = hatch(size, -1, max(3, round(5 * unit)), max(1, round(2 * unit))).filter(
        ImageFilter.GaussianBlur(0.7)
    )
    shade = grey.point(lambda v: 255 - max(0, 232 - v) * 4 // 9)
    textured = ImageChops.lighter(
        shade, strokes.point(lambda v: 255 - (255 - v) // 2).point(lambda v: v - 20)
    )
    page = ImageChops.darker(
        Image.blend(shade, textured, 0.75),
        ImageOps.invert(line.point(lambda v: max(0, min(205, (v - 8) * 7)))),
    )
    grain = tile(size, dice).point(lambda v: 226 + v * 29 // 255 // 6 * 6)
    return ImageOps.colorize(ImageChops.multiply(page, grain), (46, 46, 54), (252, 250, 244))
