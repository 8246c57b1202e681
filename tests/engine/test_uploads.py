"""Files made fit to be sent: untouched where possible, and never with where and when they were taken."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from gemimg_magic.uploads import MAX_BYTES, MAX_SIDE, fit

PLACE = b"48.8584 N, 2.2945 E"


def encoded(kind, picture=None, **options):
    buffer = io.BytesIO()
    (picture or Image.effect_noise((60, 40), 90).convert("RGB")).save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation=None):
    tags = Image.Exif()
    tags[0x010E] = PLACE.decode()
    if orientation:
        tags[0x0112] = orientation
    return tags


def decoded(part):
    return Image.open(io.BytesIO(part.data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_plain_file_goes_out_byte_for_byte(kind):
    data = encoded(kind)

    part = fit(data)

    assert part.data is data
    assert part.note == ""


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_private_metadata_is_cut_out_and_no_pixel_changes(kind):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif(), "icc_profile": profile}
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("Comment", PLACE.decode())
    if kind == "JPEG":
        options["comment"] = PLACE
    data = encoded(kind, **options)
    assert PLACE in data

    part = fit(data)

    assert PLACE not in part.data
    assert part.note == "sent without its metadata"
    assert decoded(part).info["icc_profile"] == profile
    before, after = np.asarray(Image.open(io.BytesIO(data))), np.asarray(decoded(part))
    assert (before == after).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_turned_photo_is_sent_upright(kind):
    data = encoded(kind, exif=exif(orientation=6))

    part = fit(data)

    assert decoded(part).size == (40, 60)
    assert part.note == "turned upright"
    assert PLACE not in part.data


def test_a_heavy_picture_is_scaled_and_that_is_said():
    noise = np.random.default_rng(1).integers(0, 255, (3600, 2400, 3), np.uint8)
    data = encoded("PNG", Image.fromarray(noise), compress_level=0)
    assert len(data) > MAX_BYTES

    part = fit(data)

    assert max(decoded(part).size) == MAX_SIDE
    assert part.note.startswith("scaled from 2400×3600 to 2048×3072, 25.9 MB as ")


def test_a_heavy_picture_of_a_good_size_is_compressed_and_that_is_said():
    data = encoded("PNG", Image.new("RGB", (1600, 1600), "teal"), compress_level=0)
    assert len(data) > MAX_BYTES

    part = fit(data)

    assert decoded(part).size == (1600, 1600)
    assert part.note == "compressed, 7.7 MB as 0.1 MB"


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "GIF"])
def test_other_formats_go_as_png(kind):
    part = fit(encoded(kind))

    assert part.media_type == "image/png"
    assert part.note == f"sent as PNG instead of {kind}"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_file_is_refused(kind, share):
    data = encoded(kind)

    with pytest.raises(ValueError, match=r"\w"):
        fit(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ValueError, match=r"\w"):
        fit(data)
