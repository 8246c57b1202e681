"""Every kind of value that people hold as a picture becomes a part, and nothing else does."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.display import Image as IPythonImage
from PIL import Image

from gemimg_magic import GeneratedImage
from gemimg_magic.core.errors import PromptError
from gemimg_magic.core.messages import ImagePart, TextPart
from gemimg_magic.inputs import parts_of, picture_parts
from support.gateway import png


def decoded(part):
    return Image.open(io.BytesIO(part.data))


def test_bytes_in_an_accepted_format_go_out_as_they_are():
    data = png("red")

    assert picture_parts(data) == (ImagePart(data, "image/png"),)
    assert picture_parts(bytearray(data))[0].data == data
    assert picture_parts(GeneratedImage.of(data))[0].data == data


def test_paths_are_read(tmp_path):
    (tmp_path / "a b.png").write_bytes(png("red"))

    assert picture_parts(tmp_path / "a b.png")[0].data == png("red")


MODES = "1 L LA P PA RGB RGBA CMYK YCbCr LAB HSV I F I;16 La RGBa RGBX"


@pytest.mark.parametrize("mode", MODES.split())
def test_every_pillow_mode_arrives_as_a_picture(mode):
    [part] = picture_parts(Image.new(mode, (5, 3)))

    assert part.media_type == "image/png"
    assert decoded(part).size == (5, 3)


def test_sixteen_bits_keep_their_shades():
    ramp = Image.fromarray(np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, 256))

    [part] = picture_parts(ramp.convert("I"))

    assert len(set(decoded(part).convert("L").get_flattened_data())) > 200


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3), (4, 6, 4), (4, 6, 1)])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64, bool, np.int64])
def test_arrays(shape, kind):
    [part] = picture_parts(np.ones(shape, kind))

    assert decoded(part).size == (6, 4)
    lightest = 255 if kind in (np.float32, np.float64, bool) else 1
    assert decoded(part).convert("L").getextrema() == (lightest, lightest)


def test_a_figure_a_display_and_a_list():
    figure = plt.figure()
    try:
        [drawn] = picture_parts(figure)
    finally:
        plt.close(figure)
    assert decoded(drawn).size[0] > 100
    assert picture_parts(IPythonImage(data=png("red")))[0].data == png("red")
    assert [part.data for part in picture_parts([png("red"), (png("blue"), png("red"))])] == [
        png("red"),
        png("blue"),
        png("red"),
    ]


def test_other_formats_are_converted_once():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "BMP")

    [part] = picture_parts(buffer.getvalue())

    assert part.media_type == "image/png"
    assert decoded(part).getpixel((0, 0)) == (255, 0, 0)


def test_text_and_numbers_become_text():
    assert parts_of("two {{x}}") == (TextPart("two {{x}}"),)
    assert parts_of(3) == (TextPart("3"),)
    assert parts_of(np.float64(0.5)) == (TextPart("0.5"),)
    assert parts_of(np.array(7)) == (TextPart("7"),)


@pytest.mark.parametrize(
    "value", [None, True, {}, object(), [], [png(), "text"], [None], set(), range(3), dict, plt]
)
def test_other_values_are_not_parts(value):
    assert parts_of(value) is None
    with pytest.raises(PromptError, match=type(value).__name__):
        picture_parts(value)


@pytest.mark.parametrize(
    "value",
    [
        b"not a picture",
        np.zeros((2, 2, 2)),
        np.full((2, 2), 3.0),
        np.zeros((0, 3), np.uint8),
        np.full((2, 2), 999),
    ],
)
def test_what_is_not_a_picture_is_refused_in_words(value):
    with pytest.raises(PromptError, match="not a picture"):
        picture_parts(value)


def test_a_secret_file_is_refused_without_its_content(tmp_path):
    (tmp_path / "id_rsa").write_text("-----BEGIN KEY----- hunter2")

    with pytest.raises(PromptError, match="id_rsa") as caught:
        picture_parts(tmp_path / "id_rsa")

    assert "hunter2" not in str(caught.value)
    with pytest.raises(PromptError, match="cannot be read"):
        picture_parts(tmp_path / "absent.png")
