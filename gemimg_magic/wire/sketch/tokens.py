"""Cuts a text into words and reads the colours among them."""

from __future__ import annotations

import re

from .colours import COLOURS, RGB, darker, lighter, parse_hex

LONGEST = 4000


_TOKEN = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b|[^\W_]+(?:['’][a-z]+)?|[.,;:!?()\[\]|]|\n")


_SHADES = {"light": 0.4, "pale": 0.5, "pastel": 0.5, "bright": 0.0, "dark": -0.35, "deep": -0.25, "soft": 0.3}


def read_colour(words: list[str], at: int) -> tuple[RGB | None, int]:
    """Read a colour at a place in the words; return it with the number of words it took."""
    shift, taken = 0.0, 0
    if at < len(words) - 1 and words[at] in _SHADES:
        shift, taken = _SHADES[words[at]], 1
    pair = " ".join(words[at + taken : at + taken + 2])
    word = words[at + taken] if at + taken < len(words) else ""
    colour = COLOURS.get(pair)
    length = 2 if colour else 1
    colour = colour or COLOURS.get(word) or parse_hex(word)
    if colour is None:
        return None, 0
    if shift:
        colour = lighter(colour, shift) if shift > 0 else darker(colour, -shift)
    return colour, taken + length


def tokens(text: str) -> list[str]:
    """Cut a text into lower-case words, colours and stops."""
    return [token.lower().replace("’", "'").removesuffix("'s") for token in _TOKEN.findall(text[:LONGEST])]
