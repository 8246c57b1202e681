"""I and O: pictures that go out and come in are what they say, and nothing of a server's words is alive."""

import io
import json
import os
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from PIL import Image, ImageCms

from gemimg_magic import GeneratedImage, errors
from gemimg_magic.__main__ import main
from gemimg_magic.core.preview import preview
from gemimg_magic.core.text import inert
from gemimg_magic.inputs import picture_parts, read_picture
from support.gateway import completion, data_uri, png

SCRIPT = b"<script>alert(document.domain)</script>"
MARKUP = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> ![beacon](https://evil.example/x.png) "
    "[click](javascript:alert(3)) <iframe src='https://evil.example'></iframe> $x$ **bold**"
)
ODD = (
    "red\x1b[31m bell\x07 back\x08 title\x1b]0;x\x07 bidi\u202egnp.exe\u2066 line\u2028end tag\U000e0041 \x00"
)


def encoded(picture, kind="PNG", **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def decoded(data):
    return Image.open(io.BytesIO(data))


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "canary-pictures")
    return shell


def sent(gateway):
    import base64

    parts = gateway.last.json["messages"][-1]["content"]
    return [base64.b64decode(p["image_url"]["url"].split(",")[1]) for p in parts if p["type"] == "image_url"]


@pytest.mark.parametrize(
    "content", [b"-----BEGIN KEY----- hunter2", b"", b"%PDF-1.7 hunter2", b"\x89PNG\r\n\x1a\nhunter2"]
)
@pytest.mark.parametrize(
    "cell", ["%%imagine -i {name}\nx", "%%imagine\n![a]({name})", "%%imagine\n{{{{pathlib.Path('{name}')}}}}"]
)
def test_I1_a_file_that_is_no_picture_is_refused_by_name_alone(remote, gateway, private_place, content, cell):
    (private_place / "secret.png").write_bytes(content)
    remote.run("import pathlib")

    ran = remote.run(cell.format(name="secret.png"), fails=True)

    assert isinstance(ran.error, errors.PromptError)
    assert "secret.png" in ran.traceback
    assert "hunter2" not in ran.traceback
    assert gateway.requests == []


def test_I1_a_picture_in_its_head_only_is_refused(private_place):
    whole = encoded(Image.effect_noise((900, 900), 90))
    data = bytearray(whole)
    at = whole.index(b"IDAT") + 2000
    data[at : at + 30] = b"-----BEGIN KEY----- hunter2 xx"
    (private_place / "a.png").write_bytes(data)

    with pytest.raises(errors.PromptError, match="not a picture"):
        read_picture("a.png")


def test_I1_symlinks_are_followed_and_named(private_place):
    (private_place / "id_rsa").write_text("hunter2")
    (private_place / "fox.png").symlink_to(private_place / "id_rsa")

    with pytest.raises(errors.PromptError, match="id_rsa") as caught:
        read_picture("fox.png")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("path", ["*.png", "~root/a.png", "a.pn[g]", "nul\0l.png", "."])
def test_I1_no_pattern_no_other_home_no_folder(private_place, path):
    (private_place / "a.png").write_bytes(png())

    with pytest.raises(errors.PromptError):
        read_picture(path)


def test_I1_a_device_or_a_pipe_is_no_file(private_place):
    os.mkfifo(private_place / "pipe.png")
    for path in ("/dev/zero", "pipe.png"):
        with pytest.raises(errors.PromptError, match="no file"):
            read_picture(path)


def test_I1_values_are_data_and_never_options_or_references(remote, gateway, private_place):
    (private_place / "a.png").write_bytes(png())
    remote.run("text = '-i a.png ![x](a.png) {{open(\"a.png\")}} --save b.png'")
    gateway.reply(completion(png()))

    remote.run("%%imagine\n{{text}}")

    assert not (private_place / "b.png").exists()
    content = gateway.last.json["messages"][-1]["content"]
    assert content in (remote.user_ns["text"], [{"type": "text", "text": remote.user_ns["text"]}])


