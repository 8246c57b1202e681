"""The same cells in Notebook 7 and in Voila, in a real browser."""

import pytest

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
    nb.run(3, fails=True)
    [line] = nb.text(3).strip().splitlines()
    assert "--bogus" in line
    nb.shot("notebook-7")


def test_voila(browser_context, jupyter_server):
    pytest.importorskip("voila")
    path = jupyter_server.write(CELLS, "page.ipynb")
    page = browser_context.new_page()
    page.goto(f"{jupyter_server.url}/voila/render/{path}?token={jupyter_server.token}")
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
