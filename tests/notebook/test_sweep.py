"""Sweeps in cells: what is sent, what is bound, what is told."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from gemimg_magic import GeneratedImage, Grid, errors
from support.gateway import completion, png, reply

AXES = '-x style=["oil", "ink", "wash"] -y size=["1K", "2K"]'


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    """Run cells against a gateway that answers everything."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "test-key")
    gateway.otherwise = lambda request: reply(completion(png()))
    return shell


def contents(gateway):
    return [request.json["messages"][-1]["content"] for request in gateway.requests]


def refuse(gateway, *prompts):
    gateway.otherwise = lambda request: (
        reply(completion(text="I would rather not."))
        if request.json["messages"][-1]["content"] in prompts
        else reply(completion(png()))
    )


def test_two_axes_fill_the_prompt_and_set_the_option(remote, gateway):
    ran = remote.run(f"%%imagine {AXES} -o grid\na {{{{style}}}} fox")

    grid = remote.user_ns["grid"]
    assert isinstance(grid, Grid)
    assert remote.user_ns["_img"] is grid
    assert sorted(contents(gateway)) == sorted(2 * [f"a {style} fox" for style in ("oil", "ink", "wash")])
    assert grid.shape == (3, 2)
    assert grid["ink", "2K"].name == "grid['ink', '2K']"
    assert grid["ink", "2K"].provenance.request.size == "2K"
    assert list(grid)[:2] == [("oil", "1K"), ("oil", "2K")]
    [sheet] = ran.shown
    assert sheet.text == "grid · 3×2 · 6 pictures"
    assert {"image/png", "image/jpeg"} & sheet.data.keys()
    assert "text/html" not in sheet.data
    assert sheet.metadata["gemimg"]["alt"].startswith("Contact sheet of 3×2")
    assert "style" not in remote.user_ns


@pytest.mark.parametrize(("line", "shape"), [("-x seed=[1,2,3]", (3,)), ("-y seed=range(2)", (2,))])
def test_either_axis_alone(remote, gateway, line, shape):
    remote.run(f"%%imagine {line} -o grid\na fox")

    assert remote.user_ns["grid"].shape == shape
    assert isinstance(remote.user_ns["grid"][1], GeneratedImage)


def test_expressions_see_the_notebook_and_the_swept_names(remote, gateway):
    remote.run("moods = {'calm': 'at rest', 'wild': 'in a storm'}\ncolour = 'red'")

    remote.run("%%imagine -x mood=moods -o grid\na {{colour}} fox {{mood.upper()}}, {{len(mood)}}")

    assert sorted(contents(gateway)) == ["a red fox AT REST, 7", "a red fox IN A STORM, 10"]
    assert list(remote.user_ns["grid"]) == ["calm", "wild"]


def test_a_line_makes_a_grid_too(remote, gateway):
    ran = remote.run('grid = %imagine -x style=["oil", "ink"] a {{style}} fox')

    assert list(remote.user_ns["grid"]) == ["oil", "ink"]
    assert len(ran.shown) == 1
    ran = remote.run("grid")
    assert ran.shown[0].text == "_img · 2 · 2 pictures"
    assert len(remote.run('%imagine -x style=["oil", "ink"] a {{style}} fox').shown) == 1


def test_pictures_vary_as_references_and_in_the_prompt(remote, gateway):
    remote.user_ns["photo"] = Image.new("RGB", (30, 20), "teal")
    remote.user_ns["logo"] = Image.new("RGB", (20, 20), "red")
    Path("paper.png").write_bytes(png("white"))

    remote.run("%%imagine -x subject=[photo,logo] -e subject -i paper.png -o grid\nMake {{subject}} blue")

    kinds = [[part["type"] for part in content] for content in contents(gateway)]
    assert kinds == [["image_url", "image_url", "text", "image_url", "text"]] * 2
    for content in contents(gateway):
        first, second, last = (
            base64.b64decode(part["image_url"]["url"].split(",")[1])
            for part in content
            if part["type"] == "image_url"
        )
        assert first == last
        assert second == png("white")
    parents = [image.parents for image in remote.user_ns["grid"].images]
    assert parents[0][1] is parents[1][1]


def test_styles_vary_by_name_where_the_prompt_does_not_say_style(remote, gateway):
    remote.run("%config ImagineMagics.styles = {'ink': 'in black ink', 'oil': 'in thick oil'}")

    remote.run('%%imagine -x style=["ink", "oil"] -o grid\na fox')

    assert sorted(contents(gateway)) == ["a fox\n\nin black ink", "a fox\n\nin thick oil"]
    ran = remote.run('%%imagine -x style=["ink", "inc"]\na fox', fails=True)
    assert "no style 'inc'" in ran.traceback
    assert "Did you mean ink" in ran.traceback