def test_I1_what_stands_behind_a_picture_stays_here(private_place):
    (private_place / "a.jpg").write_bytes(
        encoded(Image.new("RGB", (9, 9)), "JPEG") + b"a film of my children"
    )

    part = read_picture("a.jpg")

    assert b"children" not in part.data
    assert "behind its end" in part.note


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_I3_where_and_when_it_was_taken_stays_here(remote, gateway, private_place, kind):
    tags = Image.Exif()
    tags[0x010E] = "48.8584 N hunter2"
    (private_place / f"a.{kind.lower()}").write_bytes(encoded(Image.new("RGB", (30, 20)), kind, exif=tags))
    gateway.reply(completion(png()))

    ran = remote.run(f"%%imagine -i a.{kind.lower()}\nx")

    assert b"hunter2" not in sent(gateway)[0]
    assert "without its metadata" in " ".join(shown.text for shown in ran.shown)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_I4_an_oversized_picture_is_refused_with_numbers(private_place, kind):
    (private_place / "a.x").write_bytes(
        encoded(Image.new("1" if kind != "GIF" else "L", (10_000, 10_000)), kind)
    )

    with pytest.raises(errors.PromptError, match="64 million pixels"):
        read_picture("a.x")


def test_I4_a_heavy_picture_is_made_lighter_and_that_is_said(private_place):
    noise = np.random.default_rng(1).integers(0, 90, (2400, 1600, 3), np.uint8)
    (private_place / "a.png").write_bytes(encoded(Image.fromarray(noise), compress_level=0))

    part = read_picture("a.png")

    assert len(part.data) < 7_000_000
    assert part.note == f"compressed, 11.5 MB as {len(part.data) / 1e6:.1f} MB"


def bundles(ran):
    return [shown.data for shown in ran.shown]


def test_O1_words_are_text_only_and_escaped_in_exports(remote, gateway, private_place):
    gateway.reply(completion(png("red"), text=MARKUP, model=MARKUP))

    ran = remote.run("%%imagine -o fox\na fox")

    assert all(set(data) <= {"text/plain", "image/png", "image/jpeg"} for data in bundles(ran))
    assert any(MARKUP in shown.text for shown in ran.shown)
    outputs = [
        nbformat.v4.new_output(
            "display_data", {k: v if isinstance(v, str) else "" for k, v in data.items() if k == "text/plain"}
        )
        for data in bundles(ran)
    ]
    cell = nbformat.v4.new_code_cell("x", outputs=outputs)
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    body = page[page.index("<main") :] if "<main" in page else page
    assert "<img src=x" not in body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(2)" in body


@pytest.mark.parametrize("reply", [{"text": MARKUP}, {"text": ODD}])
def test_O1_O9_a_refusals_words_are_inert(remote, gateway, reply):
    gateway.reply(completion(**reply))

    ran = remote.run("%%imagine\na fox", fails=True)

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u2028]", ran.traceback)
    assert not [data for data in bundles(ran) if set(data) - {"text/plain"}]


def test_O2_bytes_decide_and_svg_and_html_are_no_pictures(remote, gateway):
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    for body, kind in [
        (svg, "image/svg+xml"),
        (svg, "image/png"),
        (b"<html>" + SCRIPT, "image/png"),
        (b"%!PS-Adobe EPSF", "image/png"),
    ]:
        answer = completion()
        answer["choices"][0]["message"]["images"] = [{"image_url": {"url": data_uri(body, kind)}}]
        gateway.reply(answer)
        ran = remote.run("%%imagine --mode off\na fox", fails=True)
        assert isinstance(ran.error, errors.GemimgError)
        assert not [data for data in bundles(ran) if set(data) - {"text/plain"}]


def test_O2_a_lie_about_the_kind_is_not_believed(remote, gateway):
    answer = completion()
    picture = encoded(Image.new("RGB", (20, 20), "red"), "JPEG")
    answer["choices"][0]["message"]["images"] = [{"image_url": {"url": data_uri(picture, "image/svg+xml")}}]
    gateway.reply(answer)

    [shown] = remote.run("%%imagine -o fox\na fox").pictures

    assert set(shown.data) == {"text/plain", "image/jpeg"}
    assert remote.user_ns["fox"].media_type == "image/jpeg"


