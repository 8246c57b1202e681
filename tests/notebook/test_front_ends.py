"""One small notebook in the tools that run, check and convert notebooks, each as people call it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

CELLS = [
    "style = 'ink'",
    "%load_ext gemimg_magic",
    '%%imagine -o fox --alt "A fox & a <hedge>"\na red fox in {{style}}',
    "%%imagine -e fox -o grey\nMake it greyscale",
    "print(fox.provenance.prompt, grey.parents == (fox,))",
]
CAPTIONS = ["fox · 1024×1024 · sketch, no model", "grey · 1024×1024 · sketch, no model"]


def write(name, cells):
    """Write a notebook; its first cell holds the parameters of papermill."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, name)


def run(*command, fails=False):
    """Run a program of the environment; gives what it said."""
    ran = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert bool(ran.returncode) == fails, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def read(name):
    return nbformat.read(name, as_version=4)


def pictures(notebook):
    """The outputs of its cells that are pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if {"image/png", "image/jpeg"} & output.get("data", {}).keys()]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook after `jupyter execute`."""
    place = tmp_path_factory.mktemp("executed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write("small.ipynb", CELLS)
        run("jupyter", "execute", "small.ipynb", "--output=done.ipynb")
    return place / "done.ipynb"


def test_jupyter_execute(executed):
    notebook = read(executed)

    assert [output.data["text/plain"] for output in pictures(notebook)] == CAPTIONS
    assert [len(cell.outputs) for cell in notebook.cells] == [0, 0, 1, 1, 1]
    assert notebook.cells[-1].outputs[0].text == "a red fox in ink True\n"
    assert executed.stat().st_size < 500_000
    assert not (executed.parent / "imagined").exists(), "sketches are not recorded"


def test_nbval_agrees_when_it_is_run_again(executed):
    said = run("pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q", str(executed))

    assert "5 passed" in said


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_html_holds_the_picture_and_its_words(executed):
    notebook = read(executed)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    [first, second] = [
        output.data.get("image/png") or output.data["image/jpeg"] for output in pictures(notebook)
    ]
    assert first.replace("\n", "") in page.replace("\n", "")
    assert second.replace("\n", "") in page.replace("\n", "")

    # The default template of nbconvert 7 has no place for a text alternative; this one reads it.
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert re.findall(r'alt="([^"]*)"', page) == ["A fox &amp; a &lt;hedge&gt;", "Make it greyscale"]


def test_nbconvert_executes(private_place):
    write("small.ipynb", CELLS)
    run("jupyter", "nbconvert", "--to", "notebook", "--execute", "small.ipynb", "--output=done.ipynb")

    assert [output.data["text/plain"] for output in pictures(read("done.ipynb"))] == CAPTIONS


def test_parameters_of_papermill_reach_the_prompt(private_place):
    pytest.importorskip("papermill")
    write("small.ipynb", CELLS)
    run("papermill", "small.ipynb", "done.ipynb", "-p", "style", "pixel art", "--no-progress-bar")

    notebook = read("done.ipynb")
    assert notebook.cells[-1].outputs[0].text == "a red fox in pixel art True\n"
    assert len(pictures(notebook)) == 2


def test_a_refusal_stops_papermill_with_the_models_own_words(private_place):
    pytest.importorskip("papermill")
    write(
        "small.ipynb", ["x = 1", "%load_ext gemimg_magic", "%%imagine\nrefuse to draw", "Path('on').touch()"]
    )
    said = run("papermill", "small.ipynb", "done.ipynb", "--no-progress-bar", fails=True)

    [error] = [output for output in read("done.ipynb").cells[-2].outputs if output.output_type == "error"]
    assert "Refused" in error.ename
    assert error.evalue in said
    assert not Path("on").exists()
    assert "Traceback" not in json.dumps(error)
