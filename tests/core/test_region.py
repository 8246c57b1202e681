"""Pasting back: outside of the region nothing changes, whatever the picture's mode and size."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from gemimg_magic.core.box import box_of
from gemimg_magic.core.region import box_mask, marked, pasted, read_mask, words_for


def file(picture, kind="PNG"):
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def noise(mode, size=(120, 80)):
    bands = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    return Image.merge(mode, [Image.effect_noise(size, 90) for _ in range(bands)])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("answer", [(120, 80), (97, 61), (480, 320)])
def test_outside_of_the_box_every_pixel_stays(mode, answer):
    old = noise(mode)
    mask = box_mask((30, 20, 50, 40), old.size)

    made = Image.open(io.BytesIO(pasted(file(old), file(Image.new("RGB", answer, "magenta")), mask)))

    assert made.size == old.size
    plain = old if mode == "RGBA" else old.convert("RGB")
    changed = ImageChops.difference(made, plain).convert("RGB").getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert (left, top) >= (30, 20)
    assert right <= 80
    assert bottom <= 60
    assert made.convert("RGB").getpixel((55, 40)) == (255, 0, 255)


def test_the_border_fades_inside_and_is_hard_at_the_edge_of_the_picture():
    old, new = Image.new("RGB", (200, 200), "black"), Image.new("RGB", (200, 200), "white")
    made = Image.open(io.BytesIO(pasted(file(old), file(new), box_mask((0, 0, 100, 200), old.size))))

    row = [made.getpixel((x, 100))[0] for x in range(200)]
    assert row[0] == 255
    assert row[100:] == [0] * 100
    assert row[60:100] == sorted(row[60:100], reverse=True)
    assert 0 < row[95] < 255


def test_the_same_input_gives_the_same_bytes():
    old, new, mask = file(noise("RGB")), file(noise("RGB")), box_mask((10, 10, 40, 40), (120, 80))

    assert pasted(old, new, mask) == pasted(old, new, mask)


def test_a_jpeg_stays_as_it_decodes():
    old = file(noise("RGB"), "JPEG")
    made = Image.open(io.BytesIO(pasted(old, file(noise("RGB")), box_mask((0, 0, 16, 16), (120, 80)))))

    assert (
        made.crop((16, 0, 120, 80)).tobytes() == Image.open(io.BytesIO(old)).crop((16, 0, 120, 80)).tobytes()
    )


@pytest.mark.parametrize(
    ("typed", "box"),
    [
        ("10,20,30,40", (10, 20, 30, 40)),
        (" 10 , 20 , 30 , 40 ", (10, 20, 30, 40)),
        ("50%,50%,50%,50%", (100, 50, 100, 50)),
        ("0.5,0.5,0.25,0.25", (100, 50, 50, 25)),
        ("150,0,900,900", (150, 0, 50, 100)),
    ],
)
def test_boxes(typed, box):
    assert box_of(typed, (200, 100)) == box


@pytest.mark.parametrize(
    "typed", ["1,2,3", "a,b,c,d", "10%,20,30,40", "200,0,10,10", "0,0,0,10", "-5,0,10,10"]
)
def test_what_is_no_box(typed):
    with pytest.raises(ValueError, match=r"box|four numbers"):
        box_of(typed, (200, 100))


def test_masks():
    white = Image.new("L", (50, 25), 0)
    white.paste(255, (0, 0, 25, 25))
    clear = Image.new("RGBA", (50, 25), (0, 0, 0, 0))
    clear.paste((9, 9, 9, 255), (0, 0, 25, 25))

    for picture in (white, clear):
        assert read_mask(file(picture), (200, 100)).getbbox() == (0, 0, 100, 100)
    with pytest.raises(ValueError, match="marks nothing"):
        read_mask(file(Image.new("L", (5, 5), 0)), (200, 100))


def test_the_mark_shows_where_and_the_words_say_it():
    mask = box_mask((600, 300, 600, 300), (2400, 1200))
    picture = marked(file(Image.new("RGB", (2400, 1200), "grey")), mask)

    assert max(picture.size) == 1024
    assert picture.getpixel((10, 10)) == (128, 128, 128)
    assert picture.getpixel((380, 190)) != (128, 128, 128)
    assert "25% to 50% from the left, 25% to 50% from the top" in words_for(mask)
