"""Names in the notebook: expressions evaluated, references found, prompts filled in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from ..core.completions import GeneratedImage
from ..core.errors import PromptError
from ..core.messages import ImagePart, Message, Part, TextPart
from ..core.prompt import Expression, Piece, Reference, Text, parse_prompt
from ..core.text import did_you_mean, shorten
from ..fetching import Fetch, is_address, refuse
from ..inputs import own_path, parts_of, picture_parts, read_picture, type_name
from ..jobs import Job


class Names:
    """The variables that a cell can see.

    Args:
        global_names: the notebook's own.
        local_names: those of the function or loop that the magic stands in.
        fetch: gives the picture at an address, or refuses it.
    """

    def __init__(
        self, global_names: dict[str, Any], local_names: Mapping[str, Any], fetch: Fetch = refuse
    ) -> None:
        self._fetch = fetch
        self._globals = global_names
        self._locals = local_names

    def evaluate(self, source: str, place: str) -> Any:
        """The value of an expression.

        Args:
            source: the expression.
            place: where it stands, for the error.

        Raises:
            PromptError: a name is not defined, or the expression fails.
        """
        try:
            return eval(compile(source, "<prompt>", "eval"), self._globals, self._locals)  # noqa: S307
        except NameError as problem:
            name = problem.name or source
            raise PromptError(
                f"{name!r} is not defined ({place}).",
                hint=did_you_mean(name, self._visible(name)) or "Bind it first.",
            ) from None
        except Exception as problem:  # noqa: BLE001  whatever a user's expression raises
            what = f"{type(problem).__name__}: {shorten(str(problem), 120)}"
            raise PromptError(f"{shorten(source, 40)} ({place}) raised {what}") from None

    def known(self, value: Any) -> Any:
        """The value, or the parts that it was turned into before."""
        # What --bg still makes is waited for.
        return value.result() if isinstance(value, Job) else value

    def _visible(self, name: str) -> list[str]:
        names = {**self._globals, **self._locals}
        return [known for known in names if not known.startswith("_") or name.startswith("_")]

    def executor(self, source: str | None) -> Any:
        """The executor that ``--on`` means; None where it was not typed.

        Raises:
            PromptError: there is no such name, or it is no executor.
        """
        if source is None or source.strip("\"'") == "dask":
            return source and "dask"
        return self.evaluate(source, "after --on")

    def picture(self, reference: str, place: str) -> tuple[ImagePart, ...]:
        """The pictures that a reference means: a variable or expression, or else a file.

        Raises:
            PromptError: it is neither, or not a picture.
        """
        reference = reference.strip()
        if reference.startswith("{{") and reference.endswith("}}"):
            reference = reference[2:-2].strip()
        if is_address(reference):
            return (self._fetch(reference),)
        if reference.startswith("data:"):
            return picture_parts(_from_data_uri(reference))
        if self.is_bound(reference):
            value = self.evaluate(reference, place)
            return (read_picture(value),) if isinstance(value, str) else picture_parts(self.known(value))
        path = reference.strip("\"'")
        if own_path(path).exists() or not reference.isidentifier():
            return (read_picture(path),)
        raise PromptError(
            f"There is no variable or file {reference!r} ({place}).",
            hint=did_you_mean(reference, self._visible(reference)),
        )

    def value(self, reference: str) -> Any:
        """The value of a variable or expression whose names all exist; None for any other word."""
        return self.known(self.evaluate(reference, "")) if self.is_bound(reference) else None

    def is_bound(self, reference: str) -> bool:
        """Whether the reference reads as an expression whose names all exist; photos/fox.png does not."""
        try:
            code = compile(reference, "<reference>", "eval")
        except (SyntaxError, ValueError):
            return False
        known = {**self._globals, **self._locals}
        roots = [name for name in code.co_names[:1] if name not in known]
        return bool(code.co_names) and not roots

    def turns(self, reference: str) -> tuple[Message, ...]:
        """The conversation that made a picture, up to and with it.

        Raises:
            PromptError: it is not a picture that a conversation made.
        """
        value = self.known(self.evaluate(reference, "after -c"))
        turns = value.turns if isinstance(value, GeneratedImage) else ()
        if not turns:
            raise PromptError(
                f"{shorten(reference, 40)} was not made by a conversation.", hint="-e edits any picture."
            )
        return turns

    def snippet(self, name: str, styles: Mapping[str, str]) -> str:
        """The text of a named style: of the settings, of a dict variable ``styles``, or any text expression.

        Raises:
            PromptError: there is no such style.
        """
        variable = self._globals.get("styles")
        known = {**(variable if isinstance(variable, Mapping) else {}), **styles}
        value = known.get(name)
        if value is None and self.is_bound(name):
            value = self.evaluate(name, "after --style")
        if not isinstance(value, str):
            raise PromptError(
                f"There is no style {name!r}.",
                hint=did_you_mean(name, [str(key) for key in known])
                or "Define one: %config ImagineMagics.styles = {'ink': 'in black ink'}.",
            )
        return value

    def text(self, template: str, place: str, *, shown: Callable[[str], str] = str) -> str:
        """A text with the value of every ``{{expression}}`` in its place.

        Args:
            template: the text as typed.
            place: where it stands, for the error.
            shown: how the text of a value is written there.

        Raises:
            PromptError: an expression fails, or its value is no text or number.
        """
        texts: list[str] = []
        for piece in parse_prompt(template):
            match piece:
                case Text(text=text):
                    texts.append(text)
                case Expression(source=source):
                    parts = parts_of(self.evaluate(source, place)) or ()
                    if not parts or not all(isinstance(part, TextPart) for part in parts):
                        raise PromptError(f"{{{{{shorten(source, 40)}}}}} ({place}) is not text.")
                    texts += [shown(part.text) for part in parts if isinstance(part, TextPart)]
                case Reference(label=label):
                    raise PromptError(f"The picture ![{shorten(label, 20)}](...) cannot stand {place}.")
        return "".join(texts)

    def fill(self, pieces: tuple[Piece, ...]) -> tuple[Part, ...]:
        """The parts of a prompt, with every expression and picture in its place.

        Raises:
            PromptError: a value cannot stand in a prompt; the message names its type and place.
        """
        parts: list[Part] = []
        for piece in pieces:
            match piece:
                case Text(text=text):
                    parts.append(TextPart(text))
                case Expression(source=source, place=place):
                    parts += _as_parts(self.known(self.evaluate(source, place)), source, place)
                case Reference(label=label, target=target, place=place):
                    parts += [TextPart(label), *self.picture(target, place)]
        return joined(parts)


def _as_parts(value: Any, source: str, place: str) -> tuple[Part, ...]:
    parts = parts_of(value)
    if parts is None:
        raise PromptError(
            f"{{{{{shorten(source, 40)}}}}} ({place}) is a {type_name(value)}, not a picture or text.",
            hint="Pictures, text, numbers and lists of pictures can.",
        )
    return parts


def joined(parts: list[Part]) -> tuple[Part, ...]:
    """Neighbouring texts as one; empty ones gone."""
    together: list[Part] = []
    for part in parts:
        last = together[-1] if together else None
        if isinstance(part, TextPart) and isinstance(last, TextPart):
            together[-1] = TextPart(last.text + part.text)
        elif not isinstance(part, TextPart) or part.text:
            together.append(part)
    return tuple(together)


def _from_data_uri(address: str) -> bytes:
    head, _, payload = address.partition(",")
    if not head.endswith(";base64"):
        raise PromptError("This data: address is not base64.", hint="Name a file or a variable instead.")
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error:
        raise PromptError("The base64 of this data: address is damaged.") from None
