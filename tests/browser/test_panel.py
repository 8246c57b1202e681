"""The panel in a real JupyterLab and a real Notebook 7."""

from __future__ import annotations

import pytest

LOAD = "%load_ext gemimg_magic"
OPEN = "from gemimg_magic import panel\np = panel(); p"


@pytest.fixture(params=["lab", "notebook"])
def nb(lab, request):
    """A notebook with an open panel ``p`` in cell 1."""
    page = lab([LOAD, OPEN, "40 + 2"], name="panel.ipynb", ui=request.param)
    page.run(0)
    page.run(1)
    page.page.get_by_role("button", name="Generate").wait_for()
    return page


def control(nb, label):
    return nb.page.get_by_label(label, exact=True)


def large(nb):
    """The chosen picture, in large."""
    return nb.page.locator(".gemimg-large")


def generate(nb, prompt, number):
    """Type a prompt, click, and wait until there are so many pictures."""
    control(nb, "Prompt").fill(prompt)
    nb.page.get_by_role("button", name="Generate").click()
    nb.poll("[len(p.images), p.busy]", [number, False])


def test_type_click_and_see_the_picture(nb):
    control(nb, "Variable").fill("fox")
    generate(nb, "a red fox in the snow", 1)

    seen = nb.pixels(large(nb))
    assert seen.width == 1024
    assert seen.coloured > 0.02
    assert large(nb).get_attribute("alt") == "a red fox in the snow"
    assert nb.eval("fox == _img == p.result") is True
    # The static twin in the output, for whoever opens the file without a kernel.
    outputs = nb.save().cells[1].outputs
    assert [output.output_type for output in outputs] == ["execute_result", "display_data"]
    assert {"image/png", "image/jpeg"} & outputs[1].data.keys()
    assert outputs[1].data["text/plain"] == "fox · 1024×1024 · sketch, no model"
