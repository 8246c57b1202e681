"""The commands of ``%gemimg``: one table, how a line finds its command, and ``help``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import PromptError
from ..core.line import refuse_key
from ..core.text import did_you_mean
from .command import Command, tell
from .commands_gateway import GATEWAY_COMMANDS
from .commands_panel import PANEL_COMMANDS
from .commands_pictures import PICTURE_COMMANDS
from .manage_store import STORE_COMMANDS

if TYPE_CHECKING:
    from .magic import ImagineMagics


def _help(magics: ImagineMagics, words: str) -> None:
    lines = [f"%gemimg {command.name:<10}{command.help}" for command in COMMANDS]
    tell("\n".join([*lines, "%%imagine?        how to make pictures"]))


COMMANDS = (
    *GATEWAY_COMMANDS,
    *PICTURE_COMMANDS,
    *PANEL_COMMANDS,
    *STORE_COMMANDS,
    Command("help", "this list", _help),
)


def run_command(magics: ImagineMagics, line: str) -> None:
    """Run what was typed after ``%gemimg``; nothing typed means ``help``.

    Raises:
        PromptError: there is no such command.
    """
    refuse_key(line)
    name, _, words = line.strip().partition(" ")
    for command in COMMANDS:
        if command.name == (name or "help"):
            command.run(magics, words.strip())
            return
    hint = did_you_mean(name, [command.name for command in COMMANDS])
    raise PromptError(f"There is no %gemimg {name}.", hint=hint or "%gemimg help lists the commands.")
