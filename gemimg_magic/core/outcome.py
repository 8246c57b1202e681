"""What became of a request: a reply that was read to its end -> nothing, or the error that it amounts to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .completions import Completion, Usage
from .errors import (
    APIConnectionError,
    APIError,
    BlockedError,
    CutShortError,
    DecodeError,
    GemimgError,
    LostImageError,
    NoImageError,
    RefusedError,
)
from .faults import Fault
from .text import shorten

# Google's FinishReason and BlockReason values and OpenAI's content_filter, in any case. NO_IMAGE and
# IMAGE_OTHER are no policy: the model just made none.
_BLOCKED = re.compile(
    r"SAFETY|PROHIBITED|BLOCK|RECITATION|SPII|CONTENT_?FILTER|JAILBREAK|MODEL_ARMOR|MODERATION", re.IGNORECASE
)
_NO_IMAGE = re.compile(r"NO_IMAGE|IMAGE_OTHER", re.IGNORECASE)
_LENGTH = re.compile(r"(?:length|max_(?:output_)?tokens)\Z", re.IGNORECASE)
_A_PICTURE = 1000
"""Tokens that no picture of any model falls below (8: 1120 to 2000)."""


@dataclass(slots=True)
class Facts:
    """What the reader knows beside the completion."""

    status: int = 200
    content_type: str = ""
    fault: Fault | None = None
    retry_after: float | None = None
    broken: str | None = None
    cut: bool = False
    broken_images: int = 0
    too_large: str = ""
    block_reason: str = ""
    said: str = ""
    understood: bool = False
    body: str = ""
    reasons: list[str] = field(default_factory=list)


def judge(completion: Completion, facts: Facts) -> GemimgError | None:
    """The error that a reply without a whole final picture amounts to; None where it has one."""
    if completion.images:
        return None
    error = _server_error(completion, facts) or _no_picture(completion, facts)
    if completion.drafts and isinstance(error, NoImageError):
        count = len(completion.drafts)
        error.hint = f"{error.hint} Flagged as a draft, {count} arrived: see error.completion.drafts.".strip()
    return error


def _server_error(completion: Completion, facts: Facts) -> APIError | None:
    known: dict[str, Any] = {
        "completion": completion,
        "request_id": completion.request_id,
        "model": completion.model or None,
        "status_code": facts.status,
    }
    if facts.fault is not None:
        return facts.fault.raised(retry_after=facts.retry_after, **known)
    if any(reason.lower() == "error" for reason in facts.reasons):
        return APIError("The server ended the reply with an error and gave no reason.", **known)
    if facts.broken is not None and not facts.broken_images and not facts.too_large:
        return APIConnectionError(f"The reply broke off before a picture arrived: {facts.broken}.", **known)
    return None


def _no_picture(completion: Completion, facts: Facts) -> GemimgError:
    text = " ".join(completion.text.split()) or " ".join(c.message.text for c in completion.choices).strip()
    blocked = _block(facts)
    usage = completion.usage
    if blocked:
        said = facts.said or text
        return BlockedError(
            f"A content filter stopped the picture ({blocked}){': ' + said if said else ''}.",
            hint="Say it differently, or leave out what may have triggered it.",
            completion=completion,
        )
    if facts.broken_images or (facts.cut and not text):
        return _cut_short(completion, facts)
    if facts.too_large:
        return DecodeError(facts.too_large, completion=completion)
    if completion.image_urls:
        return NoImageError(
            f"The reply holds only a picture's address, {completion.image_urls[0]}, which is not fetched.",
            hint="Set fetch_urls to fetch pictures by address.",
            completion=completion,
        )
    if billed := _billed(usage, text):
        return LostImageError(
            f"The gateway billed {billed} but its reply holds no picture.",
            hint="Try again with streaming switched the other way.",
            completion=completion,
        )
    if any(_LENGTH.match(reason) for reason in facts.reasons):
        return CutShortError(
            "The reply reached its limit of tokens before a picture.",
            hint="Raise max_tokens.",
            completion=completion,
        )
    if text:
        return RefusedError(
            f"The model answered with text instead of a picture: {shorten(text, 1000)}",
            hint="Ask plainly for a picture.",
            completion=completion,
        )
    return _nothing(completion, facts)


def _nothing(completion: Completion, facts: Facts) -> GemimgError:
    if facts.understood or not facts.body.strip():
        why = next((r for r in facts.reasons if _NO_IMAGE.search(r)), "") or facts.said
        return NoImageError(
            f"The reply holds no picture and no text{f' ({why})' if why else ''}.",
            hint="Try once more; some gateways lose pictures at random.",
            completion=completion,
        )
    kind = facts.content_type or "no content type"
    return DecodeError(
        f"The reply is in no known form (HTTP {facts.status}, {kind}): {shorten(facts.body)}",
        hint="Check the base URL: it usually ends in /v1.",
        completion=completion,
    )


def _cut_short(completion: Completion, facts: Facts) -> CutShortError:
    if facts.broken:
        message = f"The reply broke off inside the picture: {facts.broken}."
    elif any(_LENGTH.match(reason) for reason in facts.reasons):
        message = "The reply reached its limit of tokens inside the picture."
        return CutShortError(message, hint="Raise max_tokens.", completion=completion)
    else:
        message = "The reply ended inside the picture, or the picture is damaged."
    return CutShortError(message, hint="Nothing of it is kept; try again.", completion=completion)


def _block(facts: Facts) -> str:
    """The filter's word, or empty."""
    if facts.block_reason:
        return facts.block_reason
    if any(_NO_IMAGE.search(reason) for reason in facts.reasons):
        # Gateways that know only a few reasons call this content_filter; the native word tells.
        return ""
    return next((reason for reason in facts.reasons if _BLOCKED.search(reason)), "")


