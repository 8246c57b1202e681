"""The small copy of a picture that a notebook holds, and the bundle that a front end shows."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

from .pictures import open_picture, picture_end
from .text import inert

if TYPE_CHECKING:
    from PIL import Image

    from .completions import GeneratedImage

SIDE = 1024
WEIGHT = 150_000
# Every front end and every exporter shows these two; nbconvert drops WebP without a word.
SHOWN = frozenset({"image/png", "image/jpeg"})


def preview(data: bytes, media_type: str) -> tuple[bytes, str]:
    """A PNG or JPEG of at most 1024 pixels a side for a notebook: the original itself where that is small.

    Orientation is applied, the first frame is taken, and wide or print colours become 8-bit RGB.

    Args:
        data: the picture's bytes.
        media_type: what they are.

    Returns:
        The preview's bytes and media type.

    Raises:
        ValueError: the picture cannot be decoded.
    """
    # What stands behind a picture's own end may be anything, a script say: it is never shown.
    data = data[: picture_end(data)]
    try:
        if media_type in SHOWN and len(data) <= WEIGHT and _is_plain(data):
            return data, media_type
        return _small_file(_for_screen(data))
    except Exception as problem:
        # Pillow's plug-ins raise many kinds; a large picture is not decoded before this.
        raise ValueError(f"the picture is damaged ({type(problem).__name__})") from problem


def _is_plain(data: bytes) -> bool:
    """Whether every browser shows these bytes as they are meant."""
    picture = open_picture(data)
    plain_mode = picture.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
    upright = picture.getexif().get(0x0112, 1) == 1
    return plain_mode and upright and max(picture.size) <= SIDE and getattr(picture, "n_frames", 1) == 1


def _for_screen(data: bytes) -> Image.Image:
    """The picture upright, scaled down, in 8-bit grey, RGB or RGBA."""
    from PIL import Image, ImageOps

    picture = open_picture(data)
    # A JPEG is decoded at a fraction of its size at once, which saves most of the time.
    picture.draft(None, (SIDE, SIDE))
    shrink = max(picture.size) // SIDE
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        picture = picture.convert("I").point(lambda v: v / 256).convert("L")
    elif picture.mode not in ("L", "RGB", "RGBA", "CMYK"):
        transparent = picture.mode in ("LA", "PA") or "transparency" in picture.info
        picture = picture.convert("RGBA" if transparent else "RGB")
    if shrink >= 2:
        picture = picture.reduce(shrink)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    return ImageOps.exif_transpose(_in_srgb(picture))


def _in_srgb(picture: Image.Image) -> Image.Image:
    """The picture in the colours of screens; a colour profile that cannot be used is left out."""
    profile = picture.info.get("icc_profile")
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        from PIL import ImageCms

        with contextlib.suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            screen = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, own, screen, outputMode=mode)
            if converted is not None:
                converted.info.pop("icc_profile", None)
                return converted
    return picture.convert(mode) if picture.mode == "CMYK" else picture


def _small_file(picture: Image.Image) -> tuple[bytes, str]:
    transparent = picture.mode == "RGBA" and picture.getchannel("A").getextrema() != (255, 255)
    if transparent:
        return _encoded(picture, "PNG"), "image/png"
    picture = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    for quality in (85, 75, 60, 45):
        data = _encoded(picture, "JPEG", quality=quality)
        if len(data) <= WEIGHT:
            break
    return data, "image/jpeg"


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _shown(image: GeneratedImage) -> tuple[bytes, str]:
    """The preview; a picture that Pillow cannot decode as it came, since a browser may show more of it."""
    try:
        return preview(image.data, image.media_type)
    except ValueError:
        return image.data[: picture_end(image.data)], image.media_type


def mime_bundle(image: GeneratedImage, embed: str = "preview") -> tuple[dict[str, Any], dict[str, Any]]:
    """What a front end shows for a picture: data by media type, and metadata.

    The text is the same in every run; whatever changes from run to run stands in the metadata only.

    Args:
        image: the picture.
        embed: ``preview`` (a small copy), ``full`` (the bytes as received) or ``none``.
    """
    facts = {
        "sha256": image.sha256,
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "alt": image.alt,
    }
    if image.completion is not None and image.completion.usage.cost is not None:
        facts["cost"] = image.completion.usage.cost
    if image.completion is not None and image.completion.key:
        # The key of the record: `store prune` keeps what notebooks name here.
        facts["key"] = image.completion.key
    data: dict[str, Any] = {"text/plain": inert(image.caption)}
    metadata: dict[str, Any] = {"gemimg": facts}
    if embed == "none":
        return data, metadata
    if embed == "full" and image.media_type in SHOWN:
        shown, media_type = image.data[: picture_end(image.data)], image.media_type
    else:
        small = image.recorded_preview
        shown, media_type = (small.data, small.media_type) if small else _shown(image)
    data[media_type] = shown
    metadata[media_type] = {"alt": image.alt, "width": min(image.width, SIDE)}
    return data, metadata
