"""Dry runs, limits and the ledger in cells and on the command line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gemimg_magic import errors
from gemimg_magic.__main__ import main
from support.gateway import completion, png, reply

MODEL = "gemini-2.5-flash-image"


@pytest.fixture
def cell(shell, gateway, monkeypatch):
    """Run cells against a gateway that reports what it charged."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "canary-0123456789")
    monkeypatch.setenv("GEMIMG_MODEL", MODEL)

    def answer(request):
        body = completion(png("red", (40 + len(gateway.requests), 30)), model=MODEL)
        body["usage"]["cost"] = 0.05
        return reply(body)

    gateway.otherwise = answer
    return shell.run


def said(ran):
    return "\n".join([ran.stdout, *(shown.text for shown in ran.shown)])


def test_a_dry_run_shows_everything_and_does_nothing(shell, cell, gateway):
    logo = png("blue", (300, 200))
    Path("logo.png").write_bytes(logo)

    ran = cell(
        "%%imagine --dry-run -o fox --save fox.png -a 16:9 -n 2 --system Ink.\nlike ![it](logo.png) but red"
    )

    text = said(ran)
    assert not gateway.requests
    assert "fox" not in shell.user_ns
    assert "_img" not in shell.user_ns
    assert sorted(path.name for path in Path().iterdir()) == ["logo.png"]
    assert hashlib.sha256(logo).hexdigest()[:12] in text
    for piece in (
        "system    text: Ink.",
        "text: but red",
        "300×200",
        "aspect='16:9'",
        "2 requests: 0 recorded",
    ):
        assert piece in text.replace("text:  but", "text: but"), text
    assert "about $0.07" in text
    assert "list price of 2026-11" in text
    assert "canary" not in text
    again = cell(
        "%%imagine --dry-run -o fox --save fox.png -a 16:9 -n 2 --system Ink.\nlike ![it](logo.png) but red"
    )
    assert said(again) == text


def test_a_dry_run_knows_what_is_recorded(cell, gateway):
    cell("%%imagine -q\na fox")

    both = said(cell("%%imagine --dry-run -n 2\na fox"))
    one = said(cell("%imagine --dry-run a fox"))
    fresh = said(cell("%imagine --dry-run --fresh a fox"))
    replay = said(cell("%imagine --dry-run --mode replay another"))

    assert len(gateway.requests) == 1
    assert "1 recorded, 1 to send" in both
    assert "1 recorded, 0 to send" in one
    assert "price     $0" in one
    assert "0 recorded, 1 to send" in fresh
    assert "replay does not ask" in replay


def test_a_price_that_is_not_known_says_so(cell):
    text = said(cell("%imagine --dry-run -m somebody/else a fox"))

    assert "unknown" in text
    assert "$" not in text


def test_a_sketch_costs_nothing(shell):
    text = said(shell.run("%imagine --dry-run a red fox"))

    assert "a sketch: no model, no cost" in text
    assert "about $0.0" not in text
    shell.run("%imagine --max-cost 0 -q a red fox")


def test_a_cell_stops_before_it_passes_its_limit(shell, cell, gateway):
    ran = cell("%%imagine -n 5 -j 1 --max-cost 0.12 -o foxes\na fox", fails=True)

    assert len(gateway.requests) == 2
    assert len(shell.user_ns["foxes"]) == 2
    assert isinstance(ran.error, errors.PartialError)
    assert all(isinstance(one, errors.BudgetError) for one in ran.error.errors)
    assert ran.traceback.count("\n") == 0
    cell("%%imagine -n 5 --max-cost 0 -o again\na fox", fails=True)
    assert len(shell.user_ns["again"]) == 2  # these are recorded
    assert len(gateway.requests) == 2


def test_a_session_stops_before_it_passes_its_limit(shell, cell, gateway):
    cell("%config ImagineMagics.max_cost = 0.12")
    cell("%imagine -q one")
    cell("%imagine -q -a 16:9 two")

    ran = cell("%imagine -q three", fails=True)

    assert isinstance(ran.error, errors.BudgetError)
    assert len(gateway.requests) == 2
    cell("%config ImagineMagics.max_cost = 0.2")
    cell("%imagine -q three")
    assert len(gateway.requests) == 3


@pytest.mark.parametrize("typed", ["-1", "much", "nan"])
def test_a_limit_that_is_no_amount_is_refused(cell, gateway, typed):
    ran = cell(f"%imagine --max-cost {typed} a fox", fails=True)

    assert "US dollars" in ran.traceback
    assert not gateway.requests


def test_the_command_line_has_both(cell, gateway, capsys, tmp_path):
    assert main(["a fox", "--dry-run", "-o", "fox.png"]) == 0
    text = capsys.readouterr().out
    assert "text: a fox" in text
    assert "about $0.0387" in text
    assert not list(tmp_path.iterdir())

    assert main(["a fox", "--max-cost", "0.01"]) == 1
    assert "BudgetError" in capsys.readouterr().err
    assert not gateway.requests


