"""A real `ipython` under a pseudo terminal: what a person sees there."""

import base64
import io
import os
import re
import select
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from gemimg_magic.notebook.terminal import protocol
from support import foreign

pty = pytest.importorskip("pty")  # not on Windows

LOAD = "%load_ext gemimg_magic"


class Terminal:
    """IPython in a terminal of 120 columns. `type()` a line, and get what appears until the next prompt."""

    def __init__(self, **environ: str) -> None:
        import fcntl
        import termios

        self._here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        names = {"KITTY_WINDOW_ID", "LC_TERMINAL", "TERM", "TERM_PROGRAM", "TMUX", *foreign(os.environ)}
        own = {name: value for name, value in os.environ.items() if name not in names}
        own |= {"IPYTHONDIR": str(Path.cwd() / "ipython"), "TERM": "xterm-256color"}
        # The simple prompt asks the terminal nothing, so that nobody has to answer.
        command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
        self._process = subprocess.Popen(
            command, stdin=there, stdout=there, stderr=there, env=own | environ, start_new_session=True
        )
        os.close(there)
        self._line = 0
        self._until_prompt()

    def type(self, line: str) -> str:
        os.write(self._here, f"{line}\n".encode())
        seen = self._until_prompt().removeprefix(line)
        return re.sub(r"[^\n]*\r\x1b\[2K", "", seen).strip("\n")  # what "erase this line" leaves

    def _until_prompt(self) -> str:
        self._line += 1
        prompt, seen, deadline = f"In [{self._line}]: ", "", time.monotonic() + 30
        while not seen.endswith(prompt):
            ready, _, _ = select.select([self._here], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no prompt, only {seen!r}"
            seen += os.read(self._here, 1 << 16).decode().replace("\r\n", "\n")
        return seen.removesuffix(prompt)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._here)


def test_a_plain_terminal_says_in_one_line_what_came():
    with Terminal() as terminal:
        terminal.type(LOAD)
        fox = "fox · 1024×1024 · sketch, no model"

        assert terminal.type("%imagine -o fox [slow 1] a red fox") == fox
        assert terminal.type("fox") == f"Out[3]: {fox}"
        assert terminal.type("get_ipython().run_cell_magic('imagine', '-e fox -o grey', 'greyscale')") == (
            "grey · 1024×1024 · sketch, no model"
        )
        assert terminal.type("x = %imagine a cat") == "_img · 1024×1024 · sketch, no model"
        assert terminal.type("%imagine -q a cat") == ""
        assert len(terminal.type("%imagine --bogus a cat").splitlines()) == 1
        assert "\x1b_G" not in terminal.type("fox.pil.size")


def test_a_terminal_that_can_shows_the_picture():
    with Terminal(KITTY_WINDOW_ID="1", TERM="xterm-kitty") as terminal:
        terminal.type(LOAD)
        caption, _, rest = terminal.type("%imagine -o fox -a 16:9 a red fox").partition("\n")
        assert caption == "fox · 1376×768 · sketch, no model"
        pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", rest)
        picture = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in pieces))))
        assert picture.size == (640, 357)
        assert pieces[0][0] == "a=T,f=100,q=2,c=71,m=1"
        assert [head[-1] for head, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
        assert all(len(data) <= 4096 for _, data in pieces)
        assert "\x1b_G" in terminal.type("fox")
        assert "\x1b_G" not in terminal.type("%imagine --embed none a cat")


def test_the_path_of_a_stored_picture_is_told(gateway, private_place):
    from support.gateway import completion, png

    gateway.reply(completion(png("red")))
    with Terminal(GEMIMG_BASE_URL=gateway.base_url, GEMIMG_API_KEY="canary-91be55aa") as terminal:
        terminal.type(LOAD)
        line = terminal.type("%imagine -o red a red square")

    path = line.removeprefix("red · 32×24 · test-model · ")
    assert Path(path).parts[:2] == ("imagined", "pictures")
    assert Path(path).read_bytes() == png("red")


def test_ipython_in_a_pipe_prints_lines_without_codes():
    program = f"{LOAD}\n%imagine -o fox a red fox\nfox\n"
    ran = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "--simple-prompt"],
        input=program,
        capture_output=True,
        text=True,
        env=os.environ | {"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"},
        check=True,
    )
    assert ran.stdout.count("fox · 1024×1024 · sketch, no model\n") == 2
    assert "\x1b" not in ran.stdout


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ""),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "3"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, ""),
        ({"TERM": "dumb", "KITTY_WINDOW_ID": "3"}, ""),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "3"}, ""),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, ""),
        ({"TERM": "xterm-kitty", "GEMIMG_TERMINAL_IMAGES": "off"}, ""),
        ({"TERM": "xterm", "GEMIMG_TERMINAL_IMAGES": "iterm"}, "iterm"),
        ({"TERM": "dumb", "GEMIMG_TERMINAL_IMAGES": "kitty"}, ""),
        ({"TERM": "xterm-kitty", "GEMIMG_TERMINAL_IMAGES": "nonsense"}, ""),
    ],
)
def test_which_terminals_draw(environ, expected):
    assert protocol(environ, is_tty=True) == expected
    assert protocol(environ, is_tty=False) == ""


def test_iterm_gets_one_file(shell, monkeypatch):
    from gemimg_magic.notebook.terminal import _drawn

    shell.run("%imagine -q -o tall -a 9:16 a red fox")
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((30, 20)))

    drawn = _drawn(shell.user_ns["tall"], "iterm")

    found = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);width=(\d+):(.*)\x07", drawn)
    assert int(found[1]) == len(base64.b64decode(found[3]))
    assert int(found[2]) == 22
