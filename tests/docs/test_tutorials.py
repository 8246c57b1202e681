"""The tutorial notebooks: light, described in words, and the same in every run.

Strict nbval runs them as well: they are in `testpaths`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import run_notebook
from support.pages import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = {"image/png", "image/jpeg"}
LARGEST = 500_000

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


def test_there_are_nine_and_they_are_numbered():
    assert [path.name[:3] for path in NOTEBOOKS] == [f"0{number}_" for number in range(1, 10)]


@each
@pytest.mark.timeout(120)
def test_a_run_from_a_fresh_copy_gives_the_same_bytes(path, tmp_path):
    """The saved file is one run. Where other libraries write other bytes, two runs here must be equal."""
    runs = (run_in(path, tmp_path / name / "notebooks") for name in ("one", "two"))

    first = next(runs)
    same = path.read_bytes() if first == path.read_bytes() else next(runs)

    assert same == first
    assert str(tmp_path).encode() not in first


def run_in(path: Path, copy: Path) -> bytes:
    shutil.copytree(ROOT / "notebooks", copy)
    subprocess.run([sys.executable, run_notebook.__file__, copy / path.name], check=True)
    return (copy / path.name).read_bytes()


@each
def test_every_picture_has_words(path):
    pictures = [o for o in outputs(path) if PICTURES & o.get("data", {}).keys()]

    assert pictures
    for output in pictures:
        [kind] = PICTURES & output["data"].keys()
        assert len(output["metadata"][kind]["alt"]) > 3
        assert "text/plain" in output["data"]


@each
def test_a_notebook_is_light_and_saved_with_its_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]

    assert path.stat().st_size < LARGEST
    assert all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code" and cell["source"])
    assert cells[0]["cell_type"] == "markdown"
    assert cells[0]["source"][0].startswith("# ")


@each
def test_a_notebook_tells_nothing_of_the_machine_that_ran_it(path):
    text = path.read_text(encoding="utf-8")

    assert "/home/" not in text
    assert "/tmp/" not in text
    assert "/root/" not in text
    assert json.loads(text)["metadata"].keys() == {"kernelspec", "language_info"}
