"""The store from inside a notebook: options, settings, and what outputs say about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.gateway import completion, png

KEY = "canary-key-0123456789"


@pytest.fixture
def cell(gateway, shell, monkeypatch):
    """Run cells against the gateway; each answer is a picture of another colour."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    for colour in ("red", "green", "blue", "gold"):
        gateway.reply(completion(png(colour, (1200, 900)), text="Here."))
    return shell.run


def test_the_same_cell_shows_the_same_and_is_not_paid_again(gateway, cell):
    first, second = (cell("%%imagine -o fox\na red fox") for _ in range(2))

    assert len(gateway.requests) == 1
    assert [(s.data, s.metadata) for s in first.shown] == [(s.data, s.metadata) for s in second.shown]
    facts = first.shown[0].metadata["gemimg"]
    assert len(facts["key"]) == 64
    assert facts["key"][:12] not in first.shown[0].text


def test_options_choose_the_mode_and_the_take(gateway, cell, shell):
    def ask(line):
        cell(f"%imagine {line} a fox")
        return shell.user_ns["_img"].data

    red, green, blue, gold = (png(colour, (1200, 900)) for colour in ("red", "green", "blue", "gold"))
    assert ask("") == red
    assert ask("--take 1") == green
    assert ask("--fresh") == blue
    assert ask("--mode replay") == blue
    assert ask("--mode replay --take 1") == green
    assert ask("--mode off") == gold
    assert ask("") == blue
    assert len(gateway.requests) == 4


def test_config_chooses_the_mode_and_the_folder(gateway, cell):
    cell("%config ImagineMagics.store = 'pictures/answers'")
    cell("%imagine a fox")
    cell("%config ImagineMagics.mode = 'replay'")

    assert Path("pictures/answers/store.json").is_file()
    cell("%imagine a fox")
    assert "nearest record" in cell("%imagine an ox", fails=True).traceback
    assert len(cell("%imagine an ox", fails=True).traceback.splitlines()) == 1
    assert len(gateway.requests) == 1


def test_a_picture_in_a_prompt_counts_by_its_bytes(gateway, cell):
    """A notebook that is run again makes each picture anew from the store; edits of it must be found, too."""
    for _ in range(2):
        cell("%%imagine -o fox\na fox")
        cell("%%imagine -o grey -e fox\nmake it grey")
        cell("from PIL import Image\ndot = Image.new('RGB', (9, 9), 'red')")
        cell("%imagine like {{dot}}")

    assert len(gateway.requests) == 3


def test_full_and_none_work_with_a_recorded_preview(cell):
    cell("%imagine a fox")
    full, none = (cell(f"%imagine --embed {how} a fox").shown[0].data for how in ("full", "none"))

    assert full["image/png"] == png("red", (1200, 900))
    assert set(none) == {"text/plain"}


def test_status_names_the_store(cell):
    assert "imagined, mode auto" in cell("%gemimg status").stdout
