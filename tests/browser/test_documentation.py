"""The pictures of README and tutorials: `pytest tests/browser --screenshots docs/images`."""

from __future__ import annotations

LOAD = "%load_ext gemimg_magic"
OPEN = "from gemimg_magic import panel\np = panel(aspect='21:9'); p"


def test_a_picture_is_a_word_of_the_next_prompt(lab):
    nb = lab(
        [
            LOAD,
            "%%imagine -o fox -a 21:9\na red fox in the snow",
            "%%imagine -a 21:9\nPut {{fox}} in a golden frame, at sunset",
        ],
        name="cell.ipynb",
    )
    nb.run_all()

    assert nb.pixels(1).coloured > 0.02
    assert nb.pixels(2).coloured > 0.02
    assert nb.eval("_img.parents == (fox,)") is True
    nb.shot("cell", range(1, 3))


def test_the_panel_as_the_tutorial_shows_it(lab):
    nb = lab([LOAD, OPEN], name="panel.ipynb")
    nb.run_all()
    for number, prompt in enumerate(("a red fox in the snow", "a lighthouse by the sea at sunset"), 1):
        nb.page.get_by_label("Prompt", exact=True).fill(prompt)
        nb.page.get_by_role("button", name="Generate").click()
        nb.poll("[len(p.images), p.busy]", [number, False])
    large = nb.page.locator(".gemimg-large")

    assert nb.pixels(large).coloured > 0.02
    assert large.get_attribute("alt") == "a lighthouse by the sea at sunset"
    nb.page.set_viewport_size({"width": 1100, "height": 1600})
    nb.shots.mkdir(parents=True, exist_ok=True)
    nb.page.locator(".gemimg-panel").screenshot(path=nb.shots / "panel.png")
