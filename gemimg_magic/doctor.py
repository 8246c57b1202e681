"""What is configured, and a first look at a gateway: does it list models, does it draw, in which form."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Iterator
from dataclasses import replace

from .core.completions import Completion, Usage
from .core.errors import APIError, GemimgError
from .core.messages import ImageRequest, user
from .core.models import DEFAULT_MODEL, makes_pictures, retired
from .core.remarks import remarks
from .core.text import closest, shorten
from .engine import Engine
from .jobs import background_loop
from .settings import Settings

_TRIAL = "A small red circle on a white background."
# Any shape but the one that comes unasked.
_ASPECT = "16:9"
_REGION = re.compile(r"(location|country|region|territory) is not|not available in your", re.IGNORECASE)


def describe(settings: Settings) -> list[str]:
    """The settings as lines for people: where requests go, with which key's name, and the defaults."""
    profile = settings.gateway
    note = f" ({profile.note})" if profile.note else ""
    if settings.profile == "sketch":
        key = "none needed; set GEMIMG_API_KEY for real pictures"
    else:
        key = f"from {settings.api_key.source}" if settings.api_key else "none"
    where = "inside this process" if settings.profile == "sketch" else settings.base_url
    chosen = [f"{name} {getattr(settings, name)}" for name in ("aspect", "size", "temperature")]
    shown = [text for text in chosen if not text.endswith("None")]
    defaults = [*shown, f"max_tokens {settings.max_tokens}", f"timeout {settings.timeout:g} s"]
    return [
        f"profile   {profile.name}{note}",
        f"address   {where}",
        f"key       {key}",
        f"model     {settings.model}",
        f"defaults  {', '.join(defaults)}",
    ]


def examine(engine: Engine, *, stream: bool = False) -> Iterator[str]:
    """Look at the gateway: settings, its models, one tiny picture. Each line as soon as it is known.

    The picture is a real request and may cost what one picture costs. It is not kept in the store.

    Args:
        engine: what asks.
        stream: ask a second time, for a streamed reply.

    Raises:
        GemimgError: the picture could not be made; the lines before it say how far it went.
    """
    yield from describe(engine.settings)
    if engine.settings.mode == "replay":
        yield "asked     nothing: the mode is replay"
        return
    yield from _models(engine)
    yield from _retired(engine.settings.model)
    request = ImageRequest(engine.settings.model, (user(_TRIAL),), aspect=_ASPECT)
    completion = yield from _asked(engine, request)
    yield from _told(completion, request)
    if stream:
        completion = yield from _asked(engine, replace(request, stream=True))
        yield f"streamed  {_streamed(completion)}"
    else:
        yield "streamed  not tried; doctor --stream does, with a second request"


def _asked(engine: Engine, request: ImageRequest) -> Generator[str, None, Completion]:
    """Ask for the trial picture; what an error tells comes before the error."""
    try:
        # The store would answer in the gateway's place.
        return engine.generate(request, mode="off")
    except GemimgError as problem:
        yield from _clues(problem)
        raise


def _told(completion: Completion, request: ImageRequest) -> Iterator[str]:
    image = completion.image
    maker = completion.model or "an unnamed model"
    yield f"picture   {image.width}×{image.height} {image.media_type} by {maker}"
    yield f"form      {completion.form or 'unknown'}"
    missed = remarks(request, completion.images)
    yield f"ratio     {request.aspect} was asked for and {'not ' if missed else ''}honoured"
    yield f"usage     {_counted(completion.usage)}"
    yield from (f"note      {warning}" for warning in completion.warnings if warning not in missed)


def _counted(usage: Usage) -> str:
    if usage.total_tokens is None and usage.completion_tokens is None:
        return "not reported" + (f", cost ${usage.cost:g}" if usage.cost is not None else "")
    counts = [f"{usage.prompt_tokens or 0} tokens in, {usage.completion_tokens or 0} out"]
    return ", ".join([*counts, f"cost ${usage.cost:g}" if usage.cost is not None else "cost not reported"])


def _streamed(completion: Completion) -> str:
    if not isinstance(completion.document, list):
        return "no: a whole reply came although a stream was asked for"
    return f"yes, form {completion.form or 'unknown'}, usage {_counted(completion.usage)}"


def _clues(problem: GemimgError) -> Iterator[str]:
    """What an error says besides its message."""
    if isinstance(problem, APIError):
        marks = {"HTTP": problem.status_code, "code": problem.code, "request id": problem.request_id}
        told = [f"{name} {value}" for name, value in marks.items() if value is not None]
        if told:
            yield f"answer    {', '.join(told)}"
    completion = problem.completion
    if completion is not None and completion.choices:
        yield f"answer    finish reason {completion.finish_reason}, {shorten(completion.text) or 'no text'}"
    if _REGION.search(problem.message):
        yield "hint      the service is closed to the region that was asked from; try a gateway elsewhere"


def _retired(model: str) -> Iterator[str]:
    if day := retired(model):
        yield f"hint      {model} was retired on {day}; -m {DEFAULT_MODEL} is the newest"


def _models(engine: Engine) -> Iterator[str]:
    future = asyncio.run_coroutine_threadsafe(engine.models(), background_loop())
    try:
        entries = future.result()
    except GemimgError as problem:
        yield f"models    not listed: {problem.message}"
        return
    except KeyboardInterrupt:
        future.cancel()
        raise
    names = [str(entry.get("id")) for entry in entries if makes_pictures(entry)]
    few = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
    yield f"models    {len(entries)} listed, {len(names)} make pictures" + (f": {few}" if names else "")
    wanted = engine.settings.model
    if entries and engine.settings.profile != "sketch" and all(e.get("id") != wanted for e in entries):
        nearest = closest(wanted, names)
        yield f"hint      {wanted} is not listed" + (f"; {nearest} is" if nearest else "")
