"""Sweeps in Python: what they accept, what they send, what the grid holds."""

from __future__ import annotations

import base64
import pickle
import threading

import pandas
import pytest
from PIL import Image

from gemimg_magic import Engine, GeneratedImage, Grid, errors, sweep
from gemimg_magic.core.pictures import open_picture
from support.gateway import completion, png, reply

STYLES, SIZES = ["oil", "ink", "wash"], ["1K", "2K"]
ROWS = [{"sku": f"SKU-{number}", "colour": colour} for number, colour in enumerate(["red", "blue", "gold"])]


@pytest.fixture
def remote(gateway, monkeypatch):
    """A gateway in the environment that answers everything, each with a picture of its own."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "test-key")
    lock, count = threading.Lock(), [0]

    def answer(request):
        with lock:
            count[0] += 1
            number = count[0]
        return reply(completion(png((number % 256, number // 256, 0))))

    gateway.otherwise = answer
    return gateway


def refusing(*numbers):
    """Answers with a refusal where the prompt names one of the numbers."""
    said = {f"number {number}." for number in numbers}

    def answer(request):
        content = request.json["messages"][-1]["content"]
        return reply(completion(text="I would rather not.") if content in said else completion(png()))

    return answer


def contents(gateway):
    return [request.json["messages"][-1]["content"] for request in gateway.requests]


@pytest.mark.parametrize(
    "axes",
    [
        {"x": {"style": STYLES}, "y": {"size": SIZES}},
        {"x": ("style", STYLES), "y": ("size", tuple(SIZES))},
        {"x": {"style": STYLES, "size": SIZES}},
        {"style": STYLES, "size": SIZES},
        {"x": {"style": iter(STYLES)}, "size": SIZES},
    ],
)
def test_axes_are_given_in_any_natural_form(remote, axes):
    grid = sweep("a {{style}} fox", **axes)

    assert isinstance(grid, Grid)
    assert list(grid) == [(style, size) for style in STYLES for size in SIZES]
    assert sorted(contents(remote)) == sorted(2 * [f"a {style} fox" for style in STYLES])
    for (style, size), image in grid.items():
        request = image.provenance.request
        assert (request.messages[-1].text, request.size) == (f"a {style} fox", size)
    assert len(grid.images) == len(grid) == 6
    assert grid.failures == {}


def test_coordinates(remote):
    grid = sweep("a {{style}} fox", x={"style": STYLES}, y={"size": SIZES})

    assert isinstance(grid["ink", "2K"], GeneratedImage)
    assert list(grid["ink"]) == SIZES
    assert grid["ink"]["2K"] is grid["ink", "2K"]
    assert list(grid[:, "2K"]) == STYLES
    assert list(grid["2K"]) == STYLES
    assert grid.get(("ink", "8K")) is None
    assert ("ink", "2K") in grid
    assert dict(grid)["ink", "2K"] is grid["ink", "2K"]
    with pytest.raises(KeyError, match="Did you mean ink"):
        grid["inc", "2K"]
    with pytest.raises(errors.CoordinateError, match="too many"):
        grid["ink", "2K", 3]


def test_one_axis_is_indexed_by_its_value(remote):
    grid = sweep("{{style}}", x={"style": STYLES})

    assert list(grid) == STYLES
    assert isinstance(grid["ink"], GeneratedImage)
    assert grid["ink"].name == "grid['ink']"


def test_rows_are_found_by_number_and_by_key(remote):
    grid = sweep("a {{colour}} cup", each=ROWS)

    assert list(grid) == [0, 1, 2]
    assert sorted(contents(remote)) == ["a blue cup", "a gold cup", "a red cup"]
    assert grid[1] is grid["SKU-1"] is grid["blue"] is grid[-2]
    with pytest.raises(KeyError, match="Did you mean SKU-1"):
        grid["SKU_1"]


def test_rows_set_options_and_have_gaps(remote):
    rows = [
        {"colour": "red", "aspect": "16:9", "seed": 3.0},
        {"colour": "blue", "aspect": None, "seed": float("nan")},
    ]

    grid = sweep("a {{colour}} cup", each=rows)

    first, second = (grid[number].provenance.request for number in range(2))
    assert (first.aspect, first.seed) == ("16:9", 3)
    assert (second.aspect, second.seed) == (None, None)


def test_takes_are_one_more_coordinate(remote):
    grid = sweep("{{style}}", x={"style": STYLES[:2]}, n=3)

    assert len(remote.requests) == 6
    assert grid.shape == (2, 3)
    assert grid["ink", 2].provenance.request.take == 2
    assert [image.provenance.request.take for image in grid["ink"]] == [0, 1, 2]
    assert isinstance(grid["ink"], list)


def test_pictures_are_values_and_are_encoded_once(remote):
    photo = Image.new("RGB", (40, 30), "teal")
    pixels = {"dark": photo.point(lambda value: value // 2), "light": photo}

    grid = sweep("Make {{photo}} {{style}}", x={"photo": pixels}, y={"style": STYLES[:2]})

    assert list(grid)[:2] == [("dark", "oil"), ("dark", "ink")]
    sent = [[part["type"] for part in content] for content in contents(remote)]
    assert sent == [["text", "image_url", "text"]] * 4
    first, second = (grid["light", style].parents[0] for style in STYLES[:2])
    assert first is second
    assert grid["light", "oil"].parents[0].data != grid["dark", "oil"].parents[0].data


def test_made_pictures_are_coordinates_by_name_and_by_value(remote):
    from dataclasses import replace

    made = sweep("{{style}}", x={"style": STYLES[:2]})
    fox, cat = (replace(image, name=name) for image, name in zip(made.images, ("fox", "cat"), strict=True))

    grid = sweep("Edit {{photo}}", x={"photo": [fox, cat]})

    assert list(grid) == ["fox", "cat"]
    assert grid[cat] is grid["cat"]


def test_a_function_makes_the_prompt(remote):
    grid = sweep(lambda style, **_: f"in {style}", x={"style": STYLES}, y={"size": SIZES})

    assert sorted(set(contents(remote))) == ["in ink", "in oil", "in wash"]
    assert grid.shape == (3, 2)


def test_braces_can_be_text(remote):
    sweep(r"a {single} \{{literal}} {{ style }}", x={"style": ["x"]})

    assert contents(remote) == ["a {single} {{literal}} x"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"x": {"style": "oil"}}, r"a str, not a list\. Write style=\['oil'\]"),
        ({"x": {"style": []}}, "The list for style is empty"),
        ({"x": {"style": ["oil", "oil"]}}, "'oil' twice"),
        ({"x": {"style": {"oil", "ink"}}}, "a set, not a list"),
        ({"x": {"style": 3}}, "a int, not a list"),
        ({"x": {"stlye": ["oil"]}}, "Did you mean stlye|Nothing depends"),
        ({"x": {"style": STYLES}, "y": {"mood": ["sad"]}}, "Nothing depends on mood"),
        ({"x": {"style": STYLES}, "y": {"aspct": ["1:1"]}}, "Did you mean aspect"),
        ({"x": {"style": STYLES}, "y": {"style": STYLES}}, "style varies along two axes"),
        ({"x": {"style": STYLES}, "y": {"size": ["1K", "9X"]}}, r"'9X'.*\(style=oil, size=9X\)"),
        ({"x": {"style": STYLES}, "y": {"temperature": [3]}}, "a number from 0 to 2"),
        ({"x": {"style": STYLES}, "y": {"seed": [True]}}, "whole number"),
        ({"x": {"style": STYLES}, "y": {"model": [7]}}, "model is a int, not text"),
        ({"x": {"style": STYLES}, "y": {"parallel": [7]}}, "parallel cannot vary"),
        ({"x": {"style": [None]}}, "style is a NoneType"),
        ({"x": STYLES}, "not a name with its values"),
        ({"each": [1, 2]}, "A row is a int"),
        ({"each": []}, "There are no rows"),
        ({"each": {"style": STYLES}}, "The rows are a dict"),
        ({"each": [{"style": "oil"}, {}]}, r"style is a NoneType.*\(row 1\)"),
        ({}, "nothing to vary"),
        ({"x": {"style": STYLES}, "sytem": "Be brief."}, "Did you mean system"),
        ({"x": {"style": STYLES}, "n": 0}, "n 0 is not right"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(remote, call, told):
    with pytest.raises(errors.PromptError, match=told):
        sweep("a {{style}} fox", **call)

    assert remote.requests == []


def test_a_hundred_rows_with_ten_refusals(remote, gateway):
    gateway.otherwise = refusing(*range(0, 100, 10))

    grid = sweep("number {{number}}.", each=[{"number": number} for number in range(100)], parallel=16)

    assert len(grid.images) == len(grid) == 90
    assert sorted(grid.failures) == list(range(0, 100, 10))
    assert {type(problem) for problem in grid.failures.values()} == {errors.RefusedError}
    assert 10 not in grid
    with pytest.raises(KeyError, match=r"RefusedError.*I would rather not"):
        grid[10]
    assert "90 pictures · 10 failed" in repr(grid)


def test_running_it_again_asks_only_for_what_is_missing(remote, gateway):
    rows = [{"number": number} for number in range(20)]

    def failing(request):
        number = int(request.json["messages"][-1]["content"].strip("number ."))
        broken = {"error": {"message": "out of order"}}
        return reply(broken, status=400) if number % 5 == 0 else reply(completion(png()))

    gateway.otherwise = failing
    first = sweep("number {{number}}.", each=rows)
    assert sorted(first.failures) == [0, 5, 10, 15]
    before = len(gateway.requests)
    gateway.otherwise = lambda request: reply(completion(png("blue")))

    second = sweep("number {{number}}.", each=rows)

    assert sorted(contents(gateway)[before:]) == sorted(f"number {n}." for n in (0, 5, 10, 15))
    assert len(second) == 20
    assert second[1] == first[1]


def test_retry_asks_for_the_failed_ones_and_fills_the_grid(remote, gateway):
    gateway.otherwise = refusing(3, 4)
    grid = sweep("number {{number}}.", each=[{"number": number} for number in range(6)])
    kept = grid[0]
    before = len(gateway.requests)
    gateway.otherwise = refusing(4)

    assert grid.retry() is grid

    assert sorted(contents(gateway)[before:]) == ["number 3.", "number 4."]
    assert sorted(grid.failures) == [4]
    assert grid[0] is kept
    assert len(grid.images) == 5
    gateway.otherwise = refusing()
    assert grid.retry().failures == {}
    assert len(contents(gateway)) == before + 3
    grid.retry()
    assert len(contents(gateway)) == before + 3


def test_keep_going(remote, gateway):
    rows = [{"number": number} for number in range(4)]
    gateway.otherwise = refusing(2)

    with pytest.raises(errors.PartialError, match=r"1 of 4 pictures failed, the first at \[2\]") as raised:
        sweep("number {{number}}.", each=rows, keep_going=False)
    assert len(raised.value.grid) == 3
    assert len(raised.value.errors) == 1
    assert len(sweep("number {{number}}.", each=rows)) == 3

    gateway.otherwise = refusing(*range(4))
    with pytest.raises(errors.RefusedError):
        sweep("number {{number}}.", each=rows, mode="off")
    assert len(sweep("number {{number}}.", each=rows, mode="off", keep_going=True).failures) == 4


def test_a_grid_is_pickled_without_its_engine(remote, gateway):
    gateway.otherwise = refusing(1)
    engine = Engine(mode="off")
    grid = sweep("number {{number}}.", each=[{"number": n} for n in range(3)], engine=engine)

    held = pickle.dumps(grid)

    assert b"test-key" not in held
    copy = pickle.loads(held)
    assert copy.images == grid.images
    assert list(copy.failures) == [1]
    assert copy[0].provenance.prompt == "number 0."
    gateway.otherwise = refusing()
    assert len(copy.retry()) == 3
    engine.close()


def test_the_table(remote, gateway):
    gateway.otherwise = refusing(1)

    table = sweep("number {{number}}.", each=[{"number": n, "sku": f"S{n}"} for n in range(3)]).df

    assert isinstance(table, pandas.DataFrame)
    assert list(table["sku"]) == ["S0", "S1", "S2"]
    assert list(table["width"].dropna()) == [32, 32]
    assert table["error"][1].startswith("RefusedError: ")
    assert table["image"][0].size == (32, 24)


def test_a_data_frame_is_a_table_of_rows(remote):
    frame = pandas.DataFrame({"colour": ["red", "blue"], "seed": [1, None]}, index=["a", "b"])
    frame.index.name = "sku"

    grid = sweep("a {{colour}} {{sku}}", each=frame)

    assert sorted(contents(remote)) == ["a blue b", "a red a"]
    assert grid["a"].provenance.request.seed == 1
    assert grid["b"].provenance.request.seed is None


def test_the_contact_sheet_shows_pictures_labels_and_failures(remote, gateway, tmp_path):
    def answer(request):
        content = request.json["messages"][-1]["content"]
        if content == "a ink fox":
            return reply(completion(text="No."))
        return reply(completion(png({"a oil fox": "red", "a wash fox": "blue"}[content], (300, 200))))

    gateway.otherwise = answer
    grid = sweep("a {{style}} fox", x={"style": STYLES}, y={"seed": [1, 2]})

    sheet = grid.contact_sheet()

    assert isinstance(sheet, GeneratedImage)
    assert "style across: oil, ink, wash" in sheet.alt
    assert "('ink', 1) failed" in sheet.alt
    colours = {colour: count for count, colour in open_picture(sheet.data).convert("RGB").getcolors(1 << 24)}
    assert colours[255, 0, 0] > 10_000
    assert colours[255, 0, 0] == colours[0, 0, 255]
    assert colours[250, 250, 248] > 10_000
    assert colours[253, 232, 230] > 10_000
    assert sheet.save(tmp_path / "sheet.png").exists()
    assert grid.contact_sheet().data == sheet.data
    assert grid.contact_sheet(side=64).width < sheet.width
    data, metadata = grid._repr_mimebundle_()
    assert data["text/plain"] == "3×2 · 4 pictures · 2 failed"
    assert metadata["gemimg"]["alt"] == sheet.alt


def test_hundreds_of_requests_need_no_thread_each(remote, gateway):
    before, peak = threading.active_count(), [0]

    def answer(request):
        peak[0] = max(peak[0], threading.active_count())
        return reply(completion(png()))

    gateway.otherwise = answer

    grid = sweep("{{n}}", x={"n": list(range(400))}, mode="off", parallel=8)

    assert len(grid) == 400
    # The server has a thread for each of eight connections; the rest is the loop and its helpers.
    assert peak[0] - before < 50


def test_references_go_with_all(remote):
    photo = png("green")

    sweep("{{style}}", x={"style": STYLES}, images=[photo])

    urls = [content[0]["image_url"]["url"] for content in contents(remote)]
    assert [base64.b64decode(url.split(",")[1]) for url in urls] == [photo] * 3
