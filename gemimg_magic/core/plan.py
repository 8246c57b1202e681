"""A dry run as text: what would be sent, what the store has already, and what the rest may cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cost import Cost, Estimate, Total, dollars
from .messages import ImagePart, ImageRequest, Message, TextPart
from .pictures import open_picture
from .text import inert, scrub, shorten

# Requests that are told one by one; of the others only the sums are.
_TOLD = 20


@dataclass(frozen=True, slots=True)
class Planned:
    """One request that a dry run looked at.

    Args:
        request: what would be asked.
        recorded: whether the store has its answer, which then costs nothing.
        estimate: what asking would probably cost.
        label: what tells it from its neighbours, such as ``style=ink``; empty for takes.
    """

    request: ImageRequest
    recorded: bool
    estimate: Estimate
    label: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cell or call would do. Its text is the same in every run.

    Args:
        requests: in the order in which they would be asked.
        where: the gateway, in a few words.
        replay: whether only the store is asked, so that a request without a record is an error.
    """

    requests: tuple[Planned, ...]
    where: str = ""
    replay: bool = False

    @property
    def asked(self) -> tuple[Planned, ...]:
        """The requests that would be sent."""
        return () if self.replay else tuple(one for one in self.requests if not one.recorded)

    @property
    def total(self) -> Total:
        """What these would probably cost."""
        return Total.of(
            Cost(e.usd, "computed" if e.usd is not None else "unknown")
            for e in (one.estimate for one in self.asked)
        )

    @property
    def prompt_tokens(self) -> int:
        """Tokens that would be sent."""
        return sum(one.estimate.prompt_tokens for one in self.asked)

    @property
    def completion_tokens(self) -> int | None:
        """Tokens of the pictures that would come back, or None where that is not known of all."""
        made = [one.estimate.completion_tokens for one in self.asked]
        return None if None in made else sum(tokens or 0 for tokens in made)

    def __str__(self) -> str:
        return inert(scrub("\n".join(_lines(self))))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self)}


def _lines(plan: Plan) -> list[str]:
    if not plan.requests:
        return ["Dry run: there is nothing to ask."]
    lines = ["Dry run: nothing was sent, nothing is bound or written."]
    shown: set[tuple[str, ...]] = set()
    for number, one in enumerate(plan.requests[:_TOLD], 1):
        lines.append(f"request {number} of {len(plan.requests)} · {_head(one, replay=plan.replay)}")
        body = (*_messages(one.request.messages), _settings(one.request))
        lines += ["  messages and parameters as above"] if body in shown else [f"  {line}" for line in body]
        shown.add(body)
    if len(plan.requests) > _TOLD:
        lines.append(f"… and {len(plan.requests) - _TOLD} more")
    return [*lines, *_sums(plan)]


def _head(one: Planned, *, replay: bool) -> str:
    told = [one.request.model]
    if one.label:
        told.append(shorten(one.label, 80))
    if one.request.take:
        told.append(f"take {one.request.take}")
    if one.recorded:
        told.append("recorded: costs nothing")
    elif replay:
        told.append("not recorded: an error, because replay does not ask")
    else:
        told.append(f"estimate {dollars(one.estimate.usd)}")
    return " · ".join(told)


def _messages(messages: Sequence[Message]) -> list[str]:
    lines = []
    for message in messages:
        for part in message.parts:
            told = _text(part.text) if isinstance(part, TextPart) else [_picture(part)]
            lines += [f"{message.role:<9} {line}" for line in told]
    return lines


def _text(text: str) -> list[str]:
    return [f"text: {line}".rstrip() for line in text.splitlines() or [""]]


def _picture(part: ImagePart) -> str:
    width, height = open_picture(part.data).size
    return f"picture: sha256:{part.sha256[:12]} {part.media_type} {width}×{height}, {len(part.data):,} bytes"


def _parameters(request: ImageRequest) -> dict[str, str]:
    named: Mapping[str, Any] = {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "aspect": request.aspect,
        "size": request.size,
        "seed": request.seed,
        "stream": request.stream or None,
        **request.params,
    }
    return {name: repr(value) for name, value in named.items() if value is not None}


def _settings(request: ImageRequest) -> str:
    return "parameters " + " ".join(f"{name}={value}" for name, value in _parameters(request).items())


def _sums(plan: Plan) -> list[str]:
    asked, there = len(plan.asked), sum(one.recorded for one in plan.requests)
    counts = f"{_count(len(plan.requests), 'request')}: {there} recorded, {asked} to send"
    # A gateway that is not asked is not named: readers without a key see the same text.
    lines = [counts + (f" to {plan.where}" if plan.where and asked else "")]
    if not asked:
        return [*lines, "tokens    0 sent, 0 back", "price     $0"]
    made = plan.completion_tokens
    back = "an unknown number" if made is None else f"about {made:,}"
    lines.append(f"tokens    about {plan.prompt_tokens:,} sent, {back} back, thoughts not counted")
    why = ", ".join(dict.fromkeys(one.estimate.basis for one in plan.asked))
    total = plan.total
    about = "about " if total.known else ""
    return [*lines, f"price     {about}{total} ({why})"]


def _count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> _count(1, "request"), _count(2, "request")
    ('1 request', '2 requests')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")
