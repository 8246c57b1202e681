"""What stands in a cell about its pictures, read but not evaluated: prompt, references, style, turns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import PromptError
from ..core.messages import Part, TextPart
from ..core.options import values_of_params
from ..core.prompt import Expression, Piece, Reference, Text, parse_prompt
from .area import Area, arranged
from .names import Names, joined


@dataclass(frozen=True, slots=True)
class Written:
    """What a request is made from.

    Args:
        pieces: the prompt.
        references: flag and source of each picture before the text, in order.
        conversation: the picture whose turns go first, or None.
        style: the snippet that is added, or None.
        styles: the snippets of the settings.
        options: the options of the request as typed.
        raw: take ``--system`` as typed.
        region: what of the picture to edit may change, or None.
    """

    pieces: tuple[Piece, ...]
    references: tuple[tuple[str, str], ...]
    conversation: str | None
    style: str | None
    styles: Mapping[str, str]
    options: Mapping[str, Any]
    raw: bool = False
    region: str | None = None

    def placed(
        self, names: Names, style: str | None = None
    ) -> tuple[tuple[Part, ...], dict[str, Any], Area | None]:
        """The parts of the last user turn, the options of the request, and the region to change.

        Args:
            names: the variables that the cell can see.
            style: used instead of the one that was typed.

        Raises:
            PromptError: an expression fails, a picture is missing, or nothing is left to send.
        """
        parts = names.fill(self.pieces)
        if not parts:
            raise PromptError("The prompt is empty.", hint="Say what to draw.")
        style = style if style is not None else self.style
        if style is not None:
            parts = joined([*parts, TextPart("\n\n" + names.snippet(style, self.styles))])
        before = [
            (flag, picture)
            for flag, reference in self.references
            for picture in names.picture(reference, f"after {flag}")
        ]
        edited, others = (
            [picture for flag, picture in before if (flag == "-e") is is_edited]
            for is_edited in (True, False)
        )
        area = None if self.region is None else Area.typed(self.region, edited, names)
        options = dict(self.options)
        if self.conversation is not None:
            options["history"] = names.turns(self.conversation)
        if "system" in options and not self.raw:
            options["system"] = names.text(options["system"], "after --system")
        return joined(arranged(edited, others, parts, area)), options, area

    @property
    def words(self) -> frozenset[str]:
        """Every name that stands in an expression, and possibly more."""
        sources = [p.source for p in self.pieces if isinstance(p, Expression)]
        sources += [p.target for p in self.pieces if isinstance(p, Reference)]
        sources += [source for _, source in self.references]
        sources += filter(None, [self.conversation, self.style, self.region, self.options.get("system")])
        return words_in(*sources)

    @property
    def text(self) -> str:
        """The prompt as it was typed, as far as it is text."""
        shown = {Text: "text", Expression: "source", Reference: "label"}
        texts = [(kind, getattr(piece, shown[kind])) for piece in self.pieces for kind in [type(piece)]]
        return "".join(f"{{{{{text}}}}}" if kind is Expression else text for kind, text in texts)


def words_in(*sources: str) -> frozenset[str]:
    """The names in some sources."""
    return frozenset(word for source in sources for word in re.findall(r"[^\W\d]\w*", source))


def written(text: str, options: dict[str, Any], styles: Mapping[str, str]) -> Written:
    """Read a cell; what it uses of the options is taken out of them.

    Raises:
        PromptError: an expression is not closed or is no Python.
    """
    raw = options.pop("raw", False)
    # The picture to edit, then the references, in the order they were typed.
    edited = [("-e", options.pop("edit"))] if "edit" in options else []
    references = [*edited, *(("-i", reference) for reference in options.pop("images", ()))]
    if "param" in options:
        options["params"] = values_of_params(options.pop("param"))
    requested = ("model", "aspect", "size", "temperature", "max_tokens", "seed", "system", "params")
    asked = {name: options.pop(name) for name in (*requested, "take", "stream") if name in options}
    return Written(
        parse_prompt(text, raw=raw),
        tuple(references),
        options.pop("conversation", None),
        options.pop("style", None),
        styles,
        asked,
        raw,
        options.pop("region", None),
    )
