"""Notebooks in real kernels: paid once, the same bytes in every run, light on disk."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from support.gateway import completion, png

TUTORIAL = [
    "%load_ext gemimg_magic",
    "%%imagine -o fox -a 16:9\na red fox in the snow",
    "fox",
    "%%imagine -o grey\nMake {{fox}} greyscale",
    "%imagine -o both two cats",
    "from PIL import Image\ndot = Image.new('RGB', (8, 8), 'red')",
    "%%imagine -o near --take 2\nsomething like {{dot}}",
    "%imagine refuse this",
]


def run(folder: Path, cells: list[str], **environment: str) -> bytes:
    """Execute a notebook in a new kernel; the bytes of its file."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    folder.mkdir(exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        record_timing=False,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, **environment})
    nbformat.write(notebook, folder / "tutorial.ipynb")
    return (folder / "tutorial.ipynb").read_bytes()


def errors(notebook: bytes) -> list[str]:
    cells = nbformat.reads(notebook.decode(), 4).cells
    return [o.ename for cell in cells for o in cell.outputs if o.output_type == "error"]


def test_a_notebook_pays_once_and_is_the_same_everywhere(gateway, tmp_path):
    """Two kernels, then another folder with no key and no network: one payment, one file, byte for byte."""
    gateway.reply(completion(png("red", (1376, 768)), text="A fox."))
    gateway.reply(completion(png("grey", (1200, 1100)), id="another", created=7))
    gateway.reply(completion(png("blue"), png("gold")))
    gateway.reply(completion(png("pink")))
    gateway.reply({"choices": [{"message": {"content": "No."}, "finish_reason": "stop"}]})
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    keyed = {"GEMIMG_BASE_URL": gateway.base_url, "GEMIMG_API_KEY": "canary-key-0123456789"}

    first = run(here, TUTORIAL, **keyed)
    assert len(gateway.requests) == 5
    second = run(here, TUTORIAL, **keyed)
    assert len(gateway.requests) == 5
    gateway.close()
    shutil.copytree(here / "imagined", elsewhere / "imagined")
    third = run(elsewhere, TUTORIAL, GEMIMG_MODE="replay")
    fourth = run(elsewhere, TUTORIAL)

    assert errors(first) == ["RefusedError"]
    assert first == second == third == fourth
    assert b"canary" not in first
    assert str(tmp_path).encode() not in first


def large_picture(number: int) -> bytes:
    """4096 x 4096 pixels with the detail of a photograph, near enough."""
    grain = Image.effect_noise((1024, 1024), 24).resize((4096, 4096))
    slope = Image.linear_gradient("L").resize((4096, 4096)).rotate(90 * (number % 4))
    picture = Image.merge("RGB", (slope, grain, slope.rotate(180)))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.mark.timeout(120)
def test_a_notebook_with_ten_large_pictures_stays_light(gateway, tmp_path):
    pictures = [large_picture(number) for number in range(2)]
    for number in range(10):
        gateway.reply(completion(pictures[number % 2]))
    cells = ["%load_ext gemimg_magic", *(f"%imagine -s 4K picture {number}" for number in range(10))]

    notebook = run(tmp_path, cells, GEMIMG_BASE_URL=gateway.base_url, GEMIMG_API_KEY="canary-key-0123456789")

    assert errors(notebook) == []
    assert sum(map(len, pictures)) > 10_000_000
    assert notebook.count(b"image/jpeg") >= 10
    assert len(notebook) < 2_500_000
