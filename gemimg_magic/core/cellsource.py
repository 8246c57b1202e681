"""A picture's request written back as the ``%%imagine`` cell that would make it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .completions import GeneratedImage, Provenance
from .messages import ImagePart, Message, Part, TextPart
from .models import DEFAULT_MODEL
from .options import OPTIONS
from .region import without_words

NameOf = Callable[[ImagePart], str | None]

_PLAIN = re.compile(r"[A-Za-z0-9_.:/,+%@~][A-Za-z0-9_.:/,+%@~-]*")
_SPECIAL = re.compile(r"\{\{|!\[")
_USUAL = {"max_tokens": 4096, "take": 0, "stream": False}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a cell can lean on, where it is going to stand.

    Args:
        name_of: an expression whose value is that picture, or None.
        file_of: a file that holds exactly these bytes, or None.
        conversations: an expression for a picture -> the turns up to and with it.
        usual: settings that hold where the cell does not say otherwise, such as ``{"model": "..."}``.
    """

    name_of: NameOf
    file_of: NameOf = lambda _: None
    conversations: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)
    usual: Mapping[str, Any] = field(default_factory=dict)


def cell_source(image: GeneratedImage, near: NameOf | Surroundings, *, out: str = "", count: int = 1) -> str:
    """The cell that would make a picture: read again, it gives the same request.

    A picture that neither a variable nor a file holds becomes a name that is not defined, so the cell says
    what is missing before anything is sent; a comment on the first line says so, too.

    Args:
        image: the picture.
        near: an expression for each picture that was sent, or all that a cell can lean on.
        out: the name to bind; the picture's own where it is one.
        count: how many takes, this picture being the first.

    Raises:
        ValueError: no request is known that made it.
    """
    if image.provenance is None or not image.provenance.request.messages:
        raise ValueError("it was not made here, so there is no prompt to tell")
    near = near if isinstance(near, Surroundings) else Surroundings(near)
    out = out or (image.name if image.name.isidentifier() else "")
    writer = _Writer(image.provenance, near)
    body = writer.body()
    words = ["%%imagine", *writer.options("" if out == "_img" else out, count)]
    comment = f"  # {'; '.join(writer.missing)}" if writer.missing else ""
    # One line end at the end belongs to the cell, not to the prompt.
    return " ".join(words) + comment + "\n" + body + ("\n" if body.endswith("\n") else "")


def cell_text(values: Mapping[str, Any], prompt: str) -> str:
    r"""A ``%%imagine`` cell from the values of its options and the prompt as it is typed.

    Args:
        values: name of the option -> value, in any order; None, empty text and empty tuples are left out.
        prompt: what stands below the first line, already in the language of the cell.

    >>> print(cell_text({"aspect": "16:9", "out": "fox", "images": ("lake", "a b.jpg")}, "a fox"))
    %%imagine -o fox -i lake -i "a b.jpg" -a 16:9
    a fox
    """
    words = ["%%imagine"]
    for option in OPTIONS:
        value = values.get(option.name)
        if option.sets is None and value not in (None, "", (), False):
            words += _words(option.flags[0], tuple(map(_reference, value)) if option.repeat else value)
    # One line end at the end belongs to the cell, not to the prompt.
    return " ".join(words) + "\n" + prompt + ("\n" if prompt.endswith("\n") else "")


def _reference(value: str) -> str:
    """A picture as the value of an option: an expression as it is, a path with spaces in quotes.

    >>> _reference("fox[0]"), _reference("a b.jpg"), _reference("f(1, 2)")
    ('fox[0]', '"a b.jpg"', 'f(1, 2)')
    """
    return _quoted(value) if " " in value and not re.search(r"[(\[\"']", value) else value


