"""The code blocks of the documentation, and how each is run.

A fence says what it holds: `python` and `ipython` run in one shell per page, as cells; `sh` runs in bash;
`json`, `toml` and `yaml` must parse; `text` is no code. A comment right above says what is special about it:

    <!-- not run: it needs a key -->         why this block cannot run here; the site shows the reason
    <!-- fails: RefusedError -->             the block shows a failure, and this is its name
    <!-- until stopped -->                   a server: it must come up, and end well on Ctrl-C
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = {"python", "ipython", "sh", "json", "toml", "yaml"}
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
MARK = re.compile(r"^<!-- (not run|fails|until stopped)(?:: (.+))? -->$")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    mark: str = ""
    about: str = ""

    @property
    def place(self) -> str:
        """Where to look when it fails."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page with blocks, by its path in the repository."""
    own = [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"]
    site = [path for path in (ROOT / "docs").rglob("*.md") if not {"notebooks", "_build"} & set(path.parts)]
    return sorted(path.relative_to(ROOT).as_posix() for path in [*own, *site])


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    return read_blocks(page, (ROOT / page).read_text(encoding="utf-8"))


def read_blocks(page: str, text: str) -> list[Block]:
    """The blocks of a text, in order; its own function so that it can be tested."""
    found: list[Block] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        if not opened:
            at += 1
            continue
        end = at + 1
        closing = re.compile(rf"^ *{re.escape(opened['fence'])}{opened['fence'][0]}* *$")
        while end < len(lines) and not closing.match(lines[end]):
            end += 1
        body = [line.removeprefix(opened["indent"]) for line in lines[at + 1 : end]]
        mark = MARK.match(lines[at - 1].strip()) if at else None
        kind, about = mark.groups() if mark else ("", "")
        found.append(Block(page, at + 1, opened["info"].strip(), "\n".join(body) + "\n", kind, about or ""))
        at = end + 1
    return found
