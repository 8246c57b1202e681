"""Ways of making one picture out of several."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter, ImageOps


def beside(pictures: Sequence[Image.Image]) -> Image.Image:
    """Put pictures next to each other at one height."""
    high = min(max(picture.height for picture in pictures), 2048)
    scaled = [ImageOps.contain(picture, (100_000, high)) for picture in pictures]
    return _row(scaled, vertical=False)


def stacked(pictures: Sequence[Image.Image]) -> Image.Image:
    """Put pictures one above the other at one width."""
    wide = min(max(picture.width for picture in pictures), 2048)
    scaled = [ImageOps.contain(picture, (wide, 100_000)) for picture in pictures]
    return _row(scaled, vertical=True)


def _row(pictures: list[Image.Image], *, vertical: bool) -> Image.Image:
    gap = max(2, pictures[0].width // 64)
    if vertical:
        size = (max(p.width for p in pictures), sum(p.height for p in pictures) + gap * (len(pictures) - 1))
    else:
        size = (sum(p.width for p in pictures) + gap * (len(pictures) - 1), max(p.height for p in pictures))
    sheet = Image.new("RGB", size, (250, 247, 240))
    at = 0
    for picture in pictures:
        sheet.paste(picture, (0, at) if vertical else (at, 0))
        at += (picture.height if vertical else picture.width) + gap
    return sheet


def collage(pictures: Sequence[Image.Image]) -> Image.Image:
    """Put pictures in a grid of equal cells."""
    across = max(1, round(len(pictures) ** 0.5 + 0.2))
    rows = -(-len(pictures) // across)
    wide, high = pictures[0].size
    gap = max(2, wide // 40)
    sheet = Image.new("RGB", (across * (wide + gap) + gap, rows * (high + gap) + gap), (250, 247, 240))
    for index, picture in enumerate(pictures):
        row, column = divmod(index, across)
        sheet.paste(
            ImageOps.fit(picture, (wide, high)), (gap + column * (wide + gap), gap + row * (high + gap))
        )
    return ImageOps.contain(sheet, (max(wide, 1024), max(high, 1024)))


def blend(pictures: Sequence[Image.Image]) -> Image.Image:
    """Lay pictures over each other like a double exposure."""
    made = pictures[0]
    for number, picture in enumerate(pictures[1:], start=2):
        made = Image.blend(made, ImageOps.fit(picture, made.size), 1 / number)
    return made


def put_on(front: Image.Image, back: Image.Image, place: tuple[float, float] = (0.5, 0.6)) -> Image.Image:
    """Lay one picture on another like a print with a white edge and a shadow."""
    made = back.copy()
    small = ImageOps.contain(front, (max(8, back.width * 46 // 100), max(8, back.height * 52 // 100)))
    edge = max(2, back.width // 110)
    card = ImageOps.expand(small, edge, (252, 250, 244))
    x = round(min(max(place[0] * back.width - card.width / 2, 0), back.width - card.width))
    y = round(min(max(place[1] * back.height - card.height / 2, 0), back.height - card.height))
    shade = Image.new("L", back.size)
    ImageDraw.Draw(shade).rectangle(
        (x + edge, y + edge, x + card.width + edge, y + card.height + edge), fill=120
    )
    soft = shade.resize((max(1, back.width // 4), max(1, back.height // 4))).filter(
        ImageFilter.GaussianBlur(max(1, edge / 2))
    )
    made.paste((16, 16, 34), (0, 0), soft.resize(back.size))
    made.paste(card, (x, y))
    return made
