"""The models of a gateway as lines for people: picture models first, with limits, prices and aliases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .models import ALIASES, MODELS, Model, known_model, makes_pictures
from .provenance import NO_MODEL
from .text import inert, shorten

Entry = Mapping[str, Any]

# So many rows get their ratios in full, so many other models a name.
_FEW = 3
_MOST_OTHERS = 40
# OpenRouter lists a price for one token of a picture; others use the same field for a whole picture.
_DEAREST_TOKEN = 0.001
_TOKENS_OF_1K = 1290


def catalogue(entries: Sequence[Entry], word: str = "") -> list[str]:
    """What a gateway lists, as lines.

    Args:
        entries: the entries of its ``/models``.
        word: show only the models whose id or alias holds this word.

    >>> print("\\n".join(catalogue([{"id": "gpt-5"}, {"id": "flux-2-pro"}])))
    2 models listed, 1 makes pictures (*)
    * flux-2-pro  price unknown
      and 1 that makes no pictures: gpt-5
    """
    fitting = [entry for entry in entries if _fits(entry, word)]
    pictures = sorted((e for e in fitting if makes_pictures(e)), key=_rank)
    others = [name_of(entry) for entry in fitting if not makes_pictures(entry)]
    lines = [_headline(len(entries), sum(map(makes_pictures, entries)), len(fitting), word), *_rows(pictures)]
    if others:
        names = ", ".join(others[:_MOST_OTHERS])
        more = f", and {len(others) - _MOST_OTHERS} more" if len(others) > _MOST_OTHERS else ""
        which = "that makes no pictures" if len(others) == 1 else "that make no pictures"
        lines.append(f"  and {len(others)} {which}: {names}{more}")
    return lines


def built_in(word: str = "") -> list[str]:
    """What is known here of picture models, as lines."""
    entries = [{"id": model.id} for model in MODELS]
    return list(_rows([entry for entry in entries if _fits(entry, word)])) or [f"  none with {word!r}"]


def name_of(entry: Entry) -> str:
    """The id of an entry, fit for the screen."""
    return shorten(inert(str(entry.get("id", ""))), 80)


def _headline(count: int, pictures: int, fitting: int, word: str) -> str:
    with_word = f"; {fitting} with {word!r}" if word else ""
    models, verb = "model" if count == 1 else "models", "makes" if pictures == 1 else "make"
    return f"{count} {models} listed, {pictures} {verb} pictures (*){with_word}"


def _fits(entry: Entry, word: str) -> bool:
    name = str(entry.get("id", ""))
    return any(word.lower() in text.lower() for text in (name, *aliases_of(name)))


def _rank(entry: Entry) -> tuple[int, str]:
    """Models that are known here come in the order of the table, then the others by name."""
    model = known_model(str(entry.get("id", "")))
    return (MODELS.index(model) if model else len(MODELS)), name_of(entry)


def _rows(entries: Sequence[Entry]) -> Iterable[str]:
    width = min(48, max((len(name_of(entry)) for entry in entries), default=0))
    for entry in entries:
        yield f"* {name_of(entry):<{width}}  {' · '.join(_facts(entry, in_full=len(entries) <= _FEW))}"


def _facts(entry: Entry, *, in_full: bool) -> list[str]:
    name = str(entry.get("id", ""))
    model = known_model(name)
    facts = _limits(model, in_full=in_full) if model else []
    free = "free" if name == NO_MODEL else ""
    facts.append(free or gateway_price(entry) or (known_price(model) if model else "") or "price unknown")
    aliases = aliases_of(name)
    return [*facts, f"alias {', '.join(aliases)}"] if aliases else facts


def _limits(model: Model, *, in_full: bool) -> list[str]:
    if model.retired:
        return [f"retired {model.retired}"]
    ratios = f"{len(model.ratios)} ratios" + (f": {' '.join(model.ratios)}" if in_full else "")
    return [" ".join(model.sizes), ratios, f"{model.max_images} references"]


def aliases_of(name: str) -> list[str]:
    """The short names of a model.

    >>> aliases_of("gemini-3-pro-image")
    ['pro', 'nano-banana-pro']
    """
    return [alias for alias, meaning in ALIASES.items() if meaning == name]


def known_price(model: Model) -> str:
    """The maker's price for one picture, with the month in which it was read; empty when unknown.

    >>> known_price(known_model("gemini-3-pro-image"))
    '1K 2K $0.134, 4K $0.24 (2026-11)'
    >>> known_price(known_model("gemini-2.5-flash-image"))
    '$0.039 (2026-11)'
    """
    by_price: dict[float, list[str]] = {}
    for size, price in model.prices.items():
        by_price.setdefault(price, []).append(size)
    if not by_price:
        return ""
    whole = len(by_price) == 1 and set(model.prices) == set(model.sizes)
    told = [("" if whole else f"{' '.join(sizes)} ") + f"${price:g}" for price, sizes in by_price.items()]
    return f"{', '.join(told)} ({model.priced})"


def gateway_price(entry: Entry) -> str:
    """The price that the gateway lists for one picture; empty when it lists none.

    OpenRouter sends US dollars as text: ``image_output`` for what is made, ``image`` for what is sent.

    >>> gateway_price({"pricing": {"image_output": "0.00003"}})
    '$30 per million picture tokens, about $0.039 for 1K (listed)'
    >>> gateway_price({"pricing": {"image_output": "0.04"}}), gateway_price({"pricing": {"prompt": "0"}})
    ('$0.04 (listed)', '')
    >>> gateway_price({"pricing": {"image": "0.0012"}})
    '$0.0012 for a picture sent (listed)'
    """
    pricing = entry.get("pricing")
    if not isinstance(pricing, Mapping):
        return ""
    made, sent = _dollars(pricing.get("image_output")), _dollars(pricing.get("image"))
    if made is None and entry.get("type") == "image":
        # A list that sorts models by what they make (Vercel's) means a picture that is made.
        made, sent = sent, None
    if made is not None and made < _DEAREST_TOKEN:
        about = f"about ${made * _TOKENS_OF_1K:.2g} for 1K"
        return f"${made * 1e6:g} per million picture tokens, {about} (listed)"
    if made is not None:
        return f"${made:g} (listed)"
    return f"${sent:g} for a picture sent (listed)" if sent is not None else ""


def _dollars(value: object) -> float | None:
    """A price as sent, as text or number; None where there is none, and for 0 and -1, which say nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 < number < 1000 else None
