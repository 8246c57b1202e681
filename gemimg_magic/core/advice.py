"""What to do about an error that a server reported: which option to drop, which variable to set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from .messages import ImageRequest
from .models import makes_pictures, retired
from .text import closest, inert, shorten

# What servers call a field, and the option that sent it.
_FIELDS = (
    (r"aspect_?ratio|image_?config|extra_body|generation_?config", ("aspect", "-a"), ("size", "-s")),
    (r"image_?size|\bsize\b|\bwidth\b|\bheight\b|resolution", ("size", "-s"), ("aspect", "-a")),
    (r"\bseed\b", ("seed", "--seed")),
    (r"temperature", ("temperature", "-t")),
    (r"stream(_options)?\b|include_usage", ("stream", "--stream")),
    (r"\bsystem\b|developer instruction", ("system", "--system")),
    (r"max_(completion_)?tokens", ("max_tokens", "--max-tokens")),
)

# "No channel is free" is what new-api says of a model that the key's group does not have.
_NO_MODEL = re.compile(
    r"无可用渠道|not a valid model|(unknown|invalid|no such) model"
    r"|model\b.{0,120}(does not exist|not found|not supported|is not available)",
    re.IGNORECASE | re.DOTALL,
)
_MOST_MODELS = 12


def advise(problem: APIError, request: ImageRequest) -> APIError:
    """The same error with a hint, where it has none: what in the request to change.

    >>> from .messages import user
    >>> problem = BadRequestError("Unknown name \\"image_config\\"", status_code=400)
    >>> advise(problem, ImageRequest("m", (user("x"),), aspect="16:9")).hint
    'Drop -a, or choose another profile with -p: this gateway does not take it.'
    """
    if problem.hint:
        return problem
    if isinstance(problem, AuthenticationError):
        problem.hint = "Check the key; %gemimg status says where it comes from."
    elif isinstance(problem, RateLimitError):
        problem.hint = _wait(problem)
    elif isinstance(problem, (BadRequestError, InternalServerError)):
        problem.hint = _drop(problem, request)
    return problem


def _wait(problem: RateLimitError) -> str:
    if "limit: 0" in problem.message:
        return "This key has no quota for the model; another model or a paid plan has."
    return (
        f"Wait {problem.retry_after:.0f} s and try again." if problem.retry_after else "Wait and try again."
    )


def _drop(problem: APIError, request: ImageRequest) -> str:
    """Which option to leave out, where the server names a field that one of them sent."""
    told = f"{problem.param or ''} {problem.message}"
    for pattern, *options in _FIELDS:
        sent = [flag for name, flag in options if _was_asked(request, name)]
        if sent and re.search(pattern, told, re.IGNORECASE):
            return f"Drop {sent[0]}, or choose another profile with -p: this gateway does not take it."
    for name in request.params:
        if re.search(rf"\b{re.escape(name)}\b", told):
            return f"Drop --param {name}: this gateway does not take it."
    return ""


def _was_asked(request: ImageRequest, name: str) -> bool:
    if name == "system":
        return any(message.role == "system" for message in request.messages)
    return bool(getattr(request, name) not in (None, False))


def lacks_model(problem: APIError) -> bool:
    """Whether the gateway seems not to know the model.

    >>> lacks_model(APIError("分组 default 下模型 x 无可用渠道")), lacks_model(APIError("busy"))
    (True, False)
    """
    named = isinstance(problem, NotFoundError) or problem.code == "model_not_found"
    return named or bool(_NO_MODEL.search(problem.message))


def offer(problem: APIError, entries: Iterable[Mapping[str, Any]], model: str) -> APIError:
    """The same error with a hint that names the picture models which the gateway lists.

    >>> offer(APIError("no"), [{"id": "gpt-5"}, {"id": "nano-banana-2"}], "nano-banana").hint
    'Did you mean nano-banana-2? Its picture models: nano-banana-2.'
    """
    pictures = [str(entry.get("id", "")) for entry in entries if makes_pictures(entry)]
    listed = [shorten(inert(name), 80) for name in pictures if not retired(name)]
    names = [name for name in listed if name != model]
    if not names:
        return problem
    nearest = closest(model, names) if len(names) == len(listed) else None
    more = f" and {len(names) - _MOST_MODELS} more (%gemimg models)" if len(names) > _MOST_MODELS else ""
    meant = f"Did you mean {nearest}? " if nearest else ""
    which = "Its picture models" if len(names) == len(listed) else "Its other picture models"
    told = f"{meant}{which}: {', '.join(names[:_MOST_MODELS])}{more}."
    problem.hint = f"{problem.hint} {told}".strip()
    return problem
