"""Every code block of README and the documentation does what its page says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from support.pages import CODE, ROOT, Block, blocks, pages, read_blocks


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a page's blocks run: the notebooks, a photo and a logo lie in it."""
    shutil.copytree(ROOT / "notebooks", tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    shutil.copyfile(ROOT / "notebooks" / "lake.jpg", tmp_path / "photo.jpg")
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "logo.png")
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def run_in_bash(block: Block, folder: Path) -> None:
    script = ["bash", "-euo", "pipefail", "-c", block.text]
    done = subprocess.run(
        script, cwd=folder, capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL
    )
    if block.mark == "fails":
        assert done.returncode != 0, f"{block.place} should have failed"
        assert block.about in done.stderr + done.stdout, done.stderr
    else:
        assert done.returncode == 0, f"{block.place} failed:\n{done.stdout}\n{done.stderr}"


def run_until_stopped(block: Block, folder: Path) -> None:
    server = subprocess.Popen(
        ["bash", "-c", f"exec {block.text.split('#')[0].strip()}"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
    )
    try:
        assert "http" in server.stdout.readline(), f"{block.place} does not serve"
        time.sleep(0.2)
        posix = os.name == "posix"  # elsewhere a process cannot be sent a Ctrl-C of its own
        server.send_signal(signal.SIGINT if posix else signal.SIGTERM)
        server.communicate(timeout=20)
        assert server.returncode == 0 or not posix, block.place
    finally:
        server.kill()
        server.wait()


def run_in_shell(block: Block, shell) -> None:
    try:
        ran = shell.run(block.text, fails=block.mark == "fails")
    except Exception as problem:
        problem.add_note(f"in the block at {block.place}")
        raise
    if block.mark == "fails":
        assert type(ran.error).__name__ == block.about, block.place


@pytest.mark.parametrize("page", [page for page in pages() if any(b.language in CODE for b in blocks(page))])
def test_the_blocks_of_a_page_run_from_top_to_bottom(page, desk, shell):
    for block in blocks(page):
        if block.mark == "not run" or block.language not in CODE:
            continue
        if block.mark == "until stopped":
            run_until_stopped(block, desk)
        elif block.language == "sh":
            run_in_bash(block, desk)
        elif block.language in ("python", "ipython"):
            run_in_shell(block, shell)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        else:
            import yaml

            yaml.safe_load(block.text)


def test_every_fence_says_what_it_holds():
    """A block that nobody runs is a block that rots: each has a language, and a reason if it does not run."""
    strange = [
        block.place
        for page in pages()
        for block in blocks(page)
        if block.language not in {*CODE, "text"} and not block.language.startswith("{")
    ]
    without_reason = [
        block.place
        for page in pages()
        for block in blocks(page)
        if (block.mark in ("not run", "fails") and not block.about)
        or (block.mark == "not run" and len(block.about.split()) < 3)
    ]

    assert strange == []
    assert without_reason == []


def test_blocks_are_found_with_their_marks():
    text = "\n".join(
        [
            "```python",
            "1 / 0",
            "```",
            "<!-- not run: it needs a key -->",
            "```sh",
            "curl x",
            "```",
            "- item",
            "",
            "  ````text",
            "  ```",
            "  ````",
        ]
    )

    first, second, third = read_blocks("x.md", text)

    assert (first.line, first.language, first.text) == (1, "python", "1 / 0\n")
    assert (second.language, second.mark, second.about) == ("sh", "not run", "it needs a key")
    assert (third.language, third.text) == ("text", "```\n")
