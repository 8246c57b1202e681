"""The commands of ``%gemimg`` that put a widget on the screen: ``panel`` and ``compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from ..core.errors import PromptError
from ..core.line import words_of
from ..core.text import shorten
from .command import Command
from .commands_pictures import pictures_named
from .names import Names

if TYPE_CHECKING:
    from .magic import ImagineMagics


# Widgets are loaded by those who want one.
def _panel(magics: ImagineMagics, words: str) -> None:
    from .panel import panel

    flag, _, source = words.partition(" ")
    if words and (flag != "--from" or not source.strip()):
        raise PromptError(
            f"{shorten(words, 40)!r} is unknown here.", hint="%gemimg panel [--from NAME or file]"
        )
    made = panel(source.strip() or None)
    magics.ip.user_ns["_panel"] = made
    display(made)


def _compare(magics: ImagineMagics, words: str) -> None:
    names = Names(magics.ip.user_ns, {})
    images = [image for reference in words_of(words) for image in pictures_named(names, reference, "compare")]
    if len(images) != 2:
        raise PromptError(f"Two pictures are compared, not {len(images)}.", hint="%gemimg compare NAME NAME")
    from .panel.compare import show_comparison
    from .panel.host import is_seen

    show_comparison(*images, live=is_seen(magics.ip))


PANEL_COMMANDS = (
    Command(
        "panel", "make pictures with the mouse; --from NAME or a saved file starts from a picture", _panel
    ),
    Command("compare", "two pictures under one divide that moves: variables or files", _compare),
)
