"""Old notebooks made light, and nothing else in them changed."""

from __future__ import annotations

import base64
import io
import json

import nbformat
import pytest
from PIL import Image

from gemimg_magic.__main__ import main
from gemimg_magic.core.slim import slim
from support.gateway import png


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode() + "\n"


def noise(kind: str = "PNG", size: tuple[int, int] = (1500, 1000)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, kind)
    return out.getvalue()


def notebook(*bundles, metadata=None) -> str:
    outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata or {}) for data in bundles]
    cells = [
        nbformat.v4.new_markdown_cell("Füchse", id="words"),
        nbformat.v4.new_code_cell("1 + 1", id="code", outputs=outputs, execution_count=1),
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n"


def test_an_original_gives_way_to_a_preview():
    before = notebook(
        {"image/png": encoded(noise()), "text/plain": "fox"}, metadata={"image/png": {"width": 9}}
    )
    after, count = slim(before)

    assert count == 1
    output = json.loads(after)["cells"][1]["outputs"][0]
    assert list(output["data"]) == ["image/jpeg", "text/plain"]
    assert output["metadata"] == {"image/jpeg": {"width": 9}}
    assert Image.open(io.BytesIO(base64.b64decode(output["data"]["image/jpeg"]))).size == (1024, 683)
    nbformat.validate(nbformat.reads(after, 4))


def test_pillows_two_copies_become_one():
    small = png()
    after, count = slim(
        notebook({"image/png": encoded(small), "image/jpeg": encoded(noise("JPEG", (32, 24)))})
    )

    assert count == 1
    assert json.loads(after)["cells"][1]["outputs"][0]["data"] == {"image/png": encoded(small)}


@pytest.mark.parametrize(
    "bundle",
    [
        {"image/png": encoded(png()), "text/plain": "small already"},
        {"image/png": "not base64 at all!", "text/plain": "damaged"},
        {"text/html": "<b>words</b>", "text/plain": "words"},
        {"application/json": {"a": [1.0, 2]}, "text/plain": "data"},
    ],
)
def test_what_is_light_stays_byte_for_byte(bundle):
    text = notebook(bundle)

    assert slim(text) == (text, 0)


def test_everything_else_stays_byte_for_byte():
    before = notebook({"text/plain": "keep"}, {"image/png": encoded(noise())}, {"text/plain": "this, too"})
    after, _ = slim(before)
    # Take the one changed value out of both: what is left must be equal.
    changed = [json.loads(text) for text in (before, after)]
    for each in changed:
        each["cells"][1]["outputs"][1]["data"] = {}

    assert nbformat.writes(nbformat.from_dict(changed[0])) == nbformat.writes(nbformat.from_dict(changed[1]))
    assert after == nbformat.writes(nbformat.reads(after, 4)) + "\n"


def test_the_command_works_in_place_and_twice(tmp_path, capsys):
    file = tmp_path / "old.ipynb"
    file.write_text(notebook({"image/png": encoded(noise())}), encoding="utf-8")

    assert main(["store", "slim", str(file)]) == 0
    light = file.read_bytes()
    assert main(["store", "slim", str(file)]) == 0

    assert file.read_bytes() == light
    assert len(light) < 250_000
    assert "1 picture," in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json"])
def test_what_is_no_notebook_is_left_alone(tmp_path, text, capsys):
    file = tmp_path / "odd.ipynb"
    file.write_text(text)

    assert main(["store", "slim", str(file)]) == 2
    assert file.read_text() == text
    assert "odd.ipynb" in capsys.readouterr().err
