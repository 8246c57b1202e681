"""The documentation site builds without a warning, and says what the code says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gemimg_magic.core.options import OPTIONS
from gemimg_magic.core.profiles import PROFILES
from gemimg_magic.notebook.manage import COMMANDS
from support.pages import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. Built from a copy, so that the source stays as it is."""
    place = tmp_path_factory.mktemp("site")
    for name in ("docs", "notebooks", "benchmarks"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("_build", "__pycache__"))
    for page in ROOT.glob("*.md"):
        shutil.copyfile(page, place / page.name)
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "built"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert built.returncode == 0, built.stderr
    return place / "built"


class Pictures(HTMLParser):
    """The pictures of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs))


def test_the_tables_are_those_of_the_code(site):
    options = (site / "reference" / "options.html").read_text(encoding="utf-8")
    commands = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    gateways = (site / "gateways.html").read_text(encoding="utf-8")

    shown = set(re.findall(r'<span class="pre">(-[^<]+)</span>', options))
    assert shown >= {flag for option in OPTIONS for flag in option.flags}
    assert {c.name for c in COMMANDS} <= set(re.findall(r'%gemimg</span> <span class="pre">(\w+)', commands))
    assert {p.name for p in PROFILES} <= set(re.findall(r'<span class="pre">([\w-]+)</span>', gateways))


def test_every_notebook_is_there_with_its_pictures_and_their_words(site):
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        page = site / "notebooks" / f"{notebook.stem}.html"
        pictures = [p for p in Pictures(page).found if "_images" in (p.get("src") or "")]

        assert pictures, notebook.name
        assert [p["src"] for p in pictures if len(p.get("alt") or "") < 3] == [], notebook.name


def test_every_picture_of_the_site_has_words(site):
    silent = [
        (page.name, picture)
        for page in site.rglob("*.html")
        for picture in Pictures(page).found
        if not picture.get("alt")
    ]

    assert silent == []


def test_the_reference_comes_from_the_docstrings(site):
    page = (site / "reference" / "python.html").read_text(encoding="utf-8")

    assert 'id="gemimg_magic.imagine"' in page
    assert 'id="gemimg_magic.core.errors.LostImageError"' in page
    assert "billed, but the gateway dropped the picture" in page