class _Writer:
    """Writes one request; ``missing`` collects what the cell cannot say."""

    def __init__(self, made: Provenance, near: Surroundings) -> None:
        self._request = request = made.request
        self._region = made.region
        self._near = near
        *self._earlier, self._last = request.messages
        self._leading: list[str] = []
        self.missing: list[str] = []

    def body(self) -> str:
        """The prompt: the text with its special characters escaped, and the pictures in their places."""
        parts = self._without_leading(self._unmarked(self._last.parts))
        pieces: list[str] = []
        text = ""
        for part in parts:
            if isinstance(part, TextPart):
                text += part.text
            else:
                pieces += [escaped(text, before_picture=True), self._placed(part)]
                text = ""
        return "".join([*pieces, escaped(text)])

    def _unmarked(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """The parts without what ``--region`` added: the marked copy after the picture, and its words."""
        if not self._region:
            return parts
        first, _, *others, last = parts
        words = TextPart(without_words(last.text)) if isinstance(last, TextPart) else last
        return (first, *others, words)

    def _without_leading(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """The parts after the pictures that stand in front, which become ``-e`` or ``-i``.

        Where no word follows them they were typed in the prompt, so they stay there.
        """
        pictures: list[ImagePart] = []
        for position, part in enumerate(parts):
            if isinstance(part, TextPart):
                if not part.text[:1].isalnum() and not self._region:
                    break
                self._leading = [self._target(picture) for picture in pictures]
                return parts[position:]
            pictures.append(part)
        return parts

    def _placed(self, picture: ImagePart) -> str:
        name = self._near.name_of(picture)
        if name is None and (path := self._near.file_of(picture)) is not None:
            return f"![](<{path}>)" if re.search(r"[\s()]", path) else f"![]({path})"
        return f"{{{{{name or self._absent(picture)}}}}}"

    def _target(self, picture: ImagePart) -> str:
        """A picture as the value of ``-e`` or ``-i``."""
        name = self._near.name_of(picture)
        if name is None and (path := self._near.file_of(picture)) is not None:
            return _quoted(path)
        return name or self._absent(picture)

    def _absent(self, picture: ImagePart) -> str:
        name = f"picture_{picture.sha256[:8]}"
        told = f"no variable holds {name} ({picture.media_type}, {len(picture.data)} bytes)"
        if told not in self.missing:
            self.missing.append(told)
        return name

    def options(self, out: str, count: int) -> list[str]:
        """The options in the order of the table: what is not as it would be anyway."""
        values: dict[str, Any] = {
            "out": out,
            "n": count if count > 1 else "",
            **self._references(),
            **self._turns(),
        }
        usual = {**_USUAL, "model": DEFAULT_MODEL, **self._near.usual}
        for name in ("aspect", "size", "model", "temperature", "max_tokens", "seed", "take", "stream"):
            value = getattr(self._request, name)
            if value is not None and value != usual.get(name):
                values[name] = value
        words: list[str] = []
        for option in OPTIONS:
            if option.sets is not None:
                continue
            if option.name == "param":
                words += [f"--param {_quoted(key)} {_json(v)}" for key, v in self._request.params.items()]
            elif option.name in values:
                words += _words(option.flags[0], values[option.name])
        return words

    def _references(self) -> dict[str, Any]:
        if self._region and self._leading:
            return {"edit": self._leading[0], "images": tuple(self._leading[1:]), "region": self._region}
        if len(self._leading) == 1:
            return {"edit": self._leading[0]}
        return {"images": tuple(self._leading)}

    def _turns(self) -> dict[str, Any]:
        """``--system`` and ``-c``: what stands before the last turn."""
        values: dict[str, Any] = {}
        texts = [turn.text for turn in self._earlier if turn.role == "system"]
        spoken = _spoken(self._earlier)
        known = self._near.conversations.items()
        name = next((name for name, turns in known if spoken and turns == tuple(self._earlier)), None)
        if texts and name is None:
            values["system"] = " ".join(texts[-1].splitlines()) if _is_broken(texts[-1]) else texts[-1]
            if values["system"] != texts[-1]:
                self.missing.append("the system text had line breaks")
            # A system text that is typed takes the place of the conversation's.
            name = next((name for name, turns in known if spoken and _spoken(turns) == spoken), None)
        if name is not None:
            values["conversation"] = name
        elif spoken:
            self.missing.append(f"add -c NAME: {len(spoken)} earlier turns are in no variable")
        return values


def _spoken(turns: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(turn for turn in turns if turn.role != "system")


def _is_broken(text: str) -> bool:
    """Whether it takes more than one line; the line of a magic is one."""
    return text.splitlines() not in ([], [text])


def _words(flag: str, value: Any) -> Iterator[str]:
    """A flag with its value, once for each item of a tuple; expressions are written as they are."""
    if isinstance(value, tuple):
        yield from (f"{flag} {item}" for item in value)
    elif value is True:
        yield flag
    elif value != "":
        expression = flag in ("-e", "-c", "-o", "--region")
        yield f"{flag} {value if expression else _quoted(str(value))}"


def escaped(text: str, *, before_picture: bool = False) -> str:
    r"""Text as it is typed in a prompt.

    >>> escaped("a {{b}} ![c")
    'a \\{{b}} \\![c'
    >>> escaped("a {", before_picture=True)
    "a {{'{'}}"
    """
    stem = text.rstrip("\\{") if before_picture else text
    tail = text[len(stem) :]
    # In front of the braces of an expression these would be read together with them.
    return _SPECIAL.sub(r"\\\g<0>", stem) + (f"{{{{{tail!r}}}}}" if tail else "")


def _quoted(value: str) -> str:
    r"""A value as it is typed on the line of a magic.

    >>> _quoted("16:9"), _quoted("Be brief."), _quoted("--x"), _quoted('a "b"')
    ('16:9', '"Be brief."', '"--x"', '"a \\"b\\""')
    """
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _json(value: Any) -> str:
    """A further field of the body: text as it is unless it would be read as JSON.

    >>> _json("ann"), _json("5"), _json(5), _json({"effort": "low"})
    ('ann', '"\\\\"5\\\\""', '5', '"{\\\\"effort\\\\": \\\\"low\\\\"}"')
    """
    if isinstance(value, str) and not _is_broken(value):
        try:
            json.loads(value)
        except ValueError:
            return _quoted(value)
    text = json.dumps(value, ensure_ascii=False)
    return _quoted(json.dumps(value) if _is_broken(text) else text)
