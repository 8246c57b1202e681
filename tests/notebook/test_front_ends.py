"""One small notebook in the tools that run, check and convert notebooks, each as people call it."""

import re
import subprocess
import sys
from importlib.util import find_spec
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


def start(*command):
    """Start a program of the environment."""
    return subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def read(name):
    return nbformat.read(name, as_version=4)


def pictures(notebook):
    """The outputs of its cells that are pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if {"image/png", "image/jpeg"} & output.get("data", {}).keys()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder, and what each program printed that wrote a notebook there. They run side by side."""
    place = tmp_path_factory.mktemp("front-ends")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write("small.ipynb", CELLS)
        write("refused.ipynb", ["x = 1", CELLS[1], "%%imagine\nrefuse to draw", "open('on', 'w').close()"])
        convert = ("nbconvert", "--to", "notebook", "--execute", "small.ipynb", "--output")
        running = {
            "executed.ipynb": start("jupyter", "execute", "small.ipynb", "--output=executed.ipynb"),
            "converted.ipynb": start("jupyter", *convert, "converted.ipynb"),
        }
        if find_spec("papermill"):
            drawn = ("small.ipynb", "drawn.ipynb", "-p", "style", "pixel art", "--no-progress-bar")
            running["drawn.ipynb"] = start("papermill", *drawn)
            running["stopped.ipynb"] = start(
                "papermill", "refused.ipynb", "stopped.ipynb", "--no-progress-bar"
            )
        texts = {name: program.communicate(timeout=120)[0] for name, program in running.items()}
    failed = [name for name, program in running.items() if program.returncode]
    assert failed == [name for name in running if name == "stopped.ipynb"], texts
    return place, texts


@pytest.fixture
def said(finished, private_place, monkeypatch):
    """What each program printed; the test runs in the folder with its notebook."""
    place, texts = finished
    monkeypatch.chdir(place)
    return texts


def test_jupyter_execute(said):
    notebook = read("executed.ipynb")

    assert [output.data["text/plain"] for output in pictures(notebook)] == CAPTIONS
    assert [len(cell.outputs) for cell in notebook.cells] == [0, 0, 1, 1, 1]
    assert notebook.cells[-1].outputs[0].text == "a red fox in ink True\n"
    assert Path("executed.ipynb").stat().st_size < 500_000
    assert not Path("imagined").exists(), "sketches are not recorded"


def test_nbval_agrees_when_it_is_run_again(said):
    strict = start("pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "executed.ipynb")

    assert "5 passed" in strict.communicate(timeout=120)[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_html_holds_the_picture_and_its_words(said):
    notebook = read("executed.ipynb")
    page, _ = HTMLExporter().from_notebook_node(notebook)
    [first, second] = [
        output.data.get("image/png") or output.data["image/jpeg"] for output in pictures(notebook)
    ]
    assert first.replace("\n", "") in page.replace("\n", "")
    assert second.replace("\n", "") in page.replace("\n", "")

    # The default template of nbconvert 7 has no place for a text alternative; these have one.
    for template in ("classic", "gemimg"):
        page, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
        assert re.findall(r'alt="([^"]*)"', page) == ["A fox &amp; a &lt;hedge&gt;", "Make it greyscale"]


def test_nbconvert_executes(said):
    assert [output.data["text/plain"] for output in pictures(read("converted.ipynb"))] == CAPTIONS


def test_parameters_of_papermill_reach_the_prompt(said):
    pytest.importorskip("papermill")
    notebook = read("drawn.ipynb")

    assert notebook.cells[-1].outputs[0].text == "a red fox in pixel art True\n"
    assert len(pictures(notebook)) == 2


def test_a_refusal_stops_papermill_with_the_models_own_words(said):
    pytest.importorskip("papermill")
    outputs = [output for cell in read("stopped.ipynb").cells for output in cell.get("outputs", [])]
    [error] = [output for output in outputs if output.output_type == "error"]

    assert "Refused" in error.ename
    assert "no model" in error.evalue
    assert error.evalue in said["stopped.ipynb"]
    assert len(error.traceback) == 1
    assert not Path("on").exists()
