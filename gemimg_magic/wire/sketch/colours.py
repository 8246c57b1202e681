"""Colours by name and the small arithmetic that shades them."""

from __future__ import annotations

import colorsys
import re

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (214, 52, 50),
    "crimson": (178, 26, 58),
    "scarlet": (232, 50, 36),
    "maroon": (122, 30, 44),
    "burgundy": (112, 24, 50),
    "rust": (176, 74, 36),
    "orange": (240, 134, 40),
    "amber": (250, 178, 40),
    "peach": (252, 190, 152),
    "apricot": (250, 184, 128),
    "coral": (248, 116, 96),
    "salmon": (244, 140, 124),
    "terracotta": (200, 98, 70),
    "yellow": (250, 208, 54),
    "gold": (218, 168, 48),
    "golden": (226, 176, 56),
    "mustard": (212, 164, 44),
    "lemon": (250, 232, 92),
    "cream": (250, 240, 214),
    "ivory": (250, 246, 230),
    "beige": (226, 208, 178),
    "tan": (206, 172, 128),
    "sand": (226, 198, 148),
    "khaki": (178, 168, 112),
    "brown": (126, 82, 52),
    "chocolate": (92, 56, 38),
    "bronze": (172, 116, 62),
    "copper": (190, 108, 66),
    "green": (64, 152, 84),
    "lime": (156, 208, 62),
    "olive": (124, 132, 56),
    "mint": (158, 222, 190),
    "emerald": (28, 148, 104),
    "jade": (52, 156, 120),
    "sage": (154, 174, 142),
    "teal": (26, 138, 140),
    "turquoise": (56, 196, 188),
    "aqua": (96, 212, 220),
    "cyan": (52, 190, 220),
    "blue": (50, 104, 206),
    "navy": (26, 44, 94),
    "indigo": (68, 62, 152),
    "azure": (70, 156, 236),
    "cobalt": (34, 80, 176),
    "ultramarine": (48, 56, 170),
    "sapphire": (28, 84, 168),
    "purple": (128, 70, 168),
    "violet": (142, 92, 206),
    "lavender": (192, 176, 230),
    "lilac": (202, 170, 220),
    "plum": (132, 62, 116),
    "magenta": (212, 54, 150),
    "fuchsia": (226, 60, 170),
    "pink": (244, 148, 178),
    "rose": (230, 96, 128),
    "white": (250, 250, 246),
    "silver": (192, 198, 206),
    "grey": (140, 144, 150),
    "gray": (140, 144, 150),
    "slate": (96, 110, 126),
    "charcoal": (58, 62, 70),
    "black": (30, 30, 36),
    "sky blue": (130, 196, 240),
    "royal blue": (56, 88, 208),
    "navy blue": (26, 44, 94),
    "forest green": (36, 98, 62),
    "hot pink": (244, 70, 150),
    "off white": (244, 240, 230),
}

INK: RGB = (38, 36, 48)
WHITE: RGB = (255, 255, 255)

_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def parse_hex(word: str) -> RGB | None:
    """Read `#rgb` or `#rrggbb`."""
    if not word.startswith("#") or not _HEX.fullmatch(word):
        return None
    digits = word[1:]
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Blend two colours; `share` is how much of the other there is."""
    keep = 1.0 - share
    return (
        round(one[0] * keep + other[0] * share),
        round(one[1] * keep + other[1] * share),
        round(one[2] * keep + other[2] * share),
    )


def lighter(colour: RGB, share: float = 0.3) -> RGB:
    """Move a colour towards warm light."""
    return mix(colour, (255, 250, 236), share)


def darker(colour: RGB, share: float = 0.25) -> RGB:
    """Move a colour towards a cool shadow, which looks richer than black."""
    return mix(colour, (24, 22, 56), share)


def luminance(colour: RGB) -> float:
    """Return how bright a colour looks, from 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def hsv(colour: RGB) -> tuple[float, float, float]:
    """Return hue, saturation and value, each from 0 to 1."""
    return colorsys.rgb_to_hsv(colour[0] / 255, colour[1] / 255, colour[2] / 255)


def from_hsv(hue: float, saturation: float, value: float) -> RGB:
    """Make a colour from hue, saturation and value, each from 0 to 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def readable_on(colour: RGB) -> RGB:
    """Return dark or light ink, whichever reads better on a colour."""
    return INK if luminance(colour) > 140 else (252, 250, 244)
