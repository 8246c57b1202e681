"""Two pictures side by side as one: what a comparison leaves where nothing can be moved."""

from __future__ import annotations

import io

from .pictures import open_picture
from .preview import preview

_HEIGHT = 512
_WIDEST = 1600
_GAP = 8


def beside(first: bytes, second: bytes) -> bytes:
    """Two pictures at one height, the first on the left, as a JPEG of at most 1600 pixels across.

    Args:
        first: the bytes of a picture file.
        second: the bytes of another.

    Raises:
        ValueError: one of them cannot be decoded.
    """
    from PIL import Image, ImageOps

    small = []
    for data in (first, second):
        shown = open_picture(preview(data, "")[0])
        ground = Image.new("RGBA", shown.size, "white")
        small.append(Image.alpha_composite(ground, shown.convert("RGBA")).convert("RGB"))
    height = min(_HEIGHT, *(picture.height for picture in small))
    height = min(height, int((_WIDEST - _GAP) / sum(picture.width / picture.height for picture in small)))
    scaled = [ImageOps.contain(picture, (_WIDEST, max(1, height))) for picture in small]
    sheet = Image.new("RGB", (sum(p.width for p in scaled) + _GAP, max(p.height for p in scaled)), "white")
    sheet.paste(scaled[0], (0, 0))
    sheet.paste(scaled[1], (scaled[0].width + _GAP, 0))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
