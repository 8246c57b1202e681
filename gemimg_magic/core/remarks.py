"""Asked, sent, got: what a person should know about an answer that is good all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt

from .completions import GeneratedImage
from .messages import ImageRequest
from .pictures import is_animated

# Models round to blocks of pixels; 8:1 comes as 2928×352, which is 4 % off.
_RATIO_TOLERANCE = 0.06
_SIZES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}


def remarks(request: ImageRequest, images: Sequence[GeneratedImage]) -> tuple[str, ...]:
    """One line for everything that differs from what was asked or given.

    >>> from .messages import user
    >>> from .completions import GeneratedImage
    >>> square = GeneratedImage(b"", "image/png", 1024, 1024)
    >>> remarks(ImageRequest("m", (user("x"),), aspect="16:9", size="2K"), [square])
    ('Asked for 16:9, got 1024×1024.', 'Asked for 2K, got 1024×1024 (about 1K).')
    >>> from .messages import ImagePart
    >>> turned = ImagePart(b"", "image/png", note="turned upright")
    >>> remarks(ImageRequest("m", (user(turned, turned),)), [square])
    ('References 1, 2: turned upright.',)
    """
    return (*_sent(request), *_got(request, images))


def _sent(request: ImageRequest) -> Iterator[str]:
    alike: dict[str, list[str]] = {}
    for number, image in enumerate(request.images, 1):
        if image.note:
            alike.setdefault(image.note, []).append(str(number))
    for note, numbers in alike.items():
        yield f"Reference{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}: {note}."


def _got(request: ImageRequest, images: Sequence[GeneratedImage]) -> Iterator[str]:
    if not images:
        return
    # The last picture is the result; drafts before it may well be smaller.
    image = images[-1]
    if is_animated(image.data):
        yield "The picture is animated; what is shown is its first frame."
    if request.aspect:
        across, down = (int(number) for number in request.aspect.split(":"))
        if abs(image.width * down / (image.height * across) - 1) > _RATIO_TOLERANCE:
            yield f"Asked for {request.aspect}, got {image.width}×{image.height}."
    wanted = _SIZES.get(request.size or "")
    if wanted:
        edge = sqrt(image.width * image.height)
        nearest = min(_SIZES, key=lambda size: abs(_SIZES[size] - edge))
        if nearest != request.size:
            yield f"Asked for {request.size}, got {image.width}×{image.height} (about {nearest})."
