"""A real InteractiveShell that records what a notebook would show, without a kernel.

def test_it(shell):                                # the fixture is in tests/conftest.py
    ran = shell.run("%%imagine -o fox\\na red fox")
    [picture] = ran.shown                          # what stays on screen, updates applied
    assert "image/png" in picture.data
    assert shell.user_ns["fox"].size == (1024, 1024)

    ran = shell.run("%%imagine --bogus\\nx", fails=True)
    assert len(ran.traceback.splitlines()) == 1
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass, field, replace
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell


@dataclass(frozen=True)
class Shown:
    """One message to the screen: `kind` is "display", "update", "result" or "clear"."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    display_id: str | None = None

    @property
    def text(self) -> str:
        """The plain text of it."""
        return self.data.get("text/plain", "")


@dataclass
class Ran:
    """What running one cell did."""

    screen: list[Shown]
    start: int
    end: int = 0
    stdout: str = ""
    stderr: str = ""
    traceback: str = ""  # as shown, without colours
    error: BaseException | None = None
    result: Any = None

    @property
    def messages(self) -> list[Shown]:
        """Everything sent to the screen, in order."""
        return self.screen[self.start : self.end]

    @property
    def shown(self) -> list[Shown]:
        """What is left on screen, with the updates that came since (also after the cell ended)."""
        left: list[Shown] = []
        for at, message in enumerate(self.screen[self.start :], self.start):
            if message.kind == "update":
                new = {"data": message.data, "metadata": message.metadata}
                same = [
                    message.display_id is not None and old.display_id == message.display_id for old in left
                ]
                left = [replace(old, **new) if hit else old for old, hit in zip(left, same, strict=True)]
            elif at < self.end:
                left = [] if message.kind == "clear" else [*left, message]
        return left

    @property
    def pictures(self) -> list[Shown]:
        """Those of `shown` that are pictures."""
        return [s for s in self.shown if {"image/png", "image/jpeg"} & s.data.keys()]


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
        name = (transient or {}).get("display_id")
        self.shell.screen.append(Shown("update" if update else "display", data, metadata or {}, name))

    def clear_output(self, wait=False):
        self.shell.screen.append(Shown("clear"))


class _Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def finish_displayhook(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.screen.append(Shown("result", format_dict, md_dict or {}))


class RecordingShell(InteractiveShell):
    """`run()` a cell and look at what came of it."""

    def __init__(self, **kwargs):
        self.screen: list[Shown] = []  # everything shown since the shell began
        self._lines: list[str] = []
        super().__init__(display_pub_class=_Publisher, displayhook_class=_Hook, **kwargs)

    def run(self, cell: str, *, fails: bool = False) -> Ran:
        """Run one cell. Its error is raised, unless the test says that the cell `fails`."""
        ran = self.run_cell_quietly(cell)
        if fails:
            assert ran.error is not None, f"this cell should have failed:\n{cell}"
        elif ran.error is not None:
            raise ran.error
        return ran

    def run_cell_quietly(self, cell: str) -> Ran:
        """Run one cell, whether it fails or not."""
        ran = Ran(self.screen, len(self.screen))
        self._lines = []
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            done = self.run_cell(cell, store_history=True)
        ran.end = len(self.screen)
        ran.stdout, ran.stderr, ran.result = out.getvalue(), err.getvalue(), done.result
        ran.error = done.error_before_exec or done.error_in_exec
        ran.traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(self._lines))
        return ran

    def _showtraceback(self, etype, evalue, stb):
        self._lines = list(stb)
