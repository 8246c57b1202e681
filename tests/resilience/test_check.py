"""`python -m gemimg_magic check`: every key is found with its place, and none is repeated."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

import gemimg_magic
from gemimg_magic.__main__ import main
from gemimg_magic.core.keyfinder import ALLOWED
from support.gateway import png

# Put together here, so that this file is clean itself.
KEYS = {
    "openai": "sk-" + "proj-Zx81Kq0aT3BlbkFJw72hQpLm",
    "new-api": "sk-" + "9aK2" * 12,
    "openrouter": "sk-or-v1-" + "0f9a" * 16,
    "google": "AIza" + "SyD9x7Kq2-mT_4bLw8Pz1Nc6Vf3Hj5Rg0Ye",
    "google-new": "AQ." + "Ab8RN6Kx2" * 5,
    "bearer": "Bearer " + "zQ7x9Kp2Lm4Nw8Rt",
    "assigned": 'GEMIMG_API_KEY="' + 'q8Zt5Wn2Bv7Jx4Mc9Lk1"',
}


def notebook(source="", output=None, metadata=None):
    cell = {
        "cell_type": "code",
        "id": "a",
        "execution_count": 1,
        "metadata": metadata or {},
        "source": source.splitlines(keepends=True),
        "outputs": [output] if output else [],
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def run(capsys, *paths):
    code = main(["check", *map(str, paths)])
    said = capsys.readouterr()
    for key in KEYS.values():
        assert key not in said.out + said.err
        assert key.split(" ")[-1] not in said.out + said.err
    return code, said.out


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("place", ["source", "output", "metadata", "record", "file", "picture"])
def test_K13_a_key_is_found_wherever_it_stands(kind, place, tmp_path, capsys):
    key = KEYS[kind]
    file = tmp_path / "a.ipynb"
    if place == "source":
        file.write_text(notebook(f"import os\n{key}\n"))
    elif place == "output":
        file.write_text(notebook(output={"output_type": "stream", "name": "stdout", "text": [f"{key}\n"]}))
    elif place == "metadata":
        file.write_text(notebook(metadata={"widget": {"value": key}}))
    elif place == "record":
        file = tmp_path / "imagined" / "records" / "ab" / "ab12.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"request": {"text": f"draw {key}"}}, indent=1))
    elif place == "file":
        file = tmp_path / "run.py"
        file.write_text(f"x = 1\n# {key}\n")
    else:
        file = tmp_path / "a.png"
        file.write_bytes(png()[:-12] + key.encode() + png()[-12:])

    code, said = run(capsys, tmp_path)

    assert code == 1
    name, line = said.splitlines()[0].split(": ")[0].rsplit(":", 1)
    assert Path(name) == file
    raw = file.read_bytes().split(b"\n")[int(line) - 1]
    escaped = json.dumps(key)[1:-1].encode()
    assert key.encode() in raw or escaped in raw


def test_K13_the_keys_of_the_environment_are_found_in_any_spelling(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary/5512+ee-environment")
    (tmp_path / "a.txt").write_text("canary%2F5512%2Bee-environment")
    (tmp_path / "b.txt").write_bytes(base64.b64encode(b"user:canary/5512+ee-environment"))
    (tmp_path / "c.txt").write_text("nothing here")

    code, said = run(capsys, tmp_path)

    assert code == 1
    assert said.count("the value of OPENROUTER_API_KEY") == 2
    assert "canary" not in said


def test_K13_an_escaped_key_and_one_over_two_lines_are_found(tmp_path, capsys):
    key = KEYS["openai"]
    (tmp_path / "a.json").write_text('{"x": "' + "".join(f"\\u{ord(c):04x}" for c in key) + '"}')
    (tmp_path / "b.ipynb").write_text(json.dumps({"cells": [{"source": [key[:9], key[9:]]}]}, indent=1))

    code, said = run(capsys, tmp_path)

    assert code == 1
    assert said.count(", escaped somewhere") == 2


def test_K13_what_is_no_key_is_not_found(tmp_path, capsys):
    text = "Bearer authentication\na task-force of risk-averse desk-bound people\nsk-...\napi_key=api_key\n"
    text += 'api_key=os.environ["OPENAI_API_KEY"]\nGEMIMG_API_KEY=...\n'
    (tmp_path / "a.md").write_text(text)
    (tmp_path / "allowed.py").write_text(f"x = '{KEYS['openai']}'  # {ALLOWED}\n")
    (tmp_path / "pictures.ipynb").write_text(
        notebook(output={"data": {"image/png": base64.b64encode(bytes(range(256)) * 4000).decode()}})
    )
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(KEYS["openai"])

    code, said = run(capsys, tmp_path)

    assert (code, said) == (0, "No key in 3 files.\n")


def test_K13_a_path_that_is_not_there_is_an_error(capsys, tmp_path):
    assert main(["check", str(tmp_path / "absent")]) == 2
    assert "absent" in capsys.readouterr().err


def test_K13_without_paths_the_current_folder_is_searched(private_place, capsys):
    (private_place / "a.txt").write_text(KEYS["google"])

    code, said = run(capsys)

    assert code == 1
    assert said.startswith("a.txt:1: a Google key")


def test_K13_the_program_fails_for_git(tmp_path):
    (tmp_path / "a.txt").write_text(KEYS["new-api"])
    command = [sys.executable, "-m", "gemimg_magic", "check", "a.txt"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert KEYS["new-api"] not in done.stdout + done.stderr


def test_K13_the_hook_names_the_command():
    root = Path(__file__).parents[2]
    hook = (root / ".pre-commit-hooks.yaml").read_text()

    assert "id: gemimg-magic-check" in hook
    assert "entry: python -m gemimg_magic check" in hook


def test_K13_our_own_package_and_notebooks_hold_none(capsys):
    root = Path(__file__).parents[2]

    code, said = run(capsys, Path(gemimg_magic.__file__).parent, root / "notebooks")

    assert code == 0, said
