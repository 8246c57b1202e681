"""The two ways of docs/cells.md to have the magics in every notebook, each as a real ipython_config.py."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.pages import blocks

CONFIGURATIONS = [block for block in blocks("docs/cells.md") if block.text.startswith("c.")]


def test_there_are_two_ways():
    assert ["lazy_magics" in block.text for block in CONFIGURATIONS] == [False, True]


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=lambda block: block.place)
def test_ipython_starts_with_the_magics(block, tmp_path):
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(f"c = get_config()\n{block.text}", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "-c", "%imagine a red fox\n%gemimg status"],
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "GEMIMG_TERMINAL_IMAGES": "off"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )

    assert "sketch, no model" in done.stdout, done.stderr
    assert "profile   sketch" in done.stdout
