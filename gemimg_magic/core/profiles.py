"""The table of gateways and how each spells a request.

A profile only spells: every gateway's reply goes through the one reader. A new gateway is a new row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import SettingsError
from .text import did_you_mean

Fields = dict[str, Any]
Spelling = Callable[[str | None, str | None], Fields]


def _google(aspect: str | None, size: str | None) -> Fields:
    return {"extra_body": {"google": {"image_config": _given(aspect_ratio=aspect, image_size=size)}}}


def _snake(aspect: str | None, size: str | None) -> Fields:
    return {"image_config": _given(aspect_ratio=aspect, image_size=size)}


def _camel(aspect: str | None, size: str | None) -> Fields:
    return {"imageConfig": _given(aspectRatio=aspect, imageSize=size)}


def _pixels(aspect: str | None, size: str | None) -> Fields:
    """Width and height, for servers that run a diffusion model and know no ratios."""
    edge = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}.get(size or "1K", 1024)
    across, down = (int(number) for number in (aspect or "1:1").split(":"))
    scale = edge / (across * down) ** 0.5
    width, height = (max(64, round(side * scale / 16) * 16) for side in (across, down))
    return {"size": f"{width}x{height}", "width": width, "height": height}


def _given(**fields: str | None) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Profile:
    """How to speak to one kind of gateway.

    Args:
        name: what people type after ``-p``.
        base_url: where it is, or empty when it must be set.
        key_variable: the environment variable that holds its key; ``GEMIMG_API_KEY`` works for all.
        spell_size: ratio and size -> fields of the body.
        assistant_images: how pictures go back in an assistant turn: a list ``images``, content ``parts``,
            or not at all (then the last one is sent as a user part).
        modalities: whether the gateway must be told that pictures are wanted.
        needs_key: whether a request without a key makes no sense.
        headers: headers that make the gateway pass pictures on.
        chance: whether the same request gives another picture each time; else takes differ by their seed.
        note: one line for people.
    """

    name: str
    base_url: str
    key_variable: str
    spell_size: Spelling
    assistant_images: Literal["images", "parts"] | None = None
    modalities: bool = False
    needs_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    chance: bool = True
    note: str = ""


PROFILES = (
    Profile(
        "anyfast",
        "https://www.anyfast.ai/v1",
        "ANYFAST_API_KEY",
        _google,
        note="the default; spelled like new-api",
    ),
    Profile("newapi", "", "NEWAPI_API_KEY", _google, note="new-api, one-api and their resellers"),
    Profile(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        _snake,
        assistant_images="images",
        modalities=True,
    ),
    Profile(
        "vercel",
        "https://ai-gateway.vercel.sh/v1",
        "AI_GATEWAY_API_KEY",
        _snake,
        assistant_images="images",
        modalities=True,
    ),
    Profile(
        "litellm",
        "http://127.0.0.1:4000/v1",
        "LITELLM_API_KEY",
        _camel,
        assistant_images="images",
        modalities=True,
        needs_key=False,
    ),
    Profile(
        "portkey",
        "https://api.portkey.ai/v1",
        "PORTKEY_API_KEY",
        _snake,
        modalities=True,
        headers={"x-portkey-strict-open-ai-compliance": "false"},
    ),
    Profile(
        "vllm-omni",
        "http://127.0.0.1:8000/v1",
        "VLLM_API_KEY",
        _pixels,
        needs_key=False,
        note="reads user turns only",
    ),
    Profile("custom", "", "GEMIMG_API_KEY", _snake, needs_key=False, note="any other address"),
    Profile(
        "sketch",
        "http://127.0.0.1/sketch/v1",
        "",
        _snake,
        assistant_images="parts",
        needs_key=False,
        chance=False,
        note="built in: drawings from the words, no model",
    ),
)


def find_profile(name: str) -> Profile:
    """The profile of that name.

    Raises:
        SettingsError: there is none.

    >>> find_profile("openrouter").spell_size("16:9", None)
    {'image_config': {'aspect_ratio': '16:9'}}
    >>> find_profile("litellm").spell_size("16:9", "2K")
    {'imageConfig': {'aspectRatio': '16:9', 'imageSize': '2K'}}
    """
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise SettingsError(
        f"There is no profile {name!r}.", hint=did_you_mean(name, [profile.name for profile in PROFILES])
    )
