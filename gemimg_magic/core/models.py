"""What is known of picture models: ratios, sizes, limits, prices, aliases.

Every number has a date: gateways rename, retire and reprice. A model that is not listed is not refused.
Sources: the providers' model cards and price pages as of 2026-11; pixel sizes as observed on the live API.
Prices are those of the maker. A reseller sets its own, and only its reply can tell them (``usage.cost``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import PromptError
from .messages import ImageRequest
from .text import closest

TEN_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
FOURTEEN_RATIOS = (*TEN_RATIOS, "1:4", "4:1", "1:8", "8:1")


@dataclass(frozen=True, slots=True)
class Rates:
    """What a model's maker charges, in US dollars for a million tokens.

    Args:
        prompt: for what is sent, text and pictures alike.
        text: for text that comes back, thoughts included.
        picture: for pictures that come back.
        made: tokens of one picture that comes back, by size; a size that is missing is not known.
        sent: tokens of one picture that is sent; 0 where they depend on its pixels.
        as_of: the month in which this was read.
        source: where.
    """

    prompt: float
    text: float
    picture: float
    made: Mapping[str, int]
    sent: int
    as_of: str
    source: str


# LiteLLM's price file is the one that lists all of them with the maker's page as its source. Tokens of a
# picture: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/models/gemini/3-1-flash-image and the
# pages beside it. For 2.1 only 1K is published in tokens, so 2K and 4K have no known price.
_LISTED = "ai.google.dev/gemini-api/docs/pricing, as listed in litellm 1.109.1"


def _listed(prompt: float, text: float, picture: float, made: Mapping[str, int], sent: int) -> Rates:
    return Rates(prompt, text, picture, made, sent, "2026-11", _LISTED)


@dataclass(frozen=True, slots=True)
class Model:
    """A picture model.

    Args:
        id: as gateways spell it.
        ratios: aspect ratios that it can make.
        sizes: sizes that it can make.
        max_images: how many reference pictures one request may hold.
        prices: US dollars for one picture as published, by size; a size that is missing has no known price.
        priced: the month in which the prices were read.
        rates: what its tokens cost, or None where that is not known.
        retired: the day it was shut down, or empty.
    """

    id: str
    ratios: tuple[str, ...]
    sizes: tuple[str, ...]
    max_images: int
    prices: Mapping[str, float] = field(default_factory=dict)
    priced: str = "2026-11"
    rates: Rates | None = None
    retired: str = ""


DEFAULT_MODEL = "gemini-nano-banana-2.1"

MODELS = (
    Model(
        DEFAULT_MODEL,
        FOURTEEN_RATIOS,
        ("1K", "2K", "4K"),
        14,
        {"1K": 0.0336},
        rates=_listed(1.50, 7.50, 30.0, {"1K": 1120}, 1120),
    ),
    Model(
        "gemini-3-pro-image",
        TEN_RATIOS,
        ("1K", "2K", "4K"),
        14,
        {"1K": 0.134, "2K": 0.134, "4K": 0.24},
        rates=_listed(2.0, 12.0, 120.0, {"1K": 1120, "2K": 1120, "4K": 2000}, 560),
    ),
    Model(
        "gemini-3.1-flash-image",
        FOURTEEN_RATIOS,
        ("512", "1K", "2K", "4K"),
        14,
        {"512": 0.045, "1K": 0.067, "2K": 0.101, "4K": 0.151},
        rates=_listed(0.50, 3.0, 60.0, {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}, 1120),
    ),
    Model(
        "gemini-3.1-flash-lite-image",
        FOURTEEN_RATIOS,
        ("1K",),
        14,
        {"1K": 0.0336},
        rates=_listed(0.25, 1.50, 30.0, {"1K": 1120}, 1120),
    ),
    Model(
        "gemini-2.5-flash-image",
        TEN_RATIOS,
        ("1K",),
        3,
        {"1K": 0.039},
        rates=_listed(0.30, 2.50, 30.0, {"1K": 1290}, 0),
    ),
    Model("gemini-2.0-flash-exp-image-generation", (), (), 3, retired="2025-11-14"),
    Model("gemini-2.0-flash-preview-image-generation", (), (), 3, retired="2025-11-14"),
)

ALIASES: Mapping[str, str] = {
    "nano-banana": DEFAULT_MODEL,
    "pro": "gemini-3-pro-image",
    "nano-banana-pro": "gemini-3-pro-image",
    "flash": "gemini-3.1-flash-image",
    "lite": "gemini-3.1-flash-lite-image",
}

_PICTURE_NAME = re.compile(
    r"image|imagen|nano-?banana|banana|dall-?e|gpt-image|flux|seedream|qwen-image|imagine", re.IGNORECASE
)
_TEXT_ONLY_NAME = re.compile(r"image-?(understanding|caption|to-text|embedding)|embedding", re.IGNORECASE)


def resolve_alias(name: str) -> str:
    """The model's id for an alias; any other name as it is.

    >>> resolve_alias("pro"), resolve_alias("my-own-model")
    ('gemini-3-pro-image', 'my-own-model')
    """
    return ALIASES.get(name.lower(), name)


def known_model(name: str) -> Model | None:
    """What is known of a model, with or without a vendor's prefix or ``-preview``; None when nothing is.

    >>> known_model("google/gemini-2.5-flash-image-preview").max_images
    3
    """
    bare = name.rsplit("/", 1)[-1].removesuffix("-preview")
    return next((model for model in MODELS if model.id == bare), None)


def retired(name: str) -> str:
    """The day on which a model was shut down; empty for one that lives, or of which nothing is known.

    >>> retired("gemini-2.0-flash-exp-image-generation"), retired("gemini-3-pro-image")
    ('2025-11-14', '')
    """
    model = known_model(name)
    return model.retired if model else ""


def makes_pictures(entry: Mapping[str, object]) -> bool:
    """Whether an entry of ``GET /models`` is a picture model: by its modalities, its endpoints, or its name.

    >>> makes_pictures({"id": "gemini-nano-banana-2.1"}), makes_pictures({"id": "gpt-5"})
    (True, False)
    >>> makes_pictures({"id": "x", "architecture": {"output_modalities": ["image", "text"]}})
    True
    """
    architecture = entry.get("architecture")
    outputs = architecture.get("output_modalities") if isinstance(architecture, Mapping) else None
    outputs = outputs if isinstance(outputs, list) else entry.get("output_modalities")
    if isinstance(outputs, list):
        return "image" in outputs
    endpoints = entry.get("supported_endpoint_types")
    if isinstance(endpoints, list) and "image-generation" in endpoints:
        return True
    name = str(entry.get("id", ""))
    return bool(_PICTURE_NAME.search(name)) and not _TEXT_ONLY_NAME.search(name)


def check_request(request: ImageRequest) -> None:
    """Hold a request to what is known of its model. An unknown model takes everything.

    Raises:
        PromptError: a ratio, a size or a number of references that the model does not take.
    """
    model = known_model(request.model)
    if model is None or model.retired:
        return
    _check_known("ratio", request.aspect, model.ratios, model.id)
    _check_known("size", request.size, model.sizes, model.id)
    count = len(request.images)
    if count > model.max_images:
        raise PromptError(
            f"{model.id} takes at most {model.max_images} reference pictures, not {count}.",
            hint="Leave some out, or join them into one picture.",
        )


def _check_known(what: str, value: str | None, known: tuple[str, ...], model: str) -> None:
    if value is not None and value not in known:
        nearest = closest(value, known)
        meant = f"Did you mean {nearest}? " if nearest else ""
        raise PromptError(f"{model} has no {what} {value}.", hint=f"{meant}It takes {', '.join(known)}.")
