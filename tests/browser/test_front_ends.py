"""The same cells in Notebook 7 and in Voila, in a real browser."""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from support import foreign, until

CELLS = [
    "%load_ext gemimg_magic",
    "%%imagine -o fox\na red fox",
    "%%imagine -e fox -o grey\nMake it greyscale",
]


def test_notebook_7(lab):
    pytest.importorskip("notebook")
    nb = lab([*CELLS, "%%imagine --bogus\nx"], ui="notebook")
    for cell in range(3):
        nb.run(cell)

    assert nb.pixels(1).coloured > 0.02
    assert nb.pixels(2).coloured < 0.005
    assert "--bogus" in nb.text(3) if nb.run(3, fails=True) else False
    assert len(nb.text(3).strip().splitlines()) == 1
    nb.page.keyboard.press("Escape")
    nb.shot("notebook-7")


@pytest.fixture
def voila(private_place):
    """The address of a Voila that serves the cells."""
    pytest.importorskip("voila")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, "page.ipynb")
    own = {name: value for name, value in os.environ.items() if name not in foreign(os.environ)}
    own |= {f"JUPYTER_{name}_DIR": str(private_place / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    log = private_place / "voila.log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "voila", "page.ipynb", "--no-browser", "--port=0", "--debug"]
        process = subprocess.Popen(command, env=own, stdout=out, stderr=out, start_new_session=True)
    address = re.compile(r"http://[\w.]+:\d+/")
    until(lambda: address.search(log.read_text()) or process.poll() is not None, "Voila", timeout=30)
    assert process.poll() is None, log.read_text()
    yield address.search(log.read_text())[0].replace("localhost", "127.0.0.1")
    process.terminate()
    process.wait(10)


def test_voila(browser_context, voila):
    page = browser_context.new_page()
    page.goto(voila)
    pictures = page.locator(".jp-OutputArea img")
    pictures.nth(1).wait_for()

    sizes = [
        picture.evaluate(
            "async (img) => { await img.decode(); return [img.naturalWidth, img.naturalHeight]; }"
        )
        for picture in pictures.all()
    ]
    assert sizes == [[1024, 1024], [1024, 1024]]
    assert "…" not in page.inner_text("body"), "progress is for those who can see it change"
    page.close()
