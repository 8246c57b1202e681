"""The line of a magic: options read from its start, the rest kept as typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import KeyTypedError, PromptError
from .options import OPTIONS, Option, by_flag
from .secret import Secret
from .text import closest, looks_like_key, spellings


@dataclass(frozen=True, slots=True)
class Line:
    """What stood on the line of a magic.

    Args:
        values: option name -> value, only for those that were typed.
        rest: what followed the options, exactly as typed.
    """

    values: Mapping[str, Any]
    rest: str


def parse(line: str, options: Iterable[Option] = OPTIONS) -> Line:
    """Read options from the start of a line; the rest stays as typed.

    A value may be quoted. Inside brackets or quotes it may hold spaces, so that expressions need no escapes.
    ``--`` ends the options.

    Raises:
        PromptError: an unknown option, a missing or a wrong value.

    >>> parse("-o fox -a 16:9 it's a cat").values
    {'out': ('fox',), 'aspect': '16:9'}
    >>> parse("-o fox it's a cat").rest
    "it's a cat"
    >>> parse('-i crops["top left"] --system "Be brief." go').values
    {'images': ('crops["top left"]',), 'system': 'Be brief.'}
    """
    refuse_key(line)
    known = by_flag(options)
    values: dict[str, Any] = {}
    position = _skip_spaces(line, 0)
    while found := _NAME.match(line, position) if _FLAG.match(line, position) else None:
        flag, glued, position = _flag(line, found, known)
        if flag == "--":
            return Line(values, line[position:].strip(" \t"))
        option = known.get(flag)
        if option is None:
            raise PromptError(f"There is no option {flag}.", hint=_unknown_hint(flag, known))
        position = _take(line, position, option, flag, glued, values)
    return Line(values, line[position:].rstrip())


def refuse_key(typed: str, key: Secret | None = None, *, makes: bool = True) -> None:
    """Refuse what holds an API key, before anything can send, show or store it.

    Args:
        typed: a line, a cell or a prompt.
        key: the one in use, whatever it looks like.
        makes: whether anything of the make of a known key counts, too.

    Raises:
        KeyTypedError: it seems to hold one; the message does not repeat it.
    """
    in_use = key is not None and any(form in typed for form in spellings(key.reveal()))
    if in_use or (makes and looks_like_key(typed)):
        raise KeyTypedError(
            "This seems to hold an API key; nothing was sent.",
            hint="Put keys in the environment (GEMIMG_API_KEY), and replace this one: your history holds it.",
        )


def words_of(line: str) -> list[str]:
    """The words of a line, each as typed; brackets and quotes may hold spaces.

    Raises:
        PromptError: a quote or a bracket is not closed.

    >>> words_of('fox crops["top left"]')
    ['fox', 'crops["top left"]']
    """
    words = []
    position = _skip_spaces(line, 0)
    while position < len(line):
        word, position = _word(line, position)
        words.append(word)
        position = _skip_spaces(line, position)
    return words


def _unknown_hint(flag: str, known: Mapping[str, Option]) -> str:
    # Without the hyphens, which all have in common.
    match = closest(flag.strip("-"), [name[2:] for name in known if name.startswith("--")])
    if match:
        return f"Did you mean --{match}?"
    return "See %%imagine? for all; put -- before a prompt that begins so."


_FLAG = re.compile(r"-[A-Za-z]|--[A-Za-z]|--(?=\s|$)")
_NAME = re.compile(r"--?[A-Za-z0-9_-]*")


def _flag(line: str, found: re.Match[str], known: Mapping[str, Option]) -> tuple[str, str | None, int]:
    """The flag at this place, a value glued to it (``--size=2K``, ``-n4``), and where it ends."""
    word, end = found.group(), found.end()
    if word in known or word == "--":
        if line[end : end + 1] == "=":
            value, after = _word(line, end + 1)
            return word, value, _skip_spaces(line, after)
        return word, None, _skip_spaces(line, end)
    if word[:2] in known and word[2:3].isdigit():
        value, after = _word(line, found.start() + 2)
        return word[:2], value, _skip_spaces(line, after)
    return word, None, end


def _take(
    line: str, position: int, option: Option, flag: str, glued: str | None, values: dict[str, Any]
) -> int:
    """Read the option's value into ``values``; where the next word begins."""
    if not option.metavar:
        if glued is not None:
            raise PromptError(f"{flag} takes no value.")
        name, value = option.sets or (option.name, True)
        values[name] = value
        return position
    words = [] if glued is None else [glued]
    while len(words) < option.words:
        start = position
        word, position = _word(line, position)
        if start >= len(line) or (_is_flag(word) and not option.raw):
            raise PromptError(f"{flag} needs {option.metavar}: {option.help}.")
        words.append(word)
        position = _skip_spaces(line, position)
    if not option.raw:
        words = [_unquoted(word) for word in words]
    try:
        value = tuple(words) if option.words > 1 else option.read(words[0])
    except ValueError as expected:
        raise PromptError(f"{flag} {words[0]!r} is not right.", hint=f"It takes {expected}.") from None
    values[option.name] = (*values.get(option.name, ()), value) if option.repeat else value
    return position


def _is_flag(word: str) -> bool:
    return re.match(r"--?[A-Za-z]", word) is not None


def _skip_spaces(line: str, position: int) -> int:
    while position < len(line) and line[position] in " \t":
        position += 1
    return position


_PAIRS = {"(": ")", "[": "]", "{": "}"}


def _word(line: str, position: int) -> tuple[str, int]:
    """The word at this place and where it ends; brackets and quotes may hold spaces."""
    start = position
    closers: list[str] = []
    while position < len(line):
        character = line[position]
        if character in " \t" and not closers:
            break
        opens_quote = closers or position == start or line[position - 1] == "="
        if character in "\"'" and opens_quote:
            end = _end_of_quote(line, position)
            if end is None:
                raise PromptError(f"The quote at {line[position : position + 12]!r} is not closed.")
            position = end
            continue
        if character in _PAIRS:
            closers.append(_PAIRS[character])
        elif closers and character == closers[-1]:
            closers.pop()
        position += 1
    if closers:
        raise PromptError(f"A bracket in {line[start : start + 24]!r} is not closed with {closers[-1]}.")
    return line[start:position], position


def _end_of_quote(line: str, position: int) -> int | None:
    quote, position = line[position], position + 1
    while position < len(line):
        if line[position] == "\\":
            position += 1
        elif line[position] == quote:
            return position + 1
        position += 1
    return None


def _unquoted(word: str) -> str:
    if len(word) >= 2 and word[0] in "\"'" and word[-1] == word[0]:
        return re.sub(r"\\([\\\"'])", r"\1", word[1:-1])
    return word
