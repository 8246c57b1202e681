"""The small command line, as a person types it."""

import io
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest
from PIL import Image

from gemimg_magic.__main__ import main
from support.gateway import completion, png

KEY = "canary-77aa01"


@pytest.fixture
def remote(gateway, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    monkeypatch.setenv("GEMIMG_MODE", "off")
    return gateway


def test_a_picture_goes_to_a_file(remote, capsys, tmp_path):
    remote.reply(completion(png("red")))

    assert main(["a red fox", "-o", "fox.png", "--no-metadata", "-a", "16:9", "--param", "top_p", "0.5"]) == 0

    assert (tmp_path / "fox.png").read_bytes() == png("red")
    assert remote.last.json["top_p"] == 0.5
    assert remote.last.json["messages"] == [{"role": "user", "content": "a red fox"}]
    assert "fox.png" in capsys.readouterr().out


def test_without_a_name_it_takes_one_from_the_prompt_and_overwrites_nothing(remote, tmp_path):
    remote.reply(completion(png("red")), times=2)

    assert main(["A red fox!"]) == 0
    assert main(["A red fox!"]) == 0

    assert {path.name for path in tmp_path.glob("*.png")} == {"a-red-fox.png", "a-red-fox-2.png"}


def test_standard_output_gets_the_bytes_alone(gateway):
    gateway.reply(completion(png("blue")))
    env = {**os.environ, "GEMIMG_BASE_URL": gateway.base_url, "GEMIMG_API_KEY": KEY, "GEMIMG_MODE": "off"}

    done = subprocess.run(
        [sys.executable, "-m", "gemimg_magic", "-", "-o", "-"],
        input=b"a fox", capture_output=True, env=env, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout == png("blue")
    assert gateway.last.json["messages"][0]["content"] == "a fox"


def test_references_are_sent_before_the_text(remote, tmp_path):
    remote.reply(completion(png()))
    (tmp_path / "a b.png").write_bytes(png("green"))

    assert main(["make it blue", "-i", "a b.png", "-o", "x.png"]) == 0

    assert [part["type"] for part in remote.last.json["messages"][0]["content"]] == ["image_url", "text"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "required: prompt"),
        (["x", "--bogus"], 2, "--bogus"),
        (["x", "-t", "3"], 2, "0 to 2"),
        (["x", "-a", "wide"], 2, "16:9"),
        (["x", "-i", "absent.png"], 2, "absent.png"),
        (["x", "-p", "nowhere"], 2, "no profile"),
        (["x", "-o", "fox.xyz"], 2, ".xyz"),
        (["serve", "--host", "0.0.0.0"], 2, "0.0.0.0"),
    ],
)
def test_a_wrong_call_is_one_line_and_sends_nothing(remote, capsys, words, code, says):
    assert main(words) == code

    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert remote.requests == []


def test_a_failed_request_is_one_line_without_the_key(remote, capsys):
    remote.reply({"error": {"message": f"bad key {KEY}"}}, status=401)

    assert main(["x"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("AuthenticationError")
    assert said.count("\n") == 1
    assert KEY not in said


def test_the_doctor_names_the_keys_source_and_the_form(remote, capsys):
    remote.models = ["gemini-nano-banana-2.1"]
    remote.reply(completion(png()))

    assert main(["doctor"]) == 0

    said = capsys.readouterr().out
    assert "GEMIMG_API_KEY" in said
    assert "message.images" in said
    assert KEY not in said


def test_serve_answers_on_loopback_until_interrupted(tmp_path):
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "gemimg_magic", "serve", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        base_url = re.search(r"http://127\.0\.0\.1:\d+/v1", server.stdout.readline())
        assert base_url
        request = {"model": "m", "messages": [{"role": "user", "content": "a blue star"}]}
        with httpx.Client(trust_env=False, timeout=30) as client:
            reply = client.post(f"{base_url.group()}/chat/completions", json=request).json()
        assert reply["model"] == "sketch, no model"
    finally:
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=20)[0]
    assert "Traceback" not in said


def test_a_suffix_chooses_the_format(remote, tmp_path):
    remote.reply(completion(png("red")))

    assert main(["x", "-o", "fox.jpg"]) == 0

    with Image.open(io.BytesIO((tmp_path / "fox.jpg").read_bytes())) as fox:
        assert fox.format == "JPEG"
