"""Sweeps in cells: what is sent, what is bound, what is told."""

from __future__ import annotations

import pytest

from gemimg_magic import Grid
from support.gateway import completion, png, reply

AXES = '-x style=["oil", "ink", "wash"] -y size=["1K", "2K"]'


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    """Run cells against a gateway that knows every size."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "test-key")
    gateway.otherwise = lambda request: reply(completion(png()))
    return shell


def prompts(gateway):
    """The text of every request so far, in the order of the alphabet."""
    return sorted(str(request.json["messages"][-1]["content"]) for request in gateway.requests)


def test_two_axes_fill_the_prompt_and_set_the_option(remote, gateway):
    ran = remote.run(f"%%imagine {AXES} -o grid\na {{{{style}}}} fox")

    grid = remote.user_ns["grid"]
    assert isinstance(grid, Grid)
    assert remote.user_ns["_img"] is grid
    assert prompts(gateway) == sorted(2 * [f"a {style} fox" for style in ("oil", "ink", "wash")])
    assert grid.shape == (3, 2)
    assert grid["ink", "2K"].name == "grid['ink', '2K']"
    assert grid["ink", "2K"].provenance.request.size == "2K"
    assert list(grid)[:2] == [("oil", "1K"), ("oil", "2K")]
    [sheet] = ran.shown
    assert sheet.text == "grid · 3×2 · 6 pictures"
    assert {"image/png", "image/jpeg"} & sheet.data.keys()
    assert "text/html" not in sheet.data
