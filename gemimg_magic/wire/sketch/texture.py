"""What drawings by hand have and flat pictures lack: grain, wobble, lines and hatching."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .dice import Dice


def noise(size: tuple[int, int], cells: int, dice: Dice) -> Image.Image:
    """Return soft grey noise with about that many cells along the longer side."""
    longer = max(size)
    wide, high = max(2, cells * size[0] // longer), max(2, cells * size[1] // longer)
    grain = Image.frombytes("L", (wide, high), dice.bytes(wide * high))
    return grain.resize(size, Image.Resampling.BICUBIC)


def tile(size: tuple[int, int], dice: Dice) -> Image.Image:
    """Return fine grain, made of one small tile so that it packs well."""
    square = Image.frombytes("L", (128, 128), dice.bytes(128 * 128))
    grain = Image.new("L", size)
    for top in range(0, size[1], 128):
        for left in range(0, size[0], 128):
            grain.paste(square, (left, top))
    return grain


def edges(image: Image.Image, *, thick: int = 3) -> Image.Image:
    """Return how much the picture changes around every pixel: 0 on flat colour."""
    change = ImageChops.subtract(
        image.filter(ImageFilter.MaxFilter(thick)), image.filter(ImageFilter.MinFilter(thick))
    )
    red, green, blue = change.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def wobble(image: Image.Image, dice: Dice, *, cells: int, reach: float) -> Image.Image:
    """Bend the picture a little, as a hand does."""
    wide, high = image.size
    across, down = cells, max(2, cells * high // max(1, wide))
    xs, ys = [wide * i // across for i in range(across + 1)], [high * i // down for i in range(down + 1)]
    bent = {
        (i, j): (
            xs[i] + (dice.real(-reach, reach) if 0 < i < across else 0.0),
            ys[j] + (dice.real(-reach, reach) if 0 < j < down else 0.0),
        )
        for i in range(across + 1)
        for j in range(down + 1)
    }
    mesh = [
        (
            (xs[i], ys[j], xs[i + 1], ys[j + 1]),
            (*bent[i, j], *bent[i, j + 1], *bent[i + 1, j + 1], *bent[i + 1, j]),
        )
        for i in range(across)
        for j in range(down)
        if xs[i + 1] > xs[i] and ys[j + 1] > ys[j]
    ]
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def hatch(size: tuple[int, int], slope: int, gap: int, thick: int) -> Image.Image:
    """Return slanted grey lines on white."""
    lines = Image.new("L", size, 255)
    pen = ImageDraw.Draw(lines)
    wide, high = size
    for start in range(-high, wide + high, gap):
        pen.line((start, 0, start + slope * high, high), fill=40, width=thick)
    return lines
