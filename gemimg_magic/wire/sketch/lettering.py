"""Letters: the text that a prompt asks to be written, the fonts, and the mark every picture carries."""

from __future__ import annotations

import re
import unicodedata

from PIL import Image, ImageDraw, ImageFont

from .colours import RGB, luminance

MARK = "sketch, no model"

_QUOTED = re.compile(r'"([^"\n]{1,120})"|“([^”\n]{1,120})”|«([^»\n]{1,120})»')
_CUED = re.compile(
    r"\b(?:says?|saying|reads|titled|entitled|captioned|labell?ed|lettered|named|text|caption|title|words?)\b"
    r"\s*:?\s*(?:'([^'\n]{1,120})'|‘([^’\n]{1,120})’"
    r"|(?-i:([A-Z][A-Z0-9!?&.'-]*(?: [A-Z0-9][A-Z0-9!?&.'-]*){0,7})(?![a-z])))",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\b(?:that says|saying|titled|entitled|captioned)\s+([\w!?&'-]+(?: [\w!?&'-]+){0,5})", re.IGNORECASE
)
_STOP = re.compile(r"\s+(?:in|on|with|at|above|below|under|over|against|and)\b.*", re.IGNORECASE)


def take_lettering(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the prompt without the words that are to be written, and those words."""
    if text.lstrip()[:1] in {"{", "["} and '":' in text.replace(" ", ""):
        return text.replace('"', " "), ()
    found: list[tuple[int, str]] = []

    def keep(match: re.Match[str]) -> str:
        words = next(group for group in match.groups() if group is not None)
        found.append((match.start(), words.strip()))
        return " , "

    rest = _QUOTED.sub(keep, text)
    rest = _CUED.sub(keep, rest)
    if not found and (match := _SAYS.search(rest)):
        words = _STOP.sub("", match.group(1))
        found.append((match.start(), words))
        rest = rest[: match.start(1)] + " , " + rest[match.start(1) + len(words) :]
    return rest, tuple(words for _, words in sorted(found) if words)[:4]


def plain(text: str) -> str:
    """Fold a text to the letters that the bundled font has."""
    folded = unicodedata.normalize(
        "NFKD", text.translate({0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-"})
    )
    kept = "".join(letter for letter in folded if " " <= letter <= "~" or letter == "°")
    return " ".join(kept.split())


def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font, laid out the same way on every machine."""
    bundled = ImageFont.load_default(max(6, size))
    if not isinstance(bundled, ImageFont.FreeTypeFont):  # pragma: no cover - a Pillow without FreeType
        raise RuntimeError("The sketch server needs a Pillow with FreeType.")
    return bundled.font_variant(layout_engine=ImageFont.Layout.BASIC)


def _wrap(text: str, lines: int) -> list[str]:
    words = text.split()
    if lines >= len(words):
        return words
    target = len(text) / lines
    rows: list[str] = []
    row = ""
    for word in words:
        if row and len(row) + len(word) / 2 > target and len(rows) < lines - 1:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}".strip()
    return [*rows, row]


def fitted(text: str, width: float, height: float) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """Break a text into lines and find the largest font with which they fit a box."""
    best: tuple[int, list[str]] = (6, [text])
    ruler = font(100)
    for lines in range(1, min(5, len(text.split())) + 1):
        rows = _wrap(text, lines)
        widest = max(ruler.getlength(row) for row in rows)
        size = int(min(width / max(widest, 1.0) * 100, height / (len(rows) * 1.16)))
        if size > best[0]:
            best = (size, rows)
    return best[1], font(best[0])


def write(
    image: Image.Image,
    text: str,
    box: tuple[float, float, float, float],
    ink: RGB,
    *,
    halo: RGB | None = None,
) -> None:
    """Write a text as large as it fits in the middle of a box."""
    clean = plain(text)
    if not clean or box[2] < 4 or box[3] < 4:
        return
    rows, face = fitted(clean, box[2], box[3])
    draw = ImageDraw.Draw(image)
    step = face.size * 1.16
    top = box[1] + (box[3] - step * len(rows)) / 2 + step / 2
    stroke = max(1, round(face.size / 34))
    for index, row in enumerate(rows):
        place = (box[0] + box[2] / 2, top + index * step)
        if halo is not None:
            draw.text(
                place, row, font=face, fill=halo, anchor="mm", stroke_width=stroke * 4, stroke_fill=halo
            )
        draw.text(place, row, font=face, fill=ink, anchor="mm", stroke_width=stroke, stroke_fill=ink)


def mark_box(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return where the mark stands: left, top, right and bottom."""
    letters = max(7, round(min(size) * 0.0165) + 4)
    wide = round(font(letters).getlength(MARK)) + letters
    high = round(letters * 1.5)
    gap = max(1, round(min(size) * 0.012))
    right, low = size[0] - gap, size[1] - gap
    return max(0, right - wide), max(0, low - high), right, low


def sign(image: Image.Image) -> Image.Image:
    """Return the picture with the mark in its corner, readable on anything."""
    signed = image.convert("RGB") if image.mode != "RGB" else image.copy()
    left, top, right, low = mark_box(signed.size)
    if right - left < 8 or low - top < 4:
        return signed
    under = signed.crop((left, top, right, low)).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    bright = isinstance(under, tuple) and luminance((int(under[0]), int(under[1]), int(under[2]))) > 120
    paper, ink = ((248, 246, 240), (70, 68, 80)) if bright else ((34, 34, 46), (222, 222, 230))
    draw = ImageDraw.Draw(signed, "RGBA")
    high = low - top
    draw.rounded_rectangle((left, top, right, low), high / 2.6, fill=paper)
    letters = max(7, round(min(signed.size) * 0.0165) + 4)
    draw.text(((left + right) / 2, (top + low) / 2), MARK, font=font(letters), fill=ink, anchor="mm")
    return signed


def unsign(image: Image.Image) -> Image.Image:
    """Return the picture without the mark: the strip above it is mirrored over it."""
    left, top = mark_box(image.size)[:2]
    high = image.height - top + 2
    strip = (max(0, left - 2), top - 2 - high, image.width, top - 2)
    if strip[1] < 0:
        return image
    clean = image.copy()
    clean.paste(image.crop(strip).transpose(Image.Transpose.FLIP_TOP_BOTTOM), (strip[0], top - 2))
    return clean
