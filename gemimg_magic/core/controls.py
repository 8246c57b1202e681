"""What a form for one model offers: read from the table of options and from what is known of the model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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


def price_told(model: str, size: str | None, count: int) -> str:
    """What a number of pictures will cost, as far as it is known, with the date of the price.

    >>> price_told("pro", "4K", 2), price_told("my-own", None, 1)
    ('about $0.48 (list price 2026-11)', 'price unknown')
    """
    known = known_model(resolve_alias(model))
    if known is None or not known.prices:
        return "price unknown"
    price = known.prices.get(size or "1K")
    return f"about ${price * count:.2g} (list price {known.priced})" if price else "price unknown"


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
