"""Facts told to people: the recipe with every prompt, and the tree of pictures that a picture grew from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .provenance import Facts
from .text import shorten

# What a request carries anyway says nothing about a picture.
_USUAL = {"max_tokens": 4096}


def recipe(facts: Facts) -> str:
    """The recipe of a picture and of every picture that it was made from, as indented lines.

    >>> print(recipe({"sha256": "ab12cd34ef", "model": "m", "turns": [{"role": "user", "text": "a fox"}]}))
    ab12cd34 · m
      user: a fox
    """
    return "\n".join(_lines(facts, facts.get("ancestors", {}), 0, set()))


def _lines(facts: Facts, known: Mapping[str, Facts], depth: int, told: set[str]) -> Iterator[str]:
    indent = "  " * depth + ("← " if depth else "")
    inner = " " * len(indent)
    if facts["sha256"] in told:
        yield f"{indent}{label(facts)} (see above)"
        return
    told.add(facts["sha256"])
    if "model" not in facts:
        yield f"{indent}{label(facts)} (given)"
        return
    yield indent + " · ".join([label(facts), *_settings(facts.get("parameters", {}))])
    turns = facts.get("turns") or [{"role": "user", "text": facts.get("prompt", "")}]
    for turn in turns:
        for line in turn["text"].splitlines():
            yield f"{inner}  {turn['role']}: {line}"
    for digest in facts.get("inputs", ()):
        yield from _lines(known.get(digest, {"sha256": digest}), known, depth + 1, told)


def tree(facts: Facts) -> str:
    """The picture and its ancestors, one line each.

    >>> print(tree({"sha256": "ab12cd34", "model": "m", "prompt": "greyer", "inputs": ["ffee00112233"]}))
    ab12cd34 · m: greyer
    └─ ffee0011 (given)
    """
    return "\n".join(_branches(facts, facts.get("ancestors", {}), set()))


def _branches(facts: Facts, known: Mapping[str, Facts], told: set[str]) -> Iterator[str]:
    seen = facts["sha256"] in told
    told.add(facts["sha256"])
    said = f": {shorten(facts.get('prompt', ''), 60)}" if "model" in facts else " (given)"
    yield label(facts) + (" (see above)" if seen else said)
    inputs = () if seen else facts.get("inputs", ())
    for number, digest in enumerate(inputs, 1):
        last = number == len(inputs)
        parent = known.get(digest, {"sha256": digest})
        first, *rest = _branches(parent, known, told)
        yield f"{'└─ ' if last else '├─ '}{first}"
        yield from (f"{'   ' if last else '│  '}{line}" for line in rest)


def label(facts: Mapping[str, Any]) -> str:
    """A few words for a picture: its name or the start of its hash, its size, its model.

    >>> label({"sha256": "ab12cd34ef", "width": 4, "height": 3, "model": "m"})
    'ab12cd34 · 4×3 · m'
    """
    size = f"{facts['width']}×{facts['height']}" if facts.get("width") else ""
    return " · ".join(filter(None, (facts.get("name") or facts["sha256"][:8], size, facts.get("model", ""))))


def _settings(parameters: Mapping[str, Any]) -> list[str]:
    return [f"{name} {value}" for name, value in parameters.items() if _USUAL.get(name) != value]
