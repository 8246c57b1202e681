"""What docs/front-ends.md promises of linters and formatters: prompts are left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat

PROMPT = '%%imagine -o fox -a 16:9\nit isn\'t  a fox:  "a   cat" {not: python}\n    $\\frac{a}{b}$'


def ruff(*words: str, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache", str(file)]
    return subprocess.run(command, capture_output=True, text=True)


def notebook(folder: Path, *cells: str) -> Path:
    file = folder / "notebook.ipynb"
    made = [nbformat.v4.new_code_cell(cell, id=f"cell-{number}") for number, cell in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), file)
    return file


def test_a_prompt_is_neither_reported_nor_reformatted(tmp_path):
    file = notebook(tmp_path, "%load_ext gemimg_magic", PROMPT, "%imagine it's a  cat", "x   =  1")

    checked = ruff("check", file=file)
    ruff("format", file=file)

    assert checked.returncode == 0, checked.stdout
    cells = nbformat.read(file, as_version=4).cells
    assert [cell.source for cell in cells[1:]] == [PROMPT, "%imagine it's a  cat", "x = 1"]


def test_a_name_bound_by_an_assignment_is_known_and_by_an_option_is_not(tmp_path):
    option = ruff("check", file=notebook(tmp_path, "%%imagine -o fox\na fox", "fox.size"))
    assigned = ruff("check", file=notebook(tmp_path, "fox = %imagine a fox", "fox.size"))
    ignored = ruff(
        "check", "--ignore", "F821", file=notebook(tmp_path, "%%imagine -o fox\na fox", "fox.size")
    )

    assert "F821" in option.stdout
    assert assigned.returncode == 0, assigned.stdout
    assert ignored.returncode == 0, ignored.stdout
