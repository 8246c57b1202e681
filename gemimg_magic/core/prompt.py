"""The cell language: text, ``{{expression}}`` and ``![label](picture)``. Pure and total.

Everything else is text and survives byte for byte: single braces, JSON, LaTeX, ``$``. What a value contains
is data; it is never read again.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from .errors import PromptError
from .text import shorten


@dataclass(frozen=True, slots=True)
class Text:
    """Characters to be sent as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A Python expression whose value stands here.

    Args:
        source: the expression.
        place: where it stands, such as ``line 2, column 5``.
    """

    source: str
    place: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture named in Markdown's way.

    Args:
        label: text that is kept before the picture.
        target: a file, a variable or an address.
        place: where it stands.
    """

    label: str
    target: str
    place: str


Piece = Text | Expression | Reference

# A label without brackets, then a target: in angle brackets, or with balanced round brackets, on one line.
_REFERENCE = re.compile(
    r"""!\[ (?P<label> [^\[\]\n]* ) \]
        \( \s* (?: < (?P<angled> [^<>\n]+ ) > | (?P<plain> (?: [^()\n] | \( [^()\n]* \) )+? ) )
        (?: \s+ "[^"\n]*" )? \s* \)""",
    re.VERBOSE,
)
_SPECIAL = re.compile(r"\\?(?:\{\{|!\[)")


def parse_prompt(text: str, *, raw: bool = False) -> tuple[Piece, ...]:
    r"""Split a prompt into text, expressions and pictures.

    Args:
        text: the prompt as typed.
        raw: take everything as text.

    Raises:
        PromptError: an expression is not closed or is no Python expression.

    >>> parse_prompt("Make {{fox}} grey, {not this}")
    (Text(text='Make '), Expression(source='fox', place='line 1, column 6'), Text(text=' grey, {not this}'))
    >>> parse_prompt(r"a \{{ brace")
    (Text(text='a {{ brace'),)
    """
    if raw:
        return (Text(text),) if text else ()
    pieces: list[Piece] = []
    literal: list[str] = []
    position = 0
    while found := _SPECIAL.search(text, position):
        literal.append(text[position : found.start()])
        if found.group().startswith("\\"):
            literal.append(found.group()[1:])
            position = found.end()
            continue
        piece, position = _special(text, found.start())
        if isinstance(piece, Text):
            literal.append(piece.text)
            continue
        _flush(literal, pieces)
        pieces.append(piece)
    literal.append(text[position:])
    _flush(literal, pieces)
    return tuple(pieces)


def _flush(literal: list[str], pieces: list[Piece]) -> None:
    if joined := "".join(literal):
        pieces.append(Text(joined))
    literal.clear()


def _special(text: str, start: int) -> tuple[Piece, int]:
    if text.startswith("{{", start):
        return _expression(text, start)
    found = _REFERENCE.match(text, start)
    if not found:
        return Text("!["), start + 2
    target = (found["angled"] or found["plain"]).strip()
    return Reference(found["label"], target, _place(text, start)), found.end()


def _expression(text: str, start: int) -> tuple[Piece, int]:
    """The shortest ``{{...}}`` from here that holds a Python expression: a value may end in ``}}`` itself."""
    first_end = end = text.find("}}", start + 2)
    while end >= 0:
        # Of a run of closing braces the last two close: {{ {"a": 1}}}.
        while text[end + 2 : end + 3] == "}" and not _is_expression(text[start + 2 : end]):
            end += 1
        source = text[start + 2 : end].strip()
        if _is_expression(source):
            return Expression(source, _place(text, start)), end + 2
        # No expression is longer than this; without a bound a long cell would be read again and again.
        end = text.find("}}", end + 2, start + 4000)
    place = _place(text, start)
    if first_end < 0:
        raise PromptError(
            f"The {{{{ at {place} is not closed.",
            hint="Close it with }}, or write \\{{ for the braces themselves.",
        )
    source = text[start + 2 : first_end].strip()
    problem = f"{shorten(source, 40)!r} is not a Python expression" if source else "there is nothing in it"
    raise PromptError(
        f"{{{{...}}}} at {place}: {problem}.",
        hint="Write \\{{ for the braces themselves, or use --raw.",
    )


def _is_expression(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            # Remarks on odd escapes come again when the expression is evaluated.
            warnings.simplefilter("ignore")
            ast.parse(source.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # The parser reports null bytes and over-deep nesting with the last three.
        return False
    return bool(source.strip())


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"line {line}, column {column}"
