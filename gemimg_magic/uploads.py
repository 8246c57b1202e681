"""Picture files made fit to be sent: checked, upright, without private metadata, within a stated size.

A file that needs nothing of this goes out byte for byte.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import Any

from .core.cleaning import png_chunks, without_private_metadata
from .core.messages import ImagePart
from .core.pictures import FORMATS, TooLargeError, examine, open_picture, picture_end, sniff

# What every gateway accepts as it is; anything else goes out as PNG.
ACCEPTED = frozenset({"image/png", "image/jpeg", "image/webp"})
# Vertex AI takes 7 MB a picture, and Gemini uses no more than 3072 pixels of a side.
MAX_BYTES = 7_000_000
MAX_SIDE = 3072
_ORIENTATION = 0x0112


def fit(data: bytes, *, thorough: bool = False) -> ImagePart:
    """The part that is sent for the bytes of a picture file; its ``note`` says what was changed.

    Args:
        data: the bytes.
        thorough: decode all of it to see that it is what it says, which takes 300 ms for 4K.

    Raises:
        ValueError: the bytes are no whole picture of a format that can be sent.
    """
    media_type = sniff(data)
    if media_type not in ACCEPTED:
        return _converted(data, media_type)
    end = picture_end(data)
    if end is None:
        raise ValueError("it is cut short")
    if end < len(data):
        # Phones put a film there, and anybody may put anything there.
        return replace(fit(data[:end], thorough=thorough), note="sent without what stands behind its end")
    width, height = examine(data, thorough=thorough)
    if len(data) > MAX_BYTES:
        return _lighter(data, (width, height))
    if _is_turned(data, media_type):
        return replace(_encoded(_upright(open_picture(data)), media_type), note="turned upright")
    cleaned = without_private_metadata(data, media_type)
    return ImagePart(cleaned, media_type, note="" if cleaned is data else "sent without its metadata")


def _is_turned(data: bytes, media_type: str) -> bool:
    # Pillow decodes all of a PNG to look for Exif behind its pixels; its list of chunks costs nothing.
    if media_type == "image/png" and b"eXIf" not in png_chunks(data):
        return False
    return bool(open_picture(data).getexif().get(_ORIENTATION, 1) != 1)


def _upright(picture: Any) -> Any:
    from PIL import ImageOps

    return ImageOps.exif_transpose(picture)


def _converted(data: bytes, media_type: str | None) -> ImagePart:
    """A picture in another format, as PNG."""
    try:
        picture = open_picture(data, formats=FORMATS if media_type else (*FORMATS, "BMP", "TIFF"))
        picture.load()
    except TooLargeError:
        raise
    except Exception as problem:
        # Pillow's plug-ins raise many kinds.
        raise ValueError("it is in no picture format that is known here, or is damaged") from problem
    return replace(as_png(_upright(picture)), note=f"sent as PNG instead of {picture.format}")


def _lighter(data: bytes, size: tuple[int, int]) -> ImagePart:
    """A heavy picture as JPEG, and no larger than models look at."""
    picture = open_picture(data)
    picture.draft(None, (MAX_SIDE, MAX_SIDE))
    picture = _upright(picture)
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    part = _encoded(picture, "image/jpeg")
    weights = f"{len(data) / 1e6:.1f} MB as {len(part.data) / 1e6:.1f} MB"
    if picture.size in (size, size[::-1]):
        return replace(part, note=f"compressed, {weights}")
    before, after = (f"{width}×{height}" for width, height in (size, picture.size))
    return replace(part, note=f"scaled from {before} to {after}, {weights}")


def _encoded(picture: Any, media_type: str) -> ImagePart:
    """The picture in a format of about the same weight; transparency asks for PNG."""
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if media_type == "image/png" or transparent:
        return as_png(picture)
    buffer = io.BytesIO()
    picture.convert("RGB").save(
        buffer, "JPEG", quality=95, subsampling=0, icc_profile=picture.info.get("icc_profile")
    )
    return ImagePart(buffer.getvalue(), "image/jpeg")


_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


def as_png(picture: Any) -> ImagePart:
    """Encode once, without loss where PNG has the mode; other modes become RGB or RGBA."""
    if picture.mode == "La":
        # Grey with its alpha multiplied in: Pillow takes it apart in one step only.
        picture = picture.convert("LA")
    if picture.mode not in _PNG_MODES:
        has_alpha = picture.mode in ("PA", "RGBa", "RGBX")
        if picture.mode in ("I", "F", "I;16B", "I;16L"):
            picture = _sixteen_to_eight(picture)
        picture = picture.convert("RGBA" if has_alpha else "L" if picture.mode in ("L", "1") else "RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return ImagePart(buffer.getvalue(), "image/png", content_id=content_id(picture))


def content_id(picture: Any) -> str:
    """A hash over mode, size and pixels: the same on every machine, while encoders differ in their bytes."""
    if picture.mode in ("P", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    width, height = picture.size
    digest = hashlib.sha256(f"{picture.mode} {width}x{height}\n".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def _sixteen_to_eight(picture: Any) -> Any:
    """Wide integers and floats scaled to 8 bits; Pillow's own conversion would clip them."""
    _, high = picture.getextrema()
    ceiling = 1.0 if high <= 1 else 255.0 if high <= 255 else 65535.0 if high <= 65535 else float(high)
    return picture.convert("F").point(lambda v: v * (255.0 / ceiling)).convert("L")
