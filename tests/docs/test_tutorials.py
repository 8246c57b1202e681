"""The tutorial notebooks: light, described in words, and the same in every run.

Strict nbval runs them as well: they are in `testpaths`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture(scope="module")
def rerun(tmp_path_factory: pytest.TempPathFactory):
    """Run a notebook once more from a fresh copy. The first time all of them are begun, two at a time."""
    place = tmp_path_factory.mktemp("reruns")
    with ThreadPoolExecutor(2) as pool:
        begun = {path: pool.submit(run_in, path, place / path.stem) for path in NOTEBOOKS}
        yield lambda path: (
            begun.pop(path, None) or pool.submit(run_in, path, place / f"{path.stem}-again")
        ).result()


def run_in(path: Path, folder: Path) -> bytes:
    copy = folder / "notebooks"
    shutil.copytree(ROOT / "notebooks", copy)
    done = subprocess.run(
        [sys.executable, run_notebook.__file__, copy / path.name], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert str(folder) not in (copy / path.name).read_text(encoding="utf-8")
    return (copy / path.name).read_bytes()


@each
def test_a_run_from_a_fresh_copy_gives_the_same_bytes(path, rerun):
    """The saved file is one run. Where other libraries write other bytes, two runs here must be equal."""
    first, saved = rerun(path), path.read_bytes()

    assert first == saved or first == rerun(path)


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
    assert f"{Path.home()}/" not in text
    assert json.loads(text)["metadata"].keys() == {"kernelspec", "language_info"}
