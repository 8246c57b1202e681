"""Money as values: what a request will probably cost, what an answer did cost, and how sure that is.

Tokens are counted by the documented rules of the Gemini API (https://ai.google.dev/gemini-api/docs/tokens):
about four characters of text a token; a picture whose sides are at most 384 pixels is 258 tokens, a larger
one 258 for each tile of 768 pixels; newer models count a fixed number for every picture (``Rates.sent``). An
estimate holds no thoughts: nobody knows beforehand how long a model thinks. A price that is not known is
None, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .completions import Usage
from .messages import ImagePart, ImageRequest, TextPart
from .models import Model, known_model
from .outcome import number
from .pictures import open_picture

Basis = Literal["reported", "set", "computed", "free", "unknown"]

USUAL_SIZE = "1K"
_TILE = 258
_SMALL, _TILE_SIDE = 384, 768
_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer cost.

    Args:
        usd: US dollars, or None where that is not known.
        basis: ``reported`` by the gateway, ``set`` by the user, ``computed`` from tokens and list prices,
            ``free`` (a sketch, or nothing was made), or ``unknown``.
    """

    usd: float | None
    basis: Basis


FREE = Cost(0.0, "free")
UNKNOWN = Cost(None, "unknown")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request will probably cost.

    Args:
        prompt_tokens: tokens that are sent.
        completion_tokens: tokens of the pictures that come back, or None where that is not known.
        usd: US dollars, or None where that is not known.
        basis: in a few words, where the price comes from, or why there is none.
    """

    prompt_tokens: int
    completion_tokens: int | None
    usd: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of costs that never hides what is not known.

    Args:
        known: US dollars of the answers whose cost is known.
        unknown: how many answers have an unknown cost.
        count: how many answers there are.

    >>> Total.of([Cost(0.25, "reported"), UNKNOWN]) + Total.of([FREE])
    Total(known=0.25, unknown=1, count=3)
    >>> str(Total(0.25, 1, 3)), str(Total(0.0, 2, 2)), str(Total())
    ('$0.2500 + 1 unknown', '2 unknown', '$0')
    """

    known: float = 0.0
    unknown: int = 0
    count: int = 0

    @classmethod
    def of(cls, costs: Iterable[Cost]) -> Total:
        """The sum."""
        found = list(costs)
        known = math.fsum(cost.usd for cost in found if cost.usd is not None)
        return cls(known, sum(cost.usd is None for cost in found), len(found))

    def __add__(self, other: Total) -> Total:
        return Total(self.known + other.known, self.unknown + other.unknown, self.count + other.count)

    def __str__(self) -> str:
        if not self.unknown:
            return dollars(self.known)
        return f"{dollars(self.known)} + {self.unknown} unknown" if self.known else f"{self.unknown} unknown"


def dollars(amount: float | None) -> str:
    """An amount as text.

    >>> dollars(0.0336), dollars(12.5), dollars(0), dollars(None), dollars(0.000012)
    ('$0.0336', '$12.5000', '$0', 'unknown', '<$0.0001')
    """
    if amount is None:
        return "unknown"
    if amount == 0:
        return "$0"
    return f"${amount:.4f}" if amount >= 0.0001 else "<$0.0001"


def text_tokens(text: str) -> int:
    """About how many tokens a text is: four characters each; other scripts, one character each.

    >>> text_tokens("a red fox in the snow"), text_tokens("雪の狐"), text_tokens("")
    (6, 3, 0)
    """
    plain = sum(character.isascii() for character in text)
    return math.ceil(plain / _CHARACTERS) + len(text) - plain


def picture_tokens(width: int, height: int, sent: int = 0) -> int:
    """How many tokens a picture is that is sent.

    Args:
        width: in pixels.
        height: in pixels.
        sent: the model's fixed number, or 0 for the rule of tiles.

    >>> picture_tokens(300, 384), picture_tokens(1024, 1024), picture_tokens(1024, 1024, 1120)
    (258, 1032, 1120)
    """
    if sent:
        return sent
    if max(width, height) <= _SMALL:
        return _TILE
    return _TILE * math.ceil(width / _TILE_SIDE) * math.ceil(height / _TILE_SIDE)


