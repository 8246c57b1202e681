"""The commands of ``%gemimg`` about pictures in variables: ``history``, ``show``, ``cell``."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from IPython.display import display

from ..core.cellsource import Surroundings, cell_source
from ..core.completions import GeneratedImage
from ..core.errors import PromptError
from ..core.line import words_of
from ..core.messages import ImagePart
from ..core.preview import mime_bundle
from ..core.text import inert, shorten
from ..grid import Grid
from .command import Command, tell
from .holdings import Holdings
from .names import Names
from .terminal import is_terminal
from .terminal import show as show_in_terminal
from .view import is_watched

if TYPE_CHECKING:
    from .magic import ImagineMagics


def _history(magics: ImagineMagics, words: str) -> None:
    if words and not re.fullmatch(r"[1-9]\d{0,5}", words):
        raise PromptError(f"{shorten(words, 40)!r} is not a number.", hint="%gemimg history 5 lists five.")
    made = list(magics.history.made)[-int(words or 20) :]
    if not made:
        tell("No picture was made in this session yet.")
        return
    names = max(len(one.name) for one in made)
    for one in made:
        facts = [f"{one.name:<{names}}  {one.size[0]}×{one.size[1]}", one.model, one.prompt]
        tell(inert(" · ".join(filter(None, [*facts, "replayed" if one.replayed else ""]))))


def _show(magics: ImagineMagics, words: str) -> None:
    references = words_of(words)
    if not references:
        raise PromptError("Which picture?", hint="%gemimg show NAME [NAME...]")
    names = Names(magics.ip.user_ns, {})
    # All are found before the first is shown, so that a typing mistake shows nothing.
    images = [image for reference in references for image in _grid_or_pictures(names, reference)]
    embed = magics.engine().settings.embed
    for image in images:
        if isinstance(image, Grid):
            picture = image.contact_sheet()
            data, metadata = image.bundle(embed, picture)
        else:
            picture = image
            data, metadata = mime_bundle(image, embed)
        if is_terminal(magics.ip):
            show_in_terminal(magics.ip, picture, data, metadata)
        else:
            display(data, metadata=metadata, raw=True)


def pictures_named(names: Names, reference: str, command: str = "show") -> list[GeneratedImage]:
    """The pictures that a word means, ready to be shown."""
    return [_shown(part, reference) for part in names.picture(reference, f"after %gemimg {command}")]


def _grid_or_pictures(names: Names, reference: str) -> list[GeneratedImage] | list[Grid]:
    """The pictures that a word means; a grid is shown as its contact sheet."""
    found = names.value(reference)
    return [found] if isinstance(found, Grid) else pictures_named(names, reference)


def _shown(part: ImagePart, reference: str) -> GeneratedImage:
    if isinstance(part, GeneratedImage):
        return part
    return replace(GeneratedImage.of(part.data), name=shorten(reference.strip("\"'"), 60))


def _cell(magics: ImagineMagics, words: str) -> None:
    if not words:
        raise PromptError("Which picture?", hint="%gemimg cell NAME")
    image, count = _made(Names(magics.ip.user_ns, {}).evaluate(words, "after %gemimg cell"), words)
    engine = magics.engine()
    held = Holdings(magics.ip.user_ns, magics.ip.user_ns_hidden, engine.store)
    usual = {"model": engine.settings.model, "max_tokens": engine.settings.max_tokens}
    near = Surroundings(held.name_of, held.file_of, held.conversations(), usual)
    try:
        source = cell_source(image, near, out=_variable(words), count=count)
    except ValueError as problem:
        raise PromptError(f"There is no cell for {shorten(words, 40)}: {problem}.") from None
    magics.ip.set_next_input(source, replace=False)
    # Without somebody in front of a notebook nothing is inserted, so it has to be read here.
    tell(f"The cell that makes {words} stands below." if is_watched(magics.ip) else inert(source))


def _made(value: Any, words: str) -> tuple[GeneratedImage, int]:
    """The picture, or the first of several takes and their number."""
    images = value if isinstance(value, list) and value else [value]
    if not all(isinstance(image, GeneratedImage) for image in images):
        raise PromptError(f"{shorten(words, 40)} is not a picture made here.", hint="Name a result.")
    first, *others = images
    asked = first.provenance.request if first.provenance else None
    for number, image in enumerate(others, 1):
        request = image.provenance.request if image.provenance else None
        if asked is None or request != replace(asked, take=asked.take + number):
            raise PromptError(f"The pictures in {words} are no takes of one cell.", hint="Name one of them.")
    return first, len(images)


def _variable(words: str) -> str:
    """The name to bind: what was typed, with the brackets of ``fox[1]`` gone."""
    name = re.sub(r"\W+", "_", words).strip("_")
    return name if name.isidentifier() and words != "_img" else ""


PICTURE_COMMANDS = (
    Command("history", "the pictures of this session, the newest last; a number lists so many", _history),
    Command("show", "show pictures again: variables, lists or files", _show),
    Command("cell", "insert the %%imagine cell that would make a picture", _cell),
)
