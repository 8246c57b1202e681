"""A sweep, and a cell in the background, in a real JupyterLab, in light and in dark."""

from __future__ import annotations

import pytest

LOAD = "%load_ext gemimg_magic"
SWEEP = '%%imagine -x style=["oil painting", "ink drawing", "mosaic"] -y aspect=["1:1", "3:2"] -o grid'


def theme(nb, name):
    nb.js("await app.commands.execute('apputils:change-theme', {theme: arg});", name)
    nb.wait_for("(name) => document.body.dataset.jpThemeName === name", f"the theme {name}", arg=name)
    nb.page.wait_for_timeout(300)


@pytest.mark.parametrize("name", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_contact_sheet_of_three_by_two(lab, name):
    nb = lab([LOAD, f"{SWEEP}\na red fox, {{{{style}}}}", "grid['mosaic', '1:1']"])
    theme(nb, name)
    nb.run(0)
    [output] = nb.run(1, timeout=90)

    assert output["data"]["text/plain"] == "grid · 3×2 · 6 pictures"
    assert {"image/png", "image/jpeg"} & output["data"].keys()
    assert "text/html" not in output["data"]
    seen = nb.pixels(1)
    assert 700 < seen.width <= 1024
    assert seen.colours > 500
    assert 0.1 < seen.coloured < 0.9
    assert nb.eval("grid.shape") == [3, 2]
    nb.run(2)
    assert nb.pixels(2).width > 0
    nb.shot(f"sweep-{name.rpartition(' ')[2].lower()}", range(1, 2))
    theme(nb, "JupyterLab Light")  # the settings are those of all tests


def test_a_sweep_fills_in_and_shows_what_failed(lab):
    prompts = ["a red fox", "[slow 3] a blue whale", "refuse this", "[slow 6] a green frog"]
    nb = lab([LOAD, f"%%imagine -j 4 -x what={prompts} -o grid\n{{{{what}}}}"])
    nb.run(0)
    nb.start(1)
    nb.output(1).locator("img").first.wait_for()
    [during] = nb.outputs(1)
    assert "of 4 done" in during["data"]["text/plain"]
    nb.page.wait_for_timeout(1500)
    nb.shot("sweep-filling", range(1, 2))
    nb.wait(1, timeout=60)

    sheet, error = nb.outputs(1)

    assert sheet["data"]["text/plain"] == "grid · 4 · 3 pictures · 1 failed"
    assert error["output_type"] == "error"
    assert "1 of 4 pictures failed" in nb.text(1)
    nb.shot("sweep-failed", range(1, 2))


def test_the_background_fills_its_own_place(lab):
    nb = lab(
        [
            LOAD,
            "%%imagine --bg -o fox\n[slow 3] a red fox",
            "%%imagine --bg -n 2 -o pair\n[slow 2] two owls",
            "%%imagine --bg -o never\n[slow 2] refuse this",
            "6 * 7",
        ]
    )
    for cell in range(5):
        nb.run(cell)
    assert nb.eval("type(fox).__name__") == "Job"
    assert not nb.output(1).locator("img").count()

    nb.output(1).locator("img").wait_for()
    nb.poll("type(fox).__name__", "GeneratedImage")
    nb.poll("type(pair).__name__", "Takes")
    nb.poll("never.done()", True)

    [output] = nb.outputs(1)
    assert output["data"]["text/plain"].startswith("fox · ")
    assert len(nb.outputs(2)) == 2
    nb.wait_for(
        "() => nb.panel().content.widgets[3].node.innerText.includes('RefusedError')",
        "the word of the refusal",
    )
    assert nb.text(4) == "42"
    nb.shot("background", range(1, 5))