def estimate(request: ImageRequest, *, price: float | None = None, free: bool = False) -> Estimate:
    """What a request will probably cost. Thoughts of the model come on top.

    Args:
        request: what would be asked.
        price: US dollars that the user says one request costs, or None for the list prices.
        free: whether no model is asked at all (the sketch server).

    >>> from .messages import user
    >>> made = estimate(ImageRequest("gemini-2.5-flash-image", (user("a red fox"),)))
    >>> made.prompt_tokens, made.completion_tokens, round(made.usd, 7), made.basis
    (3, 1290, 0.0387009, 'list price of 2026-11')
    >>> estimate(ImageRequest("my-model", (user("a red fox"),))).usd is None
    True
    """
    model = known_model(request.model)
    rates = model.rates if model else None
    prompt = sum(_part_tokens(part, rates.sent if rates else 0) for m in request.messages for part in m.parts)
    size = request.size or USUAL_SIZE
    one = rates.made.get(size) if rates else None
    made = None if one is None else one * _pictures(request)
    if free:
        return Estimate(prompt, made, 0.0, "a sketch: no model, no cost")
    if price is not None:
        return Estimate(prompt, made, price, "the price that was set")
    if rates is None:
        return Estimate(prompt, made, None, f"no price of {request.model} is known")
    if made is None:
        return Estimate(prompt, made, None, f"no price of {request.model} at {size} is known")
    usd = (prompt * rates.prompt + made * rates.picture) / 1e6
    return Estimate(prompt, made, usd, f"list price of {rates.as_of}")


def _pictures(request: ImageRequest) -> int:
    """How many answers one request asks for."""
    asked = request.params.get("n")
    return asked if isinstance(asked, int) and not isinstance(asked, bool) and 0 < asked <= 128 else 1


def _part_tokens(part: TextPart | ImagePart, sent: int) -> int:
    if isinstance(part, TextPart):
        return text_tokens(part.text)
    if sent:
        return sent
    return picture_tokens(*open_picture(part.data).size)


def cost_of(
    usage: Usage, *, models: Iterable[str], pictures: int, size: str | None, price: float | None = None
) -> Cost:
    """What an answer cost: what the gateway says, else what was set, else tokens times list prices.

    Args:
        usage: what the server counted.
        models: the model that was asked, then the one that the gateway reports; the first known one counts.
        pictures: how many came.
        size: the size that was asked for, or None.
        price: US dollars that the user says one request costs, or None.

    >>> cost_of(Usage(cost=0.04), models=["m"], pictures=1, size=None)
    Cost(usd=0.04, basis='reported')
    >>> cost_of(Usage(10, 1300), models=["gemini-2.5-flash-image"], pictures=1, size=None)
    Cost(usd=0.038728, basis='computed')
    >>> cost_of(Usage(10, 1300), models=["m"], pictures=1, size=None)
    Cost(usd=None, basis='unknown')
    """
    if usage.cost is not None:
        return Cost(usage.cost, "reported")
    if price is not None:
        return Cost(price, "set")
    model = next((found for name in models if (found := known_model(name)) and found.rates), None)
    tokens = usage.prompt_tokens, usage.completion_tokens
    if model is None or model.rates is None or tokens[0] is None or tokens[1] is None:
        return UNKNOWN
    made = _made_tokens(usage.details, tokens[1], pictures, size, model)
    if made is None:
        return UNKNOWN
    rates = model.rates
    # Some gateways count thoughts beside the completion's tokens: then they are in the total only.
    beside = max(0, (usage.total_tokens or 0) - tokens[0] - tokens[1])
    text = tokens[1] - made + beside
    usd = tokens[0] * rates.prompt + text * rates.text + made * rates.picture
    return Cost(round(usd / 1e6, 9), "computed")


def _made_tokens(
    details: Mapping[str, Any], completion: int, pictures: int, size: str | None, model: Model
) -> int | None:
    """How many of the completion's tokens are pictures; None where nobody says."""
    inner = details.get("completion_tokens_details")
    told = number(inner.get("image_tokens")) if isinstance(inner, Mapping) else None
    if told:
        return min(told, completion)
    if not pictures:
        return 0
    one = model.rates.made.get(size or USUAL_SIZE) if model.rates else None
    return None if one is None else min(one * pictures, completion)