def test_conversations_and_systems_vary(remote, gateway):
    remote.run("%%imagine -o fox\na fox")

    remote.run(
        '%%imagine -c fox -x mood=["calm", "wild"] --system "Be {{mood}}." --alt "a {{mood}} fox" -o grid'
        "\nmore"
    )

    turns = [request.json["messages"] for request in gateway.requests[1:]]
    assert sorted(messages[0]["content"] for messages in turns) == ["Be calm.", "Be wild."]
    assert all(len(messages) >= 3 for messages in turns)
    assert remote.user_ns["grid"]["wild"].alt == "a wild fox"


def test_rows_and_files(remote, gateway):
    remote.user_ns["rows"] = [{"sku": "A/1", "colour": "red"}, {"sku": "../B", "colour": "blue"}]

    remote.run('%%imagine --each rows --save "out/{{sku}}.png" -o grid\na {{colour}} cup ({{row["sku"]}})')

    assert sorted(contents(gateway)) == ["a blue cup (../B)", "a red cup (A/1)"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["A-1.png", "B.png"]
    assert remote.user_ns["grid"]["A/1"].data == png()
    remote.run('%%imagine --each rows --save "out/{{sku}}.png" -o grid\na {{colour}} cup ({{row["sku"]}})')
    assert len(list(Path("out").iterdir())) == 2, "running it again writes nothing twice"
    assert len(gateway.requests) == 2


def test_takes_inside_a_sweep(remote, gateway):
    remote.run('%%imagine -n 2 -x style=["oil", "ink"] -o grid\na {{style}} fox')

    grid = remote.user_ns["grid"]
    assert len(gateway.requests) == 4
    assert [image.provenance.request.take for image in grid["ink"]] == [0, 1]
    assert grid["ink", 1].name == "grid['ink', 1]"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("-x style=[1", "not closed"),
        ("-x style", 'a name and a list without spaces around "="'),
        ("-x style= [1]", 'a name and a list without spaces around "="'),
        ("-x 2x=[1]", "a name and a list"),
        ("-x style=stlyes", "'stlyes' is not defined (after -x). Did you mean styles?"),
        ("-x style=1/0", "ZeroDivisionError"),
        ("-x style='oil'", "The values of style are a str, not a list. Write style=['oil']."),
        ("-x style=[]", "The list for style is empty."),
        ("-x style=styles -x style=styles", "style varies along two axes."),
        ('-x style=styles -y size=["1K","9X"]', "size '9X' is not right. (style=oil, size=9X)"),
        ('-x style=styles -y size=["1K"] -s 2K', "size is given twice"),
        ("-x style=styles -y moodd=[1]", "Nothing depends on moodd."),
        ("-x style=styles -o a,b", "A sweep is bound to one name, not to 2."),
        ("-x style=styles --save fox.bmp", "No picture format has the suffix '.bmp'."),
        ("--each styles", "A row is a str."),
        ("--each nobody", "'nobody' is not defined (after --each)."),
        ("--each [{}]", "'style' is not defined (line 1, column 3). (row 0) Did you mean styles?"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_sent(remote, gateway, line, told):
    remote.user_ns["styles"] = ["oil", "ink"]

    ran = remote.run(f"%%imagine {line}\na {{{{style}}}} fox", fails=True)

    assert len(ran.traceback.splitlines()) == 1
    assert told in ran.traceback
    assert gateway.requests == []
    assert ran.shown == []


def test_failures_keep_the_rest_and_end_the_cell_red(remote, gateway):
    refuse(gateway, "a ink fox")

    ran = remote.run('%%imagine -x style=["oil", "ink", "wash"] -o grid\na {{style}} fox', fails=True)

    grid = remote.user_ns["grid"]
    assert isinstance(ran.error, errors.PartialError)
    assert len(ran.traceback.splitlines()) == 1
    assert "1 of 3 pictures failed, the first at ['ink'] with RefusedError" in ran.traceback
    assert "grid.retry()" in ran.traceback
    assert list(grid) == ["oil", "wash"]
    assert list(grid.failures) == ["ink"]
    [sheet] = ran.shown
    assert sheet.text == "grid · 3 · 2 pictures · 1 failed"


def test_keep_going_ends_the_cell_green_and_shows_the_count(remote, gateway):
    refuse(gateway, "a ink fox")

    ran = remote.run('%%imagine --keep-going -x style=["oil", "ink"] -o grid\na {{style}} fox')

    assert len(remote.user_ns["grid"]) == 1
    assert "1 of 2 pictures failed" in ran.shown[-1].text
    quiet = remote.run('%%imagine -q --keep-going -x style=["oil", "ink"]\na {{style}} fox')
    assert quiet.shown == []
    takes = remote.run("%%imagine --keep-going -n 2 -o foxes\na ink fox", fails=True)
    assert isinstance(takes.error, errors.RefusedError), "nothing came at all"


def test_where_all_fail_nothing_is_bound(remote, gateway):
    refuse(gateway, "a oil fox", "a ink fox")

    ran = remote.run('%%imagine -x style=["oil", "ink"] -o grid\na {{style}} fox', fails=True)

    assert isinstance(ran.error, errors.RefusedError)
    assert "grid" not in remote.user_ns
    assert ran.shown == []


def test_running_a_cell_again_asks_for_the_missing_only(remote, gateway):
    broken = reply({"error": {"message": "out of order"}}, status=400)
    gateway.otherwise = lambda request: (
        broken if "ink" in str(request.json["messages"]) else reply(completion(png()))
    )
    cell = '%%imagine -x style=["oil", "ink", "wash"] -o grid\na {{style}} fox'
    remote.run(cell, fails=True)
    gateway.otherwise = lambda request: reply(completion(png("blue")))
    before = len(gateway.requests)

    remote.run(cell)

    assert contents(gateway)[before:] == ["a ink fox"]
    assert len(remote.user_ns["grid"]) == 3


def test_a_grid_is_used_further(remote, gateway):
    remote.run(f"%%imagine {AXES} -o grid\na {{{{style}}}} fox")
    before = len(gateway.requests)

    remote.run('%%imagine -i grid["ink", "2K"] -o a\nbigger')
    remote.run('%%imagine -i {{grid["ink", "2K"]}} -o b\nbigger')
    remote.run("%%imagine -o c\nPut {{grid['ink']}} side by side")
    remote.run("%%imagine -o d\nOf all {{grid.images}} the best")

    pictures = [sum(part["type"] == "image_url" for part in c) for c in contents(gateway)[before:]]
    # The second is the same request in another spelling, and is recorded.
    assert pictures == [1, 2, 6]
    shown = remote.run("%gemimg show grid").shown
    assert shown[0].text == "grid · 3×2 · 6 pictures"
    assert len(remote.run("%gemimg show grid['ink']['1K']").pictures) == 1
    assert "a ink fox" in remote.run("%gemimg recipe grid['ink', '2K']").stdout
    remote.run("%gemimg cell a")
    assert len(remote.run("%gemimg history 6").stdout.splitlines()) == 6


def test_a_dry_run_tells_all_and_sends_nothing(remote, gateway):
    ran = remote.run(f"%%imagine --dry-run {AXES} -o grid\na {{{{style}}}} fox")

    assert gateway.requests == []
    assert "grid" not in remote.user_ns
    assert "6 requests: 0 recorded, 6 to send" in ran.shown[0].text
    assert "'ink', '2K'" in ran.shown[0].text


def test_a_limit_on_money_stops_a_sweep(remote, gateway):
    body = completion(png())
    body["usage"]["cost"] = 0.04
    gateway.otherwise = lambda request: reply(body)

    ran = remote.run(
        "%%imagine --max-cost 0.10 -j 1 -m gemini-2.5-flash-image -x seed=range(5) -o grid\na fox", fails=True
    )

    assert len(gateway.requests) == 2
    assert "BudgetError" in ran.traceback
    assert len(remote.user_ns["grid"]) == 2


def test_a_notebook_with_a_sweep_replays_to_the_same_bytes(gateway, tmp_path, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "test-key")
    gateway.otherwise = lambda request: reply(
        completion(png((len(gateway.requests) * 9, 80, 40), (640, 480)))
    )
    cells = [
        "%load_ext gemimg_magic",
        f"%%imagine -j 3 {AXES} -o grid\na {{{{style}}}} fox",
        "grid",
        '%%imagine --bg -x style=["oil", "ink"] -o late\na {{style}} cat',
        "late",
    ]

    def executed():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        NotebookClient(notebook, timeout=100, record_timing=False).execute()
        return json.dumps(notebook.cells, sort_keys=True)

    first = executed()
    asked = len(gateway.requests)
    monkeypatch.setenv("GEMIMG_MODE", "replay")
    monkeypatch.delenv("GEMIMG_API_KEY")

    assert executed() == first
    assert len(gateway.requests) == asked == 8
    outputs = [cell["outputs"] for cell in json.loads(first)]
    assert [len(shown) for shown in outputs] == [0, 1, 1, 1, 1]
    assert all("image/jpeg" in shown[0]["data"] or "image/png" in shown[0]["data"] for shown in outputs[1:])
