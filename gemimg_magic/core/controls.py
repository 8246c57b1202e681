"""What a form for one model offers: read from the table of options and from what is known of the model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .cost import dollars, estimate
from .messages import ImageRequest
from .models import known_model, resolve_alias
from .options import OPTIONS

FIELDS = ("model", "aspect", "size", "n", "out", "temperature", "system", "take", "region", "images", "edit")


def controls(model: str) -> dict[str, dict[str, Any]]:
    """Help, flag and offered values of every control that a form has.

    Args:
        model: id or alias; of one that is not known everything is offered.

    >>> controls("lite")["size"]["values"], controls("my-own")["size"]["values"]
    (['1K'], ['1K', '2K', '4K'])
    >>> controls("lite")["temperature"]["help"]
    '0 to 2; left to the model unless given'
    """
    known = known_model(resolve_alias(model))
    limits = {"aspect": known.ratios, "size": known.sizes} if known and not known.retired else {}
    table: dict[str, dict[str, Any]] = {
        option.name: {
            "flag": option.flags[0],
            "help": option.help,
            "values": list(limits.get(option.name, option.values)),
        }
        for option in reversed(OPTIONS)
        if option.name in FIELDS and option.sets is None
    }
    if known:
        table["images"]["most"] = known.max_images
    return table


def price_told(request: ImageRequest, count: int, *, price: float | None = None, free: bool = False) -> str:
    """What some takes of a request will probably cost, as far as it is known, and where the price comes from.

    Args:
        request: one of the takes.
        count: how many.
        price: US dollars that the user says one request costs, or None.
        free: whether no model is asked.

    >>> from .messages import user
    >>> price_told(ImageRequest("gemini-3-pro-image", (user("a fox"),), size="4K"), 2)
    'about $0.4800 (list price of 2026-11)'
    >>> price_told(ImageRequest("my-own", (user("a fox"),)), 1)
    'price unknown'
    """
    told = estimate(request, price=price, free=free)
    if told.usd is None:
        return "price unknown"
    return f"about {dollars(told.usd * count)} ({told.basis})" if told.usd else "free"


def usable(name: str, value: Any, model: str) -> bool:
    """Whether a value of a control can be kept when another model is chosen.

    >>> usable("size", "4K", "lite"), usable("size", None, "lite"), usable("aspect", "5:3", "my-own")
    (False, True, True)
    """
    known = known_model(resolve_alias(model))
    if value is None or known is None or known.retired:
        return True
    offered: Iterable[str] = {"aspect": known.ratios, "size": known.sizes}[name]
    return value in offered