def outputs_of(*runs):
    """A saved notebook with what these cells showed."""
    import nbformat

    cells = []
    for ran in runs:
        shown = [
            nbformat.v4.new_output("display_data", {"text/plain": one.text}, metadata=one.metadata)
            for one in ran.shown
        ]
        cells.append(nbformat.v4.new_code_cell("…", outputs=shown))
    return nbformat.v4.new_notebook(cells=cells)


def test_the_ledger_adds_up_by_model_and_notebook(cell, gateway, capsys):
    import nbformat

    first = [cell("%imagine one"), cell("%imagine two")]
    free = gateway.otherwise
    gateway.otherwise = lambda request: reply({**completion(png("blue")), "usage": None})
    other = cell("%imagine -m somebody/else three")
    gateway.otherwise = free
    cell("%imagine -q four")
    nbformat.write(outputs_of(*first), "a.ipynb")
    Path("deep").mkdir()
    nbformat.write(outputs_of(first[1], other), "deep/b.ipynb")
    Path("broken.ipynb").write_text("{")

    lines = [line.split() for line in cell("%gemimg cost").stdout.splitlines()]

    assert lines == [
        ["model", MODEL, "3", "answers", "$0.1500"],
        ["model", "somebody/else", "1", "answer", "1", "unknown"],
        ["notebook", "a.ipynb", "2", "answers", "$0.1000"],
        ["notebook", "deep/b.ipynb", "2", "answers", "$0.0500", "+", "1", "unknown"],
        ["notebook", "(no", "notebook", "known)", "1", "answer", "$0.0500"],
        ["all", "4", "answers", "$0.1500", "+", "1", "unknown"],
        ["session", "4", "answers", "$0.1500", "+", "1", "unknown"],
    ]
    assert main(["store", "cost"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == lines[:-1]


def test_replays_add_nothing_to_the_session(cell):
    cell("%imagine -q one")
    cell("%imagine -q one")
    cell("%config ImagineMagics.max_cost = 2")

    last = cell("%gemimg cost").stdout.splitlines()[-1]
    assert last.split() == ["session", "1", "answer", "$0.0500", "of", "$2.0000"]


def test_a_gateway_without_prices_is_computed_and_says_so(cell, gateway):
    gateway.otherwise = lambda request: reply(completion(png()))  # 10 tokens sent, 1290 back
    cell("%imagine -q one")

    text = cell("%gemimg cost").stdout

    assert "$0.0387" in text
    assert "1 of 1 computed from tokens at list prices" in text


def test_the_notebook_is_known_where_its_kernel_knows_it(cell, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ann/private/foxes.ipynb")
    cell("%imagine -q one")

    assert "foxes.ipynb" in cell("%gemimg cost").stdout
    files = [path for path in Path("imagined").rglob("*") if path.is_file()]
    assert not [path for path in files if b"private" in path.read_bytes()]
    monkeypatch.delenv("JPY_SESSION_NAME")
    again = cell("%imagine one")
    assert again.shown[0].metadata["gemimg"]["cost"] == 0.05
    assert main(["store", "verify"]) == 0


def test_an_empty_store_costs_nothing(shell):
    assert shell.run("%gemimg cost").stdout.splitlines() == [
        "No answer is recorded.",
        "session   0 answers   $0",
    ]


def test_a_dry_run_of_a_sweep_names_every_cell(shell, cell, gateway):
    cell("%imagine -q an oil fox")

    typed = "%%imagine --dry-run -o grid -x style=['oil', 'ink'] -y mark=['', '!']"
    text = said(cell(f"{typed}\nan {{{{style}}}} fox{{{{mark}}}}"))

    assert "4 requests: 1 recorded, 3 to send" in text
    assert "ink" in text
    assert "about $0.1161" in text
    assert "grid" not in shell.user_ns
    assert len(gateway.requests) == 1


def test_a_sweep_that_hits_its_limit_keeps_what_is_done_and_names_the_rest(shell, cell, gateway):
    ran = cell(
        "%%imagine -o grid -j 1 --max-cost 0.12 -x style=['oil', 'ink', 'chalk', 'wax']\na {{style}} fox",
        fails=True,
    )

    grid = shell.user_ns["grid"]
    assert len(gateway.requests) == 2
    assert len(grid.images) == 2
    assert {type(problem) for problem in grid.failures.values()} == {errors.BudgetError}
    assert len(grid.failures) == 2
    assert ran.traceback.count("\n") == 0
    grid.retry(max_cost=0.06)
    assert (len(grid.images), len(gateway.requests)) == (3, 3)
    grid.retry()
    assert not grid.failures
    assert "session   4 answers   $0.2000" in cell("%gemimg cost").stdout
