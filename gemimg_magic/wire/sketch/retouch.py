"""Changes to a picture: each takes a picture and gives a changed one, and knows nothing of words."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from .colours import RGB, hsv, luminance, mix, readable_on
from .lettering import write

Size = tuple[int, int]


def grey(image: Image.Image) -> Image.Image:
    """Take the colour out."""
    return ImageOps.grayscale(image).convert("RGB")


def sepia(image: Image.Image) -> Image.Image:
    """Brown tones, as on an old photograph."""
    return ImageOps.colorize(ImageOps.grayscale(image), (38, 24, 14), (255, 240, 208), (164, 122, 82))


def tint(image: Image.Image, colour: RGB, share: float = 0.85) -> Image.Image:
    """Draw the whole picture in the tones of one colour."""
    dark, light = mix(colour, (8, 8, 20), 0.84), mix(colour, (255, 255, 255), 0.88)
    toned = ImageOps.colorize(ImageOps.grayscale(image), dark, light, colour, midpoint=128)
    return Image.blend(image, toned, share)


def recolour(image: Image.Image, colour: RGB, wanted: RGB | None = None) -> Image.Image:
    """Give the main coloured thing of a picture another colour, and leave the rest.

    Args:
        image: The picture.
        colour: The new colour.
        wanted: The colour that the thing has now, if it is known.
    """
    hue, saturation, value = image.convert("HSV").split()
    centre = _main_hue(image, wanted)
    if centre is None:
        return tint(image, colour)
    near = hue.point(lambda h: 255 if min((h - centre) % 256, (centre - h) % 256) <= 17 else 0)
    strong = saturation.point(lambda s: max(0, min(255, (s - 84) * 6)))
    mask = ImageChops.multiply(near, strong).filter(ImageFilter.GaussianBlur(0.8))
    new_hue, new_saturation, _ = hsv(colour)
    lift = luminance(colour) / max(60.0, luminance(_mean(image, mask)))
    painted = Image.merge(
        "HSV",
        (
            hue.point(lambda _: round(new_hue * 255)),
            saturation.point(lambda s: min(255, round((s * 0.35 + 160) * new_saturation))),
            value.point(lambda v: max(0, min(255, round(v * min(1.5, max(0.3, lift)))))),
        ),
    ).convert("RGB")
    return Image.composite(painted, image, mask)


def _mean(image: Image.Image, mask: Image.Image) -> RGB:
    small, weights = image.resize((48, 48)), mask.resize((48, 48))
    total, sums = 0, [0, 0, 0]
    for pixel, weight in zip(_pixels(small), weights.tobytes(), strict=True):
        total += weight
        for channel in range(3):
            sums[channel] += pixel[channel] * weight
    return (sums[0] // total, sums[1] // total, sums[2] // total) if total else (128, 128, 128)


def _pixels(image: Image.Image) -> list[RGB]:
    raw = image.convert("RGB").tobytes()
    return [(raw[i], raw[i + 1], raw[i + 2]) for i in range(0, len(raw), 3)]


def _main_hue(image: Image.Image, wanted: RGB | None) -> int | None:
    """Find the hue that counts most: strong colour, near the middle."""
    side = 64
    raw = image.resize((side, side), Image.Resampling.BOX).convert("HSV").tobytes()
    votes = [0.0] * 32
    for index in range(side * side):
        h, s, v = raw[index * 3 : index * 3 + 3]
        x, y = index % side / side - 0.5, index // side / side - 0.5
        if s > 90 and v > 50:
            votes[h // 8] += (s / 255) ** 2 * max(0.05, 1.0 - (x * x + y * y) * 3.2)
    if wanted is not None:
        bin_ = round(hsv(wanted)[0] * 255) // 8 % 32
        close = max((bin_ - 1) % 32, bin_, (bin_ + 1) % 32, key=lambda b: votes[b])
        if votes[close] > 12:
            return close * 8 + 4
    best = max(range(32), key=lambda b: votes[b] + 0.5 * (votes[b - 1] + votes[(b + 1) % 32]))
    return best * 8 + 4 if votes[best] > 6 else None


def bright(image: Image.Image, by: float) -> Image.Image:
    """Make lighter (above 1) or darker, and keep the ends."""
    return image.point([round(255 * (level / 255) ** (1 / by)) for level in range(256)] * 3)


def contrast(image: Image.Image, by: float) -> Image.Image:
    """Pull light and dark apart, or together."""
    return ImageEnhance.Contrast(image).enhance(by)


def vivid(image: Image.Image, by: float) -> Image.Image:
    """Make colours stronger or weaker."""
    return ImageEnhance.Color(image).enhance(by)


def warm(image: Image.Image, by: float) -> Image.Image:
    """Move towards orange (above 0) or blue."""
    red, green, blue = image.split()
    return Image.merge(
        "RGB",
        (
            red.point(lambda v: max(0, min(255, round(v * (1 + 0.16 * by) + 6 * by)))),
            green.point(lambda v: max(0, min(255, round(v * (1 + 0.03 * abs(by)))))),
            blue.point(lambda v: max(0, min(255, round(v * (1 - 0.2 * by) - 4 * by)))),
        ),
    )


def night(image: Image.Image) -> Image.Image:
    """Turn day into night."""
    blue = ImageOps.colorize(ImageOps.grayscale(image), (4, 6, 30), (150, 168, 232))
    shade = Image.new("RGB", image.size, (94, 104, 164))
    return vignette(ImageChops.multiply(Image.blend(image, blue, 0.4), shade), 0.5)


def sunset(image: Image.Image) -> Image.Image:
    """Pour evening light over the picture."""
    glow = Image.linear_gradient("L").resize(image.size)
    sky = ImageOps.colorize(glow, (150, 78, 140), (255, 168, 92))
    return Image.blend(ImageChops.soft_light(image, sky), ImageChops.multiply(image, sky), 0.35)


def vignette(image: Image.Image, strength: float = 0.75) -> Image.Image:
    """Darken towards the corners."""
    fall = Image.radial_gradient("L").resize(image.size).point(lambda v: round(max(0, v - 70) * strength))
    return Image.composite(Image.new("RGB", image.size, (14, 12, 24)), image, fall)


def blur(image: Image.Image) -> Image.Image:
    """Soften everything."""
    return image.filter(ImageFilter.GaussianBlur(max(2.0, max(image.size) / 90)))


def sharpen(image: Image.Image) -> Image.Image:
    """Make edges crisp."""
    return image.filter(
        ImageFilter.UnsharpMask(radius=max(1.5, max(image.size) / 500), percent=220, threshold=1)
    )


def rotate(image: Image.Image, degrees: float) -> Image.Image:
    """Turn clockwise. Quarter turns are exact; other angles keep the size and fill the corners softly."""
    turn = degrees % 360
    quarter = {
        90: Image.Transpose.ROTATE_270,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_90,
    }
    if turn in quarter:
        return image.transpose(quarter[int(turn)])
    if turn == 0:
        return image.copy()
    edge = image.resize((8, 8), Image.Resampling.BOX).getpixel((0, 0))
    fill = (int(edge[0]), int(edge[1]), int(edge[2])) if isinstance(edge, tuple) else (255, 255, 255)
    return image.rotate(-turn, Image.Resampling.BICUBIC, fillcolor=fill)


def crop(image: Image.Image, part: str) -> Image.Image:
    """Cut out a part: middle, square, left, right, top or bottom."""
    wide, high = image.size
    side = min(wide, high)
    boxes = {
        "middle": (wide // 4, high // 4, wide - wide // 4, high - high // 4),
        "square": ((wide - side) // 2, (high - side) // 2, (wide + side) // 2, (high + side) // 2),
        "left": (0, 0, max(1, wide // 2), high),
        "right": (wide // 2, 0, wide, high),
        "top": (0, 0, wide, max(1, high // 2)),
        "bottom": (0, high // 2, wide, high),
    }
    box = boxes[part]
    if part == "square" and wide == high:
        cut = side // 10
        box = (cut, cut, wide - cut, high - cut)
    return image.crop(box) if box[2] > box[0] and box[3] > box[1] else image.copy()


def frame(image: Image.Image, colour: RGB) -> Image.Image:
    """Put a frame with a mat inside the edge; the size stays."""
    made = image.copy()
    bar = max(2, min(image.size) // 18)
    mat = max(1, bar // 4)
    inner = ImageOps.fit(image, (max(1, image.width - bar * 2), max(1, image.height - bar * 2)))
    made.paste(colour, (0, 0, *image.size))
    made.paste(
        mix(colour, (255, 255, 255), 0.6),
        (bar - mat, bar - mat, image.width - bar + mat, image.height - bar + mat),
    )
    made.paste(inner, (bar, bar))
    return made


def caption(image: Image.Image, text: str, *, top: bool, colour: RGB | None = None) -> Image.Image:
    """Write a line of text on a strip at the top or the bottom."""
    made = image.copy()
    strip = max(8, round(image.height * 0.15))
    y = 0 if top else image.height - strip
    paper = made.crop((0, y, image.width, y + strip)).resize((1, 1)).getpixel((0, 0))
    under = (int(paper[0]), int(paper[1]), int(paper[2])) if isinstance(paper, tuple) else (0, 0, 0)
    ground = mix(under, (20, 20, 30) if luminance(under) < 128 else (255, 252, 244), 0.8)
    draw = ImageDraw.Draw(made, "RGBA")
    draw.rectangle((0, y, image.width, y + strip), fill=(*ground, 216))
    inner = (image.width * 0.06, y + strip * 0.12, image.width * 0.88, strip * 0.76)
    write(made, text, inner, colour or readable_on(ground))
    return made


def pixelate(image: Image.Image) -> Image.Image:
    """Show the picture in large squares."""
    share = 56 / max(image.size)
    small = image.resize(
        (max(1, round(image.width * share)), max(1, round(image.height * share))), Image.Resampling.BOX
    )
    return small.resize(image.size, Image.Resampling.NEAREST)


def posterize(image: Image.Image) -> Image.Image:
    """Keep three steps of every colour."""
    return image.point([round(round(level / 255 * 3) / 3 * 255) for level in range(256)] * 3)


def replace_ground(image: Image.Image, colour: RGB, *, down_to: float = 1.0) -> Image.Image:
    """Give what lies behind the things another colour.

    Args:
        image: The picture. What looks like its left or right edge in the same row counts as ground.
        colour: The new colour; light and dark parts stay light and dark.
        down_to: How far down the picture this reaches, 0 to 1.
    """
    wide, high = image.size
    masks = []
    for left in (0, max(0, wide - 2)):
        strip = image.crop((left, 0, min(wide, left + 2), high)).resize((1, high)).resize(image.size)
        red, green, blue = ImageChops.difference(image, strip).split()
        far = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        masks.append(far.point(lambda v: max(0, min(255, (44 - v) * 16))))
    mask = ImageChops.lighter(masks[0], masks[1])
    mask.paste(0, (0, round(high * down_to), wide, high))
    relief = ImageOps.grayscale(image).point(lambda v: 150 + v * 105 // 255)
    painted = ImageChops.multiply(Image.new("RGB", image.size, colour), Image.merge("RGB", (relief,) * 3))
    return Image.composite(painted, image, mask.filter(ImageFilter.GaussianBlur(0.8)))
