"""The store as a whole: verify, stats, prune and sheet, from the command line and from a cell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from gemimg_magic import Engine
from gemimg_magic.__main__ import main
from gemimg_magic.wire.store.audit import check
from support.gateway import completion, png

KEY = "canary-key-0123456789"


@pytest.fixture
def filled(gateway):
    """A store with three answers: a large picture, a small one, a refusal."""
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m")
    gateway.reply(completion(png("red", (1200, 900))))
    gateway.reply(completion(png("blue"), model="m"))
    gateway.reply({"choices": [{"message": {"content": "# No *way*"}, "finish_reason": "stop"}]})
    keys = [engine.generate(prompt).key for prompt in ("a red fox", "a blue `fox`")]
    with pytest.raises(Exception, match="No"):
        engine.generate("bad")
    yield engine.store, keys
    engine.close()


def store(*words: str) -> int:
    return main(["store", *words])


def found(store) -> list[tuple[str, str]]:
    return [(finding.file.split("/")[0], finding.what) for finding in check(store) if finding.is_fault]


def test_a_sound_store_is_sound(filled, capsys):
    assert store("verify") == 0
    said = capsys.readouterr().out
    assert "3 records, 2 pictures, 0 faults" in said
    assert "asked m, answered by test-model" in said


def one(folder: Path, pattern: str) -> Path:
    return next(iter(sorted(folder.glob(pattern))))


@pytest.mark.parametrize(
    ("harm", "place", "said"),
    [
        (lambda root: one(root, "pictures/*.png").write_bytes(png("gold")), "records", "hash does not fit"),
        (lambda root: one(root, "pictures/*.preview.jpg").unlink(), "records", "missing"),
        (
            lambda root: one(root, "pictures/*.preview.jpg").write_bytes(b"\xff\xd8"),
            "records",
            "hash does not fit",
        ),
        (lambda root: one(root, "records/*/*.json").write_bytes(b"{"), "records", "damaged"),
        (
            lambda root: one(root, "records/*/*.json").write_text(
                one(root, "records/*/*.json").read_text().replace("fox", "cat").replace("bad", "good")
            ),
            "records",
            "edited",
        ),
        (lambda root: one(root, "pictures/*.png").write_bytes(b"version https://git-lfs"), "records", "LFS"),
        (
            lambda root: (root / "pictures" / f"{'0' * 64}.png").write_bytes(png()),
            "pictures",
            "not what its name",
        ),
        (lambda root: (root / "store.json").write_text('{"format": 9}'), "store.json", "format 9"),
        (
            lambda root: one(root, "records/*").rename(root / "records" / "zz"),
            "records",
            "wrong folder",
        ),
    ],
)
def test_verify_finds_what_is_damaged_missing_or_edited(filled, capsys, harm, place, said):
    at, _ = filled
    harm(at.root)

    faults = found(at)
    assert any(where == place and said in what for where, what in faults), faults
    assert store("verify") == 1
    assert "FAULT" in capsys.readouterr().out


def test_verify_in_a_cell_fails_the_cell(filled, shell):
    assert "0 faults" in shell.run("%gemimg verify").stdout
    one(filled[0].root, "pictures/*.png").unlink()

    assert "damaged" in shell.run("%gemimg verify", fails=True).traceback


def test_verify_finds_a_key(filled):
    at, _ = filled
    from gemimg_magic.core.secret import Secret
    from gemimg_magic.wire.store import Store

    assert any("API key" in what for _, what in found(Store(at.root, keys=[Secret("a red fox", "test")])))


def test_stats_count(filled, capsys):
    assert store("stats") == 0
    said = capsys.readouterr().out
    assert "records   3" in said
    assert "pictures  2" in said
    assert "model     m: 3" in said
    assert "git lfs" not in said


def notebook(path: Path, *keys: str) -> Path:
    outputs = [nbformat.v4.new_output("display_data", {}, metadata={"gemimg": {"key": key}}) for key in keys]
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)]), path)
    return path


def test_prune_keeps_what_notebooks_refer_to(filled, capsys):
    at, (red, blue) = filled
    before = sorted(at.root.rglob("*"))
    notebook(Path("book.ipynb"), red)
    checkpoints = Path(".ipynb_checkpoints")
    checkpoints.mkdir()
    notebook(checkpoints / "book.ipynb", blue)

    assert store("prune") == 0
    assert "2 records and 1 pictures" in capsys.readouterr().out
    assert sorted(at.root.rglob("*")) == before
    assert store("prune", "--yes") == 0
    assert [path.stem for path in at.record_files()] == [red]
    assert found(at) == []


def test_prune_refuses_to_guess(filled, capsys):
    at, _ = filled
    Path("broken.ipynb").write_text("{")

    assert store("prune", "--yes") == 2
    assert len(at.record_files()) == 3


def test_prune_keeps_pictures_that_a_damaged_record_may_need(filled):
    at, (red, blue) = filled
    notebook(Path("book.ipynb"), red, blue)
    at.record_path(red).write_bytes(b"{")
    pictures = sorted(at.root.glob("pictures/*"))

    assert store("prune", "--yes") == 0
    assert sorted(at.root.glob("pictures/*")) == pictures


def test_the_sheet_shows_all_and_runs_nothing(filled):
    assert store("sheet") == 0
    text = (filled[0].root / "sheet.md").read_text()

    assert text.count("![final") == 2
    assert "    a blue `fox`" in text
    assert "    The model answered with text instead of a picture: # No *way*" in text
    for line in text.splitlines():
        if line.startswith("!["):
            assert (filled[0].root / line.split("](")[1].removesuffix(")")).is_file()


def test_without_a_store(capsys):
    assert [store(command) for command in ("verify", "stats", "prune", "sheet")] == [0, 0, 0, 0]
    assert not Path("imagined").exists()
    assert "no store" in capsys.readouterr().out


def test_from_another_folder_and_as_a_process(filled, tmp_path):
    at, _ = filled
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ran = subprocess.run(
        [sys.executable, "-m", "gemimg_magic", "store", "--store", str(at.root), "verify"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "3 records" in ran.stdout
    assert main(["store"]) == 2


def test_records_are_reviewable(filled):
    """One value to a line, sorted: a pull request shows what changed in an answer."""
    for path in filled[0].record_files():
        text = path.read_text("utf-8")
        assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        assert max(map(len, text.splitlines())) < 300
