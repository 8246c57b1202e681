"""The command ``%gemimg panel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from ..core.errors import PromptError
from ..core.text import shorten
from .command import Command

if TYPE_CHECKING:
    from .magic import ImagineMagics


def _panel(magics: ImagineMagics, words: str) -> None:
    # Widgets are loaded by those who want one.
    from .panel import panel

    flag, _, source = words.partition(" ")
    if words and (flag != "--from" or not source.strip()):
        raise PromptError(
            f"{shorten(words, 40)!r} is unknown here.", hint="%gemimg panel [--from NAME or file]"
        )
    made = panel(source.strip() or None)
    magics.ip.user_ns["_panel"] = made
    display(made)


PANEL_COMMANDS = (
    Command(
        "panel", "make pictures with the mouse; --from NAME or a saved file starts from a picture", _panel
    ),
)