def _billed(usage: Usage, text: str) -> str:
    """What the usage says was paid for and can only have been a picture, or empty."""
    for key in ("completion_tokens_details", "output_tokens_details"):
        details = usage.details.get(key)
        images = number(details.get("image_tokens")) if isinstance(details, Mapping) else None
        if images:
            return f"{images} image tokens"
    modalities = usage.details.get("candidatesTokensDetails")
    for item in modalities if isinstance(modalities, list) else []:
        if isinstance(item, Mapping) and item.get("modality") == "IMAGE" and number(item.get("tokenCount")):
            return f"{number(item.get('tokenCount'))} image tokens"
    details = usage.details.get("completion_tokens_details")
    thought = number(details.get("reasoning_tokens")) if isinstance(details, Mapping) else 0
    tokens = (usage.completion_tokens or 0) - (thought or 0)
    return f"{tokens} tokens" if tokens - len(text) >= _A_PICTURE else ""


def number(value: Any) -> int | None:
    """A count, written as number or text.

    >>> number("12"), number(3.0), number(True), number("x")
    (12, 3, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 20:
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def amount(value: Any) -> float | None:
    """An amount of money, written as number or text.

    >>> amount("0.0387"), amount(None), amount("nan")
    (0.0387, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found < 1e6 else None


def read_usage(sent: Mapping[str, Any]) -> Usage:
    """Usage in OpenAI's words, the Responses API's or Google's.

    >>> read_usage({"promptTokenCount": 9, "totalTokenCount": 12}).total_tokens
    12
    """

    def count(*keys: str) -> int | None:
        return next((n for key in keys if (n := number(sent.get(key))) is not None), None)

    cost = next((c for key in ("cost", "total_cost") if (c := amount(sent.get(key))) is not None), None)
    return Usage(
        count("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_token_count"),
        count("completion_tokens", "output_tokens", "candidatesTokenCount", "candidates_token_count"),
        count("total_tokens", "totalTokenCount", "total_token_count"),
        cost,
        dict(sent),
    )
