"""Pictures in terminal IPython: a line that says what came and where it is, and the picture if possible.

``GEMIMG_TERMINAL_IMAGES`` in the environment chooses: ``auto`` (the default) draws pictures in terminals that
are known to show them, ``off`` never does, ``kitty`` and ``iterm`` name the protocol that yours speaks.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..core.completions import GeneratedImage
from ..core.errors import GemimgError
from ..core.pictures import open_picture
from ..core.takes import Takes
from ..core.text import inert

if TYPE_CHECKING:
    from .magic import ImagineMagics

_ROWS = 20  # of text, that a picture may be high
_PIXELS = 640  # a side, which is plenty for so many rows
_ITERM = frozenset({"iTerm.app", "WezTerm", "mintty"})


def is_terminal(shell: InteractiveShell) -> bool:
    """Whether the shell is IPython in a terminal, not a kernel or a bare shell."""
    return any(kind.__name__ == "TerminalInteractiveShell" for kind in type(shell).__mro__)


def show(shell: InteractiveShell, image: GeneratedImage, data: dict[str, Any], metadata: Any) -> None:
    """Show a picture that a cell made, by way of IPython's display, which keeps a list of all outputs."""
    terminal: Any = shell

    def write(shown: object, words: object) -> None:
        _write(shell, image, data["text/plain"], draw=len(data) > 1)

    renderers = terminal.mime_renderers
    terminal.mime_renderers = {"text/plain": write}
    try:
        display(data, metadata=metadata, raw=True)
    finally:
        terminal.mime_renderers = renderers


def show_value(magics: ImagineMagics, value: Any) -> None:
    """Show the picture or pictures that are the value of a line, after IPython wrote ``Out[1]: ``."""
    try:
        magics.already_shown(value)
    except NotImplementedError:
        if not isinstance(value, GeneratedImage | Takes):
            raise
        for image in [value] if isinstance(value, GeneratedImage) else value:
            _write(magics.ip, image, image.caption, draw=True)
    else:
        sys.stdout.write("\r\x1b[2K" if sys.stdout.isatty() else "\n")  # the prompt of nothing


def _write(shell: InteractiveShell, image: GeneratedImage, caption: str, *, draw: bool) -> None:
    line = " · ".join(filter(None, (caption, _stored(shell, image))))
    sys.stdout.write(inert(line) + "\n")
    known = protocol(os.environ, is_tty=sys.stdout.isatty()) if draw else ""
    if known:
        sys.stdout.write(_drawn(image, known) + "\n")
    sys.stdout.flush()


def _stored(shell: InteractiveShell, image: GeneratedImage) -> str:
    """The path of the picture's file in the store, seen from here; empty where it has none."""
    if image.completion is None or not image.completion.key:
        return ""
    magics: ImagineMagics = shell.magics_manager.registry["ImagineMagics"]
    with suppress(GemimgError, OSError):
        file = magics.engine().store.picture_path(image.sha256, image.media_type)
        if file.exists():
            here = Path.cwd()
            return str(file.relative_to(here) if file.is_relative_to(here) else file)
    return ""


def protocol(environ: Mapping[str, str], *, is_tty: bool) -> str:
    """How this terminal shows pictures: ``kitty``, ``iterm``, or empty for not at all.

    Args:
        environ: the environment.
        is_tty: whether a terminal is at the other end.
    """
    chosen, term = environ.get("GEMIMG_TERMINAL_IMAGES", "auto"), environ.get("TERM", "")
    if not is_tty or term in ("", "dumb"):
        return ""
    if chosen != "auto":
        return chosen if chosen in ("kitty", "iterm") else ""
    if environ.get("TMUX") or term.startswith(("screen", "tmux")):
        return ""  # pictures do not come through
    program = environ.get("TERM_PROGRAM", "")
    if environ.get("KITTY_WINDOW_ID") or term in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return "kitty"
    return "iterm" if program in _ITERM or environ.get("LC_TERMINAL") == "iTerm2" else ""


def _drawn(image: GeneratedImage, known: str) -> str:
    """The characters that make the terminal draw a picture, at most so many rows high."""
    picture = open_picture(image.data)
    picture.thumbnail((_PIXELS, _PIXELS))
    buffer = io.BytesIO()
    (picture if picture.mode in ("L", "RGB", "RGBA") else picture.convert("RGBA")).save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    # A character is about twice as high as wide.
    columns = max(4, min(shutil.get_terminal_size().columns - 1, 2 * _ROWS * image.width // image.height))
    if known == "iterm":
        return f"\x1b]1337;File=inline=1;size={len(buffer.getvalue())};width={columns}:{encoded}\x07"
    return "".join(_kitty(encoded, columns))


def _kitty(encoded: str, columns: int) -> Iterator[str]:
    """The picture in kitty's pieces. ``q=2`` asks for no answer: it would land in the next input."""
    head = f"a=T,f=100,q=2,c={columns},"
    for start in range(0, len(encoded), 4096):
        more = int(start + 4096 < len(encoded))
        yield f"\x1b_G{head}m={more};{encoded[start : start + 4096]}\x1b\\"
        head = "q=2,"
