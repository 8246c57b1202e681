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


@each
@pytest.mark.timeout(120)
def test_two_runs_from_fresh_copies_give_the_same_bytes(path, tmp_path):
    """In two kernels at a time, in folders of their own, with no key."""
    copies = [tmp_path / "one" / "notebooks", tmp_path / "two" / "else" / "where"]
    for copy in copies:
        shutil.copytree(ROOT / "notebooks", copy)
    runs = [subprocess.Popen([sys.executable, run_notebook.__file__, copy / path.name]) for copy in copies]
    assert [run.wait() for run in runs] == [0, 0]

    first, second = ((copy / path.name).read_bytes() for copy in copies)

    assert first == second
    assert str(tmp_path).encode() not in first


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
