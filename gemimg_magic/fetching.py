"""Pictures that prompts and replies name by address, where the settings allow to fetch them."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from dataclasses import replace

from .core.completions import Completion, GeneratedImage
from .core.errors import NoImageError, PromptError
from .core.messages import ImagePart
from .core.pictures import MAX_PIXELS, examine, sniff
from .core.text import inert, shorten
from .inputs import checked_picture
from .jobs import TICK, background_loop

Fetch = Callable[[str], ImagePart]


def is_address(text: str) -> bool:
    """Whether a reference is an address.

    >>> is_address("https://example.org/a.png"), is_address("photos/https.png")
    (True, False)
    """
    return text[:8].lower().startswith(("http://", "https://"))


def refuse(url: str) -> ImagePart:
    """What a reference by address is where fetching is off.

    Raises:
        PromptError: always.
    """
    raise PromptError(
        f"{shorten(inert(url), 60)} is an address; addresses are not fetched.",
        hint="Download it and name the file, or set fetch_urls.",
    )


def fetched(url: str) -> ImagePart:
    """The picture at an https address, made fit to be sent; waits for it.

    Raises:
        PromptError: it may not or cannot be fetched, or is no picture.
    """
    from .wire.fetch import fetch

    future = asyncio.run_coroutine_threadsafe(fetch(url), background_loop())
    try:
        while not future.done():
            # Short waits, because a long one cannot be interrupted on every system.
            concurrent.futures.wait([future], TICK)
    except BaseException:
        future.cancel()
        raise
    return checked_picture(future.result(), "What stands at this address", thorough=True)


async def with_pictures(problem: NoImageError) -> Completion:
    """The completion of a reply that named its pictures by address, with those pictures.

    Args:
        problem: the error that such a reply amounts to.

    Raises:
        NoImageError: the same, where no picture could be fetched; it says why.
    """
    from .wire.fetch import fetch

    completion = problem.completion
    images: list[GeneratedImage] = []
    told: list[str] = []
    for url in completion.image_urls[:16] if completion is not None else ():
        try:
            image = await asyncio.to_thread(_received, await fetch(url))
        except (PromptError, ValueError) as why:
            told.append(str(why))
            continue
        if image not in images:
            images.append(image)
    if completion is None or not images:
        if told:
            problem.hint = shorten(" ".join(dict.fromkeys(told)), 400)
        raise problem
    choices = completion.choices
    if choices:
        message = choices[0].message
        first = replace(choices[0], message=replace(message, parts=(*message.parts, *images)))
        choices = (first, *choices[1:])
    warnings = (*completion.warnings, *(f"Another picture was not fetched: {why}" for why in told))
    return replace(completion, choices=choices, images=tuple(images), warnings=warnings)


def _received(data: bytes) -> GeneratedImage:
    """A picture as a reply would have brought it: whole, and of a known format by its bytes."""
    width, height = examine(data, max_pixels=MAX_PIXELS, thorough=True)
    return GeneratedImage(data, sniff(data) or "", width, height)
