"""The commands of ``%gemimg`` about where requests go: ``status``, ``models``, ``use``, ``doctor``."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from ..core.catalogue import built_in, catalogue
from ..core.errors import (
    APIStatusError,
    AuthenticationError,
    DecodeError,
    MissingAPIKey,
    PromptError,
    RateLimitError,
)
from ..core.profiles import PROFILES, Profile, find_profile
from ..core.text import inert, shorten
from ..doctor import describe, examine
from ..engine import Engine
from ..jobs import background_loop
from ..sources import require_key
from .command import Command, tell

if TYPE_CHECKING:
    from .magic import ImagineMagics


def _status(magics: ImagineMagics, words: str) -> None:
    engine = magics.engine()
    lines = [*describe(engine.settings), f"store     {_store(engine)}"]
    if engine.settings.profile == "sketch":
        lines.append("next      set GEMIMG_API_KEY where the kernel starts; %gemimg use lists the gateways")
    tell(inert("\n".join(lines)))


def _store(engine: Engine) -> str:
    """Where answers are kept, seen from the current folder, and how they are used."""
    root = engine.store.root
    try:
        where = os.path.relpath(root)
    except ValueError:
        where = root.name  # another drive
    there = "" if root.is_dir() else ", not there yet"
    return f"{where.replace(os.sep, '/')}, mode {engine.settings.mode}{there}"


def _models(magics: ImagineMagics, words: str) -> None:
    engine = magics.engine()
    entries, why = _listed(engine)
    if entries:
        tell("\n".join(catalogue(entries, words)))
    if engine.settings.profile == "sketch":
        why = "The sketch draws without a model. Of real models"
    if why:
        tell("\n".join([inert(f"{why} this is known here:"), *built_in(words)]))
    tell(f"in use: {engine.settings.model}; prices in US dollars a picture, the maker's unless listed")


def _listed(engine: Engine) -> tuple[list[dict[str, Any]], str]:
    """What the gateway lists, or nothing and why. A wrong key and a broken line are errors."""
    if engine.settings.mode == "replay":
        return [], "The mode is replay, so the gateway is not asked;"
    future = None
    try:
        require_key(engine.settings)
        future = asyncio.run_coroutine_threadsafe(engine.models(), background_loop())
        entries = future.result()
    except KeyboardInterrupt:
        if future is not None:
            future.cancel()
        raise
    except (AuthenticationError, RateLimitError):
        raise
    except MissingAPIKey as problem:
        return [], f"{problem} Until then"
    except (APIStatusError, DecodeError) as problem:
        return [], f"The gateway lists no models ({shorten(problem.message, 120).rstrip('.')});"
    return entries, "" if entries else "The gateway lists no models;"


def _use(magics: ImagineMagics, words: str) -> None:
    if not words:
        tell("\n".join([*map(_row, PROFILES), "%gemimg use NAME chooses one, %gemimg use default none."]))
        tell(f"in force: {magics.engine().settings.profile}")
        return
    if len(words.split()) > 1:
        raise PromptError("One profile at a time.", hint="%gemimg use lists them.")
    before, chosen = magics.profile, None if words == "default" else find_profile(words).name
    magics.profile = chosen
    try:
        settings = magics.engine().settings
    except BaseException:
        # Else every cell that follows would fail.
        magics.profile = before
        raise
    tell(inert("\n".join(describe(settings)[:4])))
    try:
        require_key(settings)
    except MissingAPIKey as problem:
        # No error yet: what is recorded is shown without a key.
        tell(f"missing   {problem} Until then only recorded pictures are shown.")


def _row(profile: Profile) -> str:
    where = "inside this process" if profile.name == "sketch" else profile.base_url or "GEMIMG_BASE_URL"
    facts = [where, profile.key_variable or "no key", profile.note]
    return f"{profile.name:<10}  {' · '.join(filter(None, facts))}"


def _doctor(magics: ImagineMagics, words: str) -> None:
    if words not in ("", "--stream"):
        raise PromptError(f"{shorten(words, 40)!r} is unknown here.", hint="%gemimg doctor [--stream]")
    for line in examine(magics.engine(), stream=words == "--stream"):
        tell(inert(line))


GATEWAY_COMMANDS = (
    Command("status", "where requests go, with which key's name, the defaults and the store", _status),
    Command(
        "models", "picture models that the gateway lists, with limits and prices; a word filters", _models
    ),
    Command("use", "choose a gateway profile; alone it lists them, default clears it", _use),
    Command("doctor", "look at the gateway with one cheap request; --stream tries streaming, too", _doctor),
)
