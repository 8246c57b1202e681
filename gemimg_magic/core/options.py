"""THE table of options. Magics, command line, help, completion and docs all read it; nothing repeats it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .box import is_box
from .errors import PromptError

Place = Literal["cell", "command"]
Group = Literal["request", "pictures", "binding", "sending", "showing"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Args:
        name: the key under which its value is found, in snake case.
        flags: spellings, the short one first.
        help: one line, for people.
        group: what it acts on.
        metavar: the value's name in help; empty for a flag without a value.
        read: text -> value; raises ValueError with what was expected.
        values: known good values, offered by completion; others may pass too.
        repeat: whether it may be given several times; the value is then a tuple.
        words: how many words the value has.
        raw: keep quotes, because the value is a Python expression.
        places: where it can be typed.
        sets: for a flag that switches another option: the (name, value) that it sets.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    group: Group = "request"
    metavar: str = ""
    read: Callable[[str], Any] = str
    values: tuple[str, ...] = ()
    repeat: bool = False
    words: int = 1
    raw: bool = False
    places: frozenset[Place] = frozenset({"cell", "command"})
    sets: tuple[str, Any] | None = None


def _ratio(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,2}:[1-9]\d{0,2}", text):
        raise ValueError("a ratio such as 16:9")
    return text


def _size(text: str) -> str:
    size = text.upper()
    if not re.fullmatch(r"512|0\.5K|[1-9]K", size):
        raise ValueError("512, 1K, 2K or 4K")
    return {"0.5K": "512"}.get(size, size)


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 2:
        raise ValueError("a number from 0 to 2")
    return value


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    wanted = f"a whole number from {least}" + (f" to {most}" if most is not None else "")

    def read(text: str) -> int:
        if (
            not re.fullmatch(r"-?\d{1,18}", text)
            or int(text) < least
            or (most is not None and int(text) > most)
        ):
            raise ValueError(wanted if most is not None else f"{wanted} up")
        return int(text)

    return read


def _usd(text: str) -> float:
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise ValueError("an amount in US dollars, such as 0.50")
    return value


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(name.isidentifier() for name in names):
        raise ValueError("a variable name, or several with commas between")
    return names


def _region(text: str) -> str:
    bare = text.strip().strip("\"'")
    if re.match(r"[-\d.]+%?\s*,", bare) and not is_box(bare):
        raise ValueError("X,Y,W,H in pixels, all in percent, or a picture that is a mask")
    return bare if is_box(bare) else text


def _one_name(text: str) -> str:
    if not text.isidentifier():
        raise ValueError("a variable name")
    return text


def _axis(text: str) -> tuple[str, str]:
    name, equals, values = text.partition("=")
    if not equals or not name.strip().isidentifier() or not values.strip():
        raise ValueError('a name and a list without spaces around "=", such as style=["oil", "ink"]')
    return name.strip(), values.strip()


def _one_of(*values: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return text

    return read


_CELL: frozenset[Place] = frozenset({"cell"})

OPTIONS: tuple[Option, ...] = (
    Option(
        "out",
        ("-o", "--out"),
        "bind the result to this variable, and show it",
        "binding",
        "NAME[,NAME...]",
        _names,
        places=_CELL,
    ),
    Option("quiet", ("-q", "--quiet"), "bind without showing", "binding", places=_CELL),
    Option(
        "images",
        ("-i", "--image"),
        "a reference picture, before the text: variable, expression or file",
        "pictures",
        "REF",
        repeat=True,
        raw=True,
    ),
    Option(
        "edit",
        ("-e", "--edit"),
        "edit this picture: the first part of a new user turn",
        "pictures",
        "REF",
        raw=True,
        places=_CELL,
    ),
    Option(
        "region",
        ("--region",),
        "change only this part of the picture after -e: a box in pixels or percent, or a mask",
        "pictures",
        "X,Y,W,H",
        _region,
        raw=True,
        places=_CELL,
    ),
    Option(
        "conversation",
        ("-c", "--continue"),
        "continue the conversation that made this picture: its turns are sent, too",
        "pictures",
        "NAME",
        raw=True,
        places=_CELL,
    ),
    Option("n", ("-n",), "how many takes", "sending", "N", _whole(1, 64), places=_CELL),
    Option(
        "x",
        ("-x",),
        "a picture for each value, side by side; {{NAME}} or the option of that name takes the value",
        "sending",
        "NAME=EXPR",
        _axis,
        repeat=True,
        raw=True,
        places=_CELL,
    ),
    Option(
        "y",
        ("-y",),
        "a second axis of values, from top to bottom",
        "sending",
        "NAME=EXPR",
        _axis,
        repeat=True,
        raw=True,
        places=_CELL,
    ),
    Option(
        "each",
        ("--each",),
        "a picture for each row of a list of mappings or a DataFrame; {{column}} takes its value",
        "sending",
        "ROWS",
        raw=True,
        places=_CELL,
    ),
    Option(
        "keep_going",
        ("--keep-going",),
        "end the cell well when some of several pictures fail; the count is shown",
        "sending",
        places=_CELL,
    ),
    Option(
        "bg",
        ("--bg", "--background"),
        "go on in the background: the name is a Job until the picture is here",
        "sending",
        places=_CELL,
    ),
    Option(
        "parallel",
        ("-j", "--parallel"),
        "at most so many requests at a time",
        "sending",
        "N",
        _whole(1, 256),
        places=_CELL,
    ),
    Option(
        "style",
        ("--style",),
        "add a named snippet of %config ImagineMagics.styles, or of a variable",
        "pictures",
        "NAME",
        raw=True,
        places=_CELL,
    ),
    Option(
        "aspect",
        ("-a", "--aspect", "--ar", "--aspect-ratio"),
        "aspect ratio",
        "request",
        "RATIO",
        _ratio,
        ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"),
    ),
    Option("size", ("-s", "--size"), "size", "request", "SIZE", _size, ("1K", "2K", "4K")),
    Option("model", ("-m", "--model"), "model id or alias", "request", "MODEL"),
    Option(
        "temperature",
        ("-t", "--temperature"),
        "0 to 2; left to the model unless given",
        "request",
        "T",
        _temperature,
    ),
    Option("max_tokens", ("--max-tokens",), "limit of the reply in tokens", "request", "N", _whole(1)),
    Option("seed", ("--seed",), "seed, where the gateway honours one", "request", "N", _whole(0)),
    Option("system", ("--system",), "text of a system turn", "request", "TEXT"),
    Option(
        "param",
        ("--param",),
        "a further field of the request: its name and its value, JSON or text",
        "request",
        "KEY VALUE",
        words=2,
        repeat=True,
    ),
    Option(
        "mode",
        ("--mode",),
        "the store: replay what is recorded, else ask (auto); never ask; always ask; do without",
        "sending",
        "auto|replay|record|off",
        _one_of("auto", "replay", "record", "off"),
        ("auto", "replay", "record", "off"),
    ),
    Option(
        "mode", ("--fresh",), "ask again, and replace what is recorded", "sending", sets=("mode", "record")
    ),
    Option(
        "take",
        ("--take",),
        "number of a deliberate variant; each is recorded on its own",
        "sending",
        "N",
        _whole(0),
    ),
    Option(
        "dry_run",
        ("--dry-run",),
        "show what would be sent, what is recorded, and the price; send, bind and write nothing",
        "sending",
    ),
    Option(
        "on",
        ("--on",),
        "let these workers send the requests: an executor, a Dask client, or dask for the current one",
        "sending",
        "EXECUTOR",
        values=("dask",),
        raw=True,
        places=_CELL,
    ),
    Option(
        "max_cost",
        ("--max-cost",),
        "stop before the request that would pass so many US dollars",
        "sending",
        "USD",
        _usd,
    ),
    Option("profile", ("-p", "--profile"), "how the gateway is spoken to", "sending", "PROFILE"),
    Option("stream", ("--stream",), "ask for a streamed reply", "sending"),
    Option(
        "stream", ("--no-stream",), "ask for a whole reply (the default)", "sending", sets=("stream", False)
    ),
    Option("save", ("--save",), "write the picture to this file, too", "binding", "PATH", places=_CELL),
    Option(
        "metadata",
        ("--no-metadata",),
        "files get no word on how the picture was made",
        "binding",
        sets=("metadata", False),
    ),
    Option("raw", ("--raw",), "send the prompt as typed: no {{...}}, no ![...](...)", "pictures"),
    Option(
        "alt",
        ("--alt",),
        "text alternative of the picture; the prompt unless given",
        "showing",
        "TEXT",
        places=_CELL,
    ),
    Option(
        "embed",
        ("--embed",),
        "what the notebook holds: a small preview, the full bytes, or none",
        "showing",
        "preview|full|none",
        _one_of("preview", "full", "none"),
        ("preview", "full", "none"),
        places=_CELL,
    ),
)


def options_at(place: Place) -> tuple[Option, ...]:
    """The options that can be typed at that place."""
    return tuple(option for option in OPTIONS if place in option.places)


def by_flag(options: Iterable[Option]) -> dict[str, Option]:
    """Every spelling -> its option."""
    return {flag: option for option in options for flag in option.flags}


def usage(options: Iterable[Option]) -> str:
    """The options as a plain table, for help texts.

    >>> print(usage([OPTIONS[0]]))
      -o, --out NAME[,NAME...]       bind the result to this variable, and show it
    """
    rows = []
    for option in options:
        left = f"  {', '.join(option.flags)} {option.metavar}".rstrip()
        gap = "\n" + " " * 33 if len(left) > 31 else " " * (33 - len(left))
        rows.append(f"{left}{gap}{option.help}")
    return "\n".join(rows)


def checked(name: str, value: Any) -> Any:
    """A value that came from Python, held to the same rule as one that was typed. None stays None.

    Raises:
        PromptError: the value is out of range.

    >>> checked("size", "2k")
    '2K'
    """
    option = next(option for option in OPTIONS if option.name == name)
    if value is None:
        return None
    try:
        return option.read(str(value))
    except ValueError as expected:
        raise PromptError(f"{name} {value!r} is not right.", hint=f"It takes {expected}.") from None


def values_of_params(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The fields that ``--param`` adds: JSON where the text is JSON, else text.

    >>> values_of_params([("top_p", "0.5"), ("user", "ann"), ("reasoning", '{"effort": "low"}')])
    {'top_p': 0.5, 'user': 'ann', 'reasoning': {'effort': 'low'}}
    """

    def value(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    return {name: value(text) for name, text in pairs}