@pytest.mark.parametrize("embed", ["preview", "full"])
def test_O2_a_polyglot_is_kept_as_it_came_and_shown_without_its_tail(remote, gateway, private_place, embed):
    answer = completion()
    polyglot = png("red") + SCRIPT
    answer["choices"][0]["message"]["images"] = [{"image_url": {"url": data_uri(polyglot)}}]
    gateway.reply(answer)

    for _ in range(2):  # from the gateway, then from the store
        ran = remote.run(f"%%imagine -o fox --embed {embed}\na fox")
        assert remote.user_ns["fox"].data == polyglot
        [shown] = ran.pictures
        assert SCRIPT not in bytes(shown.data["image/png"])
        assert decoded(bytes(shown.data["image/png"])).size == (32, 24)
        assert f"{len(SCRIPT)} bytes that are none of it" in " ".join(s.text for s in ran.shown)
    assert len(gateway.requests) == 1
    assert polyglot in [path.read_bytes() for path in private_place.glob("imagined/pictures/*")]


def bomb():
    """A PNG of 24 kB that claims 196 million pixels."""
    import struct
    import zlib

    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes(1751 * 14000), 9)
    head = struct.pack(">IIBBBBB", 14000, 14000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


@pytest.mark.parametrize(
    "make",
    [
        bomb,
        lambda: encoded(Image.new("1", (9000, 9000))),
        lambda: encoded(Image.new("L", (9000, 9000)), "JPEG"),
    ],
)
def test_O3_a_bomb_is_refused_before_it_is_decoded(remote, gateway, make):
    import warnings

    before, filters = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    gateway.reply(completion(make()))

    ran = remote.run("%%imagine --mode off\na fox", fails=True)

    assert "64 million pixels" in ran.traceback
    assert (before, filters) == (Image.MAX_IMAGE_PIXELS, list(warnings.filters))
    with pytest.raises(errors.PromptError, match="64 million pixels"):
        picture_parts(make())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize("side", [60, 900])
def test_O4_a_cut_picture_is_no_picture(engine_to, gateway, kind, share, side, private_place):
    data = encoded(Image.effect_noise((side, side), 90).convert("P" if kind == "GIF" else "RGB"), kind)
    gateway.reply(completion(data[: int(len(data) * share)]))

    with pytest.raises(errors.GemimgError) as caught:
        engine_to(gateway.base_url, mode="record").generate("x")

    assert not caught.value.completion.images
    assert not list(private_place.glob("imagined/pictures/*"))


def test_O6_the_cap_holds_while_it_arrives(faulty, engine_to):
    faulty.next("bomb:300")

    with pytest.raises(errors.DecodeError, match="67,108,864 bytes"):
        engine_to(faulty.base_url).generate("x")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b"<html><body>Log in to the hotel</body></html>", "text/html"),
        (b"\x00\xff\xfe" * 99, "image/png"),
        (b"data: {\n\ndata: [DONE]\n\n", "text/event-stream"),
        (b"", "text/event-stream"),
        (b"words " * 1000, "text/plain"),
    ],
)
def test_O7_what_is_no_reply_is_one_clear_error(engine_to, gateway, body, kind):
    gateway.reply(body=body, headers={"Content-Type": kind})

    with pytest.raises(errors.GemimgError) as caught:
        engine_to(gateway.base_url).generate("x")

    assert isinstance(caught.value, errors.DecodeError | errors.NoImageError)
    assert len(str(caught.value)) < 600
    if body.strip() and isinstance(caught.value, errors.DecodeError):
        assert "HTTP 200" in str(caught.value)
        assert kind in str(caught.value)


def odd_pictures():
    red = Image.new("RGB", (60, 40), (200, 30, 30))
    turned = Image.Exif()
    turned[0x0112] = 6
    ramp = np.linspace(0, 65535, 60 * 40).astype(np.uint16).reshape(40, 60)
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue")]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {
        "cmyk": encoded(red.convert("CMYK"), "JPEG", quality=95),
        "16 bit": encoded(Image.fromarray(ramp)),
        "rotated": encoded(red, "JPEG", exif=turned),
        "animated gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "animated webp": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "animated png": encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "palette": encoded(red.convert("P")),
        "grey alpha": encoded(Image.new("LA", (60, 40), (90, 120))),
        "webp": encoded(red, "WEBP"),
        "profile": encoded(red, "WEBP", icc_profile=profile),
    }


