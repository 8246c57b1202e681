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
    cell("%%imagine -n 2 --max-cost 0\na fox")  # both are recorded
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
