"""The first minutes with the magic, in a real JupyterLab: a picture, an edit, a mistake, a change of mind."""

from __future__ import annotations

import time

LOAD = "%load_ext gemimg_magic"


def test_the_fixtures_themselves(lab):
    """A picture made without the magic, so that a failure below is known to be the magic's."""
    nb = lab(["from PIL import Image\nImage.linear_gradient('L')", "1 / 0"])
    nb.run(0)
    seen = nb.pixels(0)
    assert (seen.width, seen.height, seen.colours, seen.coloured) == (256, 256, 256, 0)
    nb.run(1, fails=True)
    assert "division by zero" in nb.text(1)
    assert nb.eval("[1, 'two']") == [1, "two"]
    assert "image/png" in nb.save().cells[0].outputs[0].data


def test_a_picture_and_its_edit(lab):
    nb = lab(
        [LOAD, "%%imagine -o fox\na red fox in the snow", "%%imagine -e fox -o grey\nMake it greyscale"],
        name="quickstart.ipynb",
    )
    nb.run_all()

    fox, grey = nb.pixels(1), nb.pixels(2)
    assert fox.width > 0
    assert fox.colours > 1
    assert fox.coloured > 0.02
    assert grey.colours > 1
    assert grey.coloured < 0.005
    assert nb.eval("fox.size") == [1024, 1024]
    assert nb.eval("grey.size") == [1024, 1024]
    assert nb.eval("grey == _img") is True

    for cell in (1, 2):
        [output] = nb.save().cells[cell].outputs
        assert output.output_type == "display_data"
        assert {"image/png", "image/jpeg"} & output.data.keys()


def test_a_mistake_is_one_red_line_and_the_next_picture_works(lab):
    nb = lab([LOAD, "%%imagine --bogus\nx", "%%imagine\na blue circle"])
    nb.run(0)
    [output] = nb.run(1, fails=True)

    assert output["output_type"] == "error"
    [line] = nb.text(1).strip().splitlines()
    assert "--bogus" in line
    shown = nb.output(1).locator("[data-mime-type='application/vnd.jupyter.stderr']")
    assert shown.inner_text().strip() == line

    nb.run(2)
    assert nb.pixels(2).colours > 1


def test_interrupt_stops_a_slow_picture_and_the_kernel_lives(lab):
    nb = lab([LOAD, "%%imagine -o late\n[slow 20] a fox", "40 + 2"])
    nb.run(0)
    nb.start(1)
    nb.wait_busy()
    nb.page.wait_for_timeout(500)  # let the request get under way
    assert nb.running(1)

    began = time.monotonic()
    nb.interrupt()
    nb.wait(1)

    assert time.monotonic() - began < 5
    assert not nb.output(1).locator("img").count()
    [answer] = nb.run(2)
    assert answer["data"]["text/plain"] == "42"
    assert nb.eval("'late' in globals()") is False