@pytest.mark.parametrize("name", odd_pictures())
def test_O8_odd_pictures_are_kept_as_they_came_and_shown_right(remote, gateway, private_place, name):
    data = odd_pictures()[name]
    gateway.reply(completion(data))

    ran = remote.run("%%imagine -o fox\na fox")

    assert remote.user_ns["fox"].data == data
    assert data in [path.read_bytes() for path in private_place.glob("imagined/pictures/*")]
    [shown] = ran.pictures
    [kind] = set(shown.data) - {"text/plain"}
    seen = decoded(bytes(shown.data[kind]))
    assert kind in ("image/png", "image/jpeg")
    assert seen.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
    assert seen.getexif().get(0x0112, 1) == 1
    assert getattr(seen, "n_frames", 1) == 1
    assert seen.size == ((40, 60) if name == "rotated" else (60, 40))
    said = " ".join(s.text for s in ran.shown)
    assert ("first frame" in said) == name.startswith("animated")
    if name in ("cmyk", "rotated", "palette", "webp", "profile"):
        red, green, blue = seen.convert("RGB").getpixel((20, 20))
        assert red > 150
        assert green < 90
        assert blue < 90
    if name == "16 bit":
        assert len(set(seen.convert("L").get_flattened_data())) > 150


def test_O8_wide_colours_become_those_of_screens():
    """A picture whose profile swaps nothing but the gamma: as it is it would look too dark."""
    grey = Image.new("RGB", (2000, 40), (120, 120, 120))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.profileToProfile(
        grey, ImageCms.createProfile("sRGB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    shown, kind = preview(encoded(lab, "PNG", icc_profile=srgb), "image/png")

    assert kind == "image/jpeg"
    assert abs(decoded(shown).getpixel((500, 10))[0] - 120) < 4
    broken, _ = preview(encoded(grey, "PNG", icc_profile=b"no profile at all"), "image/png")
    assert abs(decoded(broken).getpixel((500, 10))[0] - 120) < 4


def test_O9_controls_and_directions_are_visible_everywhere(
    remote, gateway, capsys, private_place, monkeypatch
):
    gateway.reply(completion(png("red"), text=ODD, model=ODD))

    ran = remote.run("%%imagine -o fox\na fox")
    words = "\n".join([shown.text for shown in ran.shown] + [remote.run("%gemimg history").stdout])
    gateway.reply(completion(text=ODD))
    assert main(["a cat", "-o", "-"]) == 1
    words += capsys.readouterr().err

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u2028\U000e0041]", words)
    for visible in (r"\x1b[31m", r"\u202e", r"\x07", r"\u2028", r"\U000e0041"):
        assert visible in words


def test_O9_plain_python_prints_errors_escaped(gateway, engine_to):
    gateway.reply(completion(text=ODD))
    with pytest.raises(errors.RefusedError) as caught:
        engine_to(gateway.base_url).generate("x")

    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)
    assert "\x1b" not in repr(caught.value)


def test_O9_letters_of_all_scripts_and_emoji_stay():
    text = "狐 лиса θ é 👩‍👩‍👧 🦊 שלום\n\ttab"
    assert inert(text) == text


NAMES = [
    "../../etc/passwd",
    "a/b\\c",
    "con",
    "NUL.txt",
    "a" * 300,
    "..",
    ".",
    "",
    "a\x00b",
    "ＦＯＸ／..",
    "-rf",
    "aux.png",
    "\u202egnp.exe",
    "狐",
    " . ",
]


@pytest.mark.parametrize("text", NAMES)
def test_F1_names_made_from_words_stay_in_the_folder(text, private_place):
    from gemimg_magic.core.names import safe_name, slug

    for name in (slug(text), safe_name(text)):
        path = (private_place / name).resolve()
        assert path.is_relative_to(private_place)
        assert path != private_place
        assert len(name) <= 80
        assert not re.search(r"[\x00-\x1f/\\:\u202e]", name)
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
        assert not name.startswith(("-", "."))


@pytest.mark.parametrize("text", ["../../escaped", "/tmp/escaped", "..\\escaped", "a/../../escaped"])
def test_F1_a_value_in_save_is_a_name_and_never_a_folder(remote, gateway, private_place, text):
    gateway.reply(completion(png("red")))
    inner = private_place / "inner"
    inner.mkdir()
    remote.run(f"import os; os.chdir('inner'); text = {text!r}")

    remote.run("%%imagine --save {{text}}.png\na fox")

    assert not list(private_place.glob("*escaped*"))
    assert len(list(inner.glob("*.png"))) == 1


