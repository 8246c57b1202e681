"""A part of a picture: where it is, how it is marked for a model, and an answer pasted back into it.

A region is a box or a mask. Nothing outside of it changes, to the pixel; inside, along its border, the old
picture fades into the new one.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from .box import Box
from .pictures import open_picture

if TYPE_CHECKING:
    from PIL import Image

_MARK = (255, 0, 144)
# A mark shows where, not what: it need not be large.
_MARKED_SIDE = 1024
_WIDEST_FADE = 16

WORDS = "\n\nThe second picture shows the first with one area marked"


def box_mask(box: Box, size: tuple[int, int]) -> Image.Image:
    """A mask that is white in a box."""
    from PIL import Image

    left, top, width, height = box
    mask = Image.new("L", size, 0)
    mask.paste(255, (left, top, left + width, top + height))
    return mask


def read_mask(data: bytes, size: tuple[int, int]) -> Image.Image:
    """A mask from a picture: what is opaque where it has transparency, else what is white.

    Args:
        data: the bytes of the picture that is the mask.
        size: width and height of the picture that it is for.

    Raises:
        ValueError: it marks nothing.
    """
    from PIL import Image

    picture = open_picture(data).convert("RGBA")
    alpha = picture.getchannel("A")
    grey = alpha if alpha.getextrema() != (255, 255) else picture.convert("L")
    mask = grey.resize(size, Image.Resampling.BILINEAR).point(lambda value: 255 if value >= 128 else 0)
    if mask.getbbox() is None:
        raise ValueError("the mask marks nothing: paint with white, or on a transparent ground")
    return mask


def marked(data: bytes, mask: Image.Image) -> Image.Image:
    """A copy of a picture, at most 1024 pixels a side, with the region outlined and tinted."""
    from PIL import Image, ImageChops, ImageFilter

    picture = open_picture(data).convert("RGB")
    picture.thumbnail((_MARKED_SIDE, _MARKED_SIDE))
    small = mask.resize(picture.size, Image.Resampling.NEAREST)
    ink = Image.new("RGB", picture.size, _MARK)
    wide = 2 * max(1, max(picture.size) // 340) + 1
    outline = ImageChops.subtract(small.filter(ImageFilter.MaxFilter(wide)), small)
    tinted = Image.composite(Image.blend(picture, ink, 0.25), picture, small)
    return Image.composite(ink, tinted, outline)


def words_for(mask: Image.Image) -> str:
    """What is added to the prompt: where the region is, and that nothing else may change."""
    left, top, right, bottom = mask.getbbox() or (0, 0, *mask.size)
    across, down = mask.size
    sides = (left / across, top / down, right / across, bottom / down)
    from_left, from_top, to_left, to_top = (round(100 * side) for side in sides)
    return (
        f"{WORDS}: {from_left}% to {to_left}% from the left, {from_top}% to {to_top}% from the top. "
        "Apply this inside the marked area only. Keep all else and the framing as they are, "
        "leave the mark out, and return the whole picture."
    )


def without_words(prompt: str) -> str:
    """The prompt as it was typed, without what was added for a region.

    >>> without_words("a hat" + WORDS + ": 0% to 5% from the left.")
    'a hat'
    """
    return prompt.partition(WORDS)[0]


def pasted(original: bytes, answer: bytes, mask: Image.Image) -> bytes:
    """The original with the answer in the region, as PNG.

    Outside of the region every pixel is the original's. The answer is scaled to the original's size.

    Args:
        original: the bytes of the picture that was to be changed.
        answer: the bytes of the picture that came back.
        mask: white in the region, of the original's size.

    Raises:
        ValueError: one of them cannot be decoded.
    """
    from PIL import Image

    try:
        old, new = _plain(open_picture(original)), open_picture(answer)
        new = new.convert("RGBA" if old.mode == "RGBA" else "RGB")
    except (OSError, SyntaxError) as problem:
        raise ValueError(f"the picture is damaged ({type(problem).__name__})") from problem
    if new.size != old.size:
        new = new.resize(old.size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    Image.composite(new, old, _faded(mask)).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _plain(picture: Image.Image) -> Image.Image:
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    return picture.convert("RGBA" if transparent else "RGB")


def _faded(mask: Image.Image) -> Image.Image:
    """The mask with a soft border inside of it; where it touches the edge of the picture it stays hard."""
    from PIL import ImageChops, ImageFilter

    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    depth = min(_WIDEST_FADE, min(right - left, bottom - top) // 8)
    if depth == 0:
        return mask
    # A box blur is at half on the border, and whole at its radius inside.
    soft = mask.filter(ImageFilter.BoxBlur(depth)).point(lambda value: max(0, 2 * value - 255))
    return ImageChops.darker(soft, mask)
