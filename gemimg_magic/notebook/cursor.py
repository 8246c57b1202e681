"""Where the cursor stands on the line of a magic, read as the magic would read it. Pure and total."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import Option, by_flag, options_at


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the cursor stands on the line of a magic.

    Args:
        word: what is typed of the word at the cursor.
        typed: option name -> its value, for those that stand before it.
        kind: the word is a flag, the value of an option, or text of the prompt.
        option: the one whose value it is.
    """

    word: str
    typed: dict[str, str]
    kind: str = "flag"
    option: Option | None = None


def read_line(text: str) -> Spot:
    """Read what stands between the name of the magic and the cursor, as the magic would."""
    known = by_flag(options_at("cell"))
    typed: dict[str, str] = {}
    start, end = _word(text, 0)
    while end < len(text):
        flag, equals, value = _split(text[start:end], known)
        option = known.get(flag)
        if option is None:
            return Spot(text[start:], typed, "prompt")
        for _ in range(option.words if option.metavar and not equals else 0):
            start, end = _word(text, end)
            value = text[start:end]
            if end == len(text):
                return Spot(value, typed, "value", option)
        typed[option.name] = value
        start, end = _word(text, end)
    word = text[start:]
    flag, equals, value = _split(word, known)
    if equals:
        return Spot(value, typed, "value", known[flag])
    return Spot(word, typed, "flag" if not word or word.startswith("-") else "prompt")


def _split(word: str, known: dict[str, Option]) -> tuple[str, str, str]:
    """A flag and the value that is glued to it, as in ``--size=2K`` and ``-n4``."""
    flag, equals, value = word.partition("=")
    if equals and flag in known and known[flag].metavar:
        return flag, equals, value
    if word not in known and word[:2] in known and word[2:3].isdigit():
        return word[:2], "=", word[2:]
    return word, "", ""


def _word(text: str, start: int) -> tuple[int, int]:
    """Where the next word begins and ends. One that is not closed yet goes on to the end."""
    while start < len(text) and text[start] in " \t":
        start += 1
    closers, quote = "", ""
    for end in range(start, len(text)):
        character = text[end]
        if quote:
            quote = "" if character == quote and text[end - 1] != "\\" else quote
        elif character in " \t" and not closers:
            return start, end
        elif character in "\"'" and (closers or end == start or text[end - 1] == "="):
            quote = character
        elif character in "([{":
            closers += {"(": ")", "[": "]", "{": "}"}[character]
        elif closers.endswith(character):
            closers = closers[:-1]
    return start, len(text)