def test_F1_the_command_line_names_its_file_after_the_words(private_place, capsys):
    inner = private_place / "inner"
    inner.mkdir()
    os.chdir(inner)
    assert main(["../../a fox: \x1b[31m"]) == 0

    assert [path.name for path in inner.iterdir() if path.is_file()] == ["a-fox-31m.png"]
    assert "\x1b" not in capsys.readouterr().out


def test_F2_nothing_is_overwritten_not_even_in_a_race(private_place):
    from concurrent.futures import ThreadPoolExecutor

    image = GeneratedImage.of(png("red"))
    (private_place / "fox.png").write_bytes(b"mine")
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: image.save("fox.png"), range(24)))

    assert (private_place / "fox.png").read_bytes() == b"mine"
    assert len(set(paths)) == 24
    assert all(path.read_bytes() == png("red") for path in paths)
    assert not list(private_place.glob(".*"))
    image.save("fox.png", overwrite=True)
    assert (private_place / "fox.png").read_bytes() == png("red")


def test_F3_a_write_that_fails_leaves_the_old_file(private_place, monkeypatch):
    image = GeneratedImage.of(png("red"))
    (private_place / "fox.png").write_bytes(b"old")

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        image.save("fox.png", overwrite=True)

    assert [path.name for path in private_place.iterdir()] == ["fox.png"]
    assert (private_place / "fox.png").read_bytes() == b"old"


def test_F4_a_full_disk_costs_no_picture(remote, gateway, private_place, monkeypatch):
    gateway.reply(completion(png("red")))

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    ran = remote.run("%%imagine -o fox --save fox.png\na fox", fails=True)

    assert "No space left" in ran.traceback
    assert len(ran.pictures) == 1
    assert remote.user_ns["fox"].data == png("red")
    assert "not in the store" in " ".join(shown.text for shown in ran.shown)
    monkeypatch.undo()
    assert not [
        path for path in private_place.rglob("*") if path.name.startswith(".tmp") or path.suffix == ".part"
    ]
    assert not (private_place / "fox.png").exists()


def test_F5_two_engines_write_one_record(gateway, private_place, monkeypatch):
    from gemimg_magic import Engine

    gateway.otherwise = lambda request: __import__("support.gateway", fromlist=["reply"]).reply(
        completion(png("red")), delay=0.1
    )
    engines = [Engine(base_url=gateway.base_url, api_key="canary-files", mode="record") for _ in range(4)]
    jobs = [engine.start("a fox") for engine in engines]
    assert {job.result().image.sha256 for job in jobs} == {GeneratedImage.of(png("red")).sha256}
    [engine.close() for engine in engines]

    assert len(list(private_place.glob("imagined/records/*/*.json"))) == 1
    assert not list(private_place.glob("imagined/**/.tmp-*"))


@pytest.mark.parametrize("harm", ["edited", "picture", "pointer", "moved"])
def test_F6_F8_what_was_tampered_with_is_an_error(gateway, private_place, engine_to, harm):
    gateway.reply(completion(png("red", (300, 300))))
    engine = engine_to(gateway.base_url, mode="auto")
    engine.generate("a fox")
    [record] = private_place.glob("imagined/records/*/*.json")
    pictures = [path for path in private_place.glob("imagined/pictures/*") if ".preview." not in path.name]
    if harm == "edited":
        record.write_text(record.read_text().replace("a fox", "a cat"))
    elif harm == "picture":
        pictures[0].write_bytes(png("blue", (300, 300)))
    elif harm == "pointer":
        pictures[0].write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n")
    else:
        record.write_text(json.dumps(json.loads(record.read_text()) | {"key": "0" * 64}))

    with pytest.raises(errors.StoreError) as caught:
        engine.generate("a fox")

    assert len(gateway.requests) == 1
    assert ("git lfs pull" in str(caught.value)) == (harm == "pointer")


def test_F7_nothing_is_pickled_to_files_or_run_from_them():
    import gemimg_magic

    root = Path(gemimg_magic.__file__).parent
    for path in root.rglob("*.py"):
        source = path.read_text()
        assert not re.search(
            r"^\s*(import|from) (pickle|shelve|marshal|dill|cloudpickle|joblib|diskcache)\b", source, re.M
        ), path
        assert not re.search(r"\bpickle\.loads?\(|yaml\.load\(|(?<![\w.])exec\(", source), path
