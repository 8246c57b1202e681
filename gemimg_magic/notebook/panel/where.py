"""Where a panel's requests go and where the key comes from, in words for people; never the key."""

from __future__ import annotations

import asyncio
from typing import Any

from ...core.address import origin_of
from ...core.catalogue import name_of
from ...core.errors import GemimgError, MissingAPIKey
from ...core.models import MODELS, makes_pictures
from ...engine import Engine
from ...jobs import background_loop
from ...sources import require_key
from .host import Host


def where(host: Host) -> dict[str, Any]:
    """What the face says: ``text``, ``hint``, ``missing`` (what to do) and whether it is the sketch."""
    settings = host.engine.settings
    if settings.profile == "sketch":
        return {
            "sketch": True,
            "text": "No key is set, so the built-in sketch server draws: free, and no model.",
            "missing": "",
            "hint": "For real pictures set GEMIMG_API_KEY in the environment of the kernel and restart it.",
        }
    key = f"key from {settings.api_key.source}" if settings.api_key else "no key"
    told = {
        "sketch": False,
        "text": f"{settings.profile} · {origin_of(settings.base_url)} · {key}",
        "missing": "",
        "hint": "",
    }
    try:
        require_key(settings)
    except MissingAPIKey as problem:
        told["missing"] = f"{problem} Until then only recorded pictures are shown."
    return told


async def models_of(engine: Engine) -> list[str]:
    """The ids of the picture models that the gateway lists, or of those known here."""
    known = [model.id for model in MODELS if not model.retired]
    if engine.settings.profile == "sketch" or engine.settings.mode == "replay":
        return known
    try:
        require_key(engine.settings)
        listed = [name_of(entry) for entry in await engine.models() if makes_pictures(entry)]
    except GemimgError:
        # The list is a help; what is wrong with the gateway is told when a picture is asked for.
        return known
    return listed or known


def fetch_models(engine: Engine) -> Any:
    """Ask for the models without waiting; gives a future."""
    return asyncio.run_coroutine_threadsafe(models_of(engine), background_loop())
