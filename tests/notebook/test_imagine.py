"""Whole cells in a real shell: what is shown, what is bound, what is sent, and how a cell fails."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gemimg_magic import GeneratedImage, errors
from support.gateway import completion, png

KEY = "canary-91be55aa"


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    """The shell, configured for the loopback gateway."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    return shell


def parts_sent(gateway):
    """The last user turn: text as text, pictures as bytes."""
    content = gateway.last.json["messages"][-1]["content"]
    if isinstance(content, str):
        return [content]
    return [
        part["text"] if part["type"] == "text" else base64.b64decode(part["image_url"]["url"].split(",")[1])
        for part in content
    ]


def test_with_no_key_a_cell_draws_shows_and_binds(shell):
    ran = shell.run("%%imagine -o fox\na red fox in the snow")

    fox = shell.user_ns["fox"]
    assert isinstance(fox, GeneratedImage)
    assert fox.size == (1024, 1024)
    assert shell.user_ns["_img"] is fox
    [picture] = ran.pictures
    assert picture.text == "fox · 1024×1024 · sketch, no model"
    assert not {"text/html", "image/webp"} & picture.data.keys()


def test_the_next_cell_uses_it_as_a_word(shell):
    shell.run("%%imagine -o fox\na red fox in the snow")

    shell.run("%%imagine -o grey\nMake {{fox}} greyscale")

    fox, grey = (np.asarray(shell.user_ns[name].pil.convert("RGB")).astype(int) for name in ("fox", "grey"))
    assert (np.ptp(grey, axis=2) > 12).mean() < 0.01
    assert (np.ptp(fox, axis=2) > 40).mean() > 0.05
    assert np.abs(fox - grey).mean() > 2
    assert shell.user_ns["grey"].parents == (shell.user_ns["fox"],)


def test_what_stands_on_the_wire(remote, gateway, tmp_path):
    gateway.reply(completion(png("red")))
    (tmp_path / "my logo.png").write_bytes(png("blue"))
    remote.user_ns |= {"ref": png("green"), "n": 3}

    remote.run("%%imagine -i ref\nPut {{n}} of {{ref}} by ![logo](my logo.png), please")

    assert gateway.last.path == "/v1/chat/completions"
    assert gateway.last.headers["authorization"] == f"Bearer {KEY}"
    body = gateway.last.json
    assert body["model"] == "gemini-nano-banana-2.1"
    assert body["max_tokens"] == 4096
    assert "temperature" not in body
    assert parts_sent(gateway) == [
        png("green"), "Put 3 of ", png("green"), " by logo", png("blue"), ", please"
    ]  # fmt: skip


def test_every_option_reaches_the_request(remote, gateway):
    gateway.reply(completion(png()))

    remote.run(
        "%%imagine -p openrouter -a 16:9 -s 2K -m pro -t 0.5 --max-tokens 99 --seed 7 --system 'Be brief.' "
        "--param top_p 0.9 --param user ann\nx"
    )

    body = gateway.last.json
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "x"},
    ]
    assert body["image_config"] == {"aspect_ratio": "16:9", "image_size": "2K"}
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("gemini-3-pro-image", 0.5, 99)
    assert (body["seed"], body["top_p"], body["user"]) == (7, 0.9, "ann")


@pytest.mark.parametrize(
    "prompt",
    [
        '{"style": {"colour": "red"}, "n": [1, 2]}',
        r"\frac{a}{b} costs $5 and $HOME, {x} {a|b}",
        "# heading\n\n*markdown* `code`\n  indented",
        "# NBVAL_SKIPPED is text",
    ],
)
def test_other_languages_pass_as_typed(remote, gateway, prompt):
    gateway.reply(completion(png()))
    remote.user_ns["x"] = "no"

    remote.run(f"%%imagine\n{prompt}")

    assert parts_sent(gateway) == [prompt]


def test_a_comment_may_follow_the_options(remote, gateway):
    gateway.reply(completion(png()))

    remote.run("%%imagine --system 'be # brief' -o fox  # my fox\nx")

    assert gateway.last.json["messages"][0]["content"] == "be # brief"
    assert remote.user_ns["fox"].data == png()


def test_raw_sends_braces_as_they_are(remote, gateway):
    gateway.reply(completion(png()))

    remote.run("%%imagine --raw\n{{nobody}} ![x](y)")

    assert parts_sent(gateway) == ["{{nobody}} ![x](y)"]


def test_values_are_data_and_never_read_again(remote, gateway):
    gateway.reply(completion(png()))
    remote.user_ns["evil"] = "{{secret}} ![x](/etc/passwd) --raw -o y"

    remote.run("%%imagine\nsay {{evil}}")

    assert parts_sent(gateway) == ["say {{secret}} ![x](/etc/passwd) --raw -o y"]


def test_an_edit_is_one_user_turn(remote, gateway):
    gateway.reply(completion(png("red")), times=2)
    remote.run("%%imagine -o fox\na fox")

    remote.run("%%imagine -e fox\nmake it blue")

    assert [message["role"] for message in gateway.last.json["messages"]] == ["user"]
    assert parts_sent(gateway) == [png("red"), "make it blue"]


def test_the_line_form_shows_once_assigns_and_takes_apostrophes(remote, gateway):
    gateway.reply(completion(png()), times=3)

    assert len(remote.run("%imagine it's a cat").pictures) == 1
    assert parts_sent(gateway) == ["it's a cat"]
    remote.run("x = %imagine -q a cat")
    assert remote.user_ns["x"].data == png()
    assert len(remote.run("x").pictures) == 1
    assert len(remote.run("x = %imagine -q a cat\nx").pictures) == 1
    assert len(remote.run("%imagine -q a cat\n# no more").pictures) == 0
    assert len(remote.run("for i in range(1):\n    %imagine number {{i}}").pictures) == 1
    assert parts_sent(gateway) == ["number 0"]


def test_a_line_in_a_function_sees_its_variables(remote, gateway):
    gateway.reply(completion(png()))

    remote.run("def draw(colour):\n    %imagine -q a {{colour}} fox\ndraw('red')")

    assert parts_sent(gateway) == ["a red fox"]


def test_quiet_binds_without_showing(remote, gateway):
    gateway.reply(completion(png()))

    assert remote.run("%%imagine -q -o fox\nx").shown == []
    assert remote.user_ns["fox"].data == png()


def test_text_of_the_model_is_shown_as_text_only(remote, gateway):
    gateway.reply(completion(png(), text="<img src=x onerror=alert(1)> \x1b[31m **bold**"))

    ran = remote.run("%%imagine\nx")

    text = ran.shown[-1]
    assert set(text.data) == {"text/plain"}
    assert "\\x1b[31m" in text.text


def test_streaming_gives_the_same_picture(shell):
    shell.run("%%imagine -o whole\na blue star")
    shell.run("%%imagine --stream -o streamed\na blue star")

    assert shell.user_ns["whole"] == shell.user_ns["streamed"]


def test_defaults_come_from_config(remote, gateway):
    gateway.reply(completion(png()))
    remote.run('%config ImagineMagics.aspect = "16:9"\n%config ImagineMagics.profile = "openrouter"')

    remote.run("%%imagine\nx")

    assert gateway.last.json["image_config"] == {"aspect_ratio": "16:9"}


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%imagine --bogus\nx", "--bogus"),
        ("%%imagine --aspct 1:1\nx", "Did you mean --aspect?"),
        ("%%imagine -a 16-9\nx", "16:9"),
        ("%%imagine -a 16:10\nx", "It takes 1:1"),
        ("%%imagine -t 3\nx", "0 to 2"),
        ("%%imagine fox\nx", "below the first line"),
        ("%%imagine\n   \n", "prompt is empty"),
        ("%%imagine\na {{nobody}}", "'nobody' is not defined"),
        ("%%imagine\na {{fxo}}", "Did you mean fox?"),
        ("%%imagine\na {{1/0}}", "ZeroDivisionError"),
        ("%%imagine\na {{None}}", "NoneType"),
        ("%%imagine\na {{object()}}", "object"),
        ("%%imagine\n![x](absent.png)", "absent.png"),
        ("%%imagine\n![x](notes.txt)", "notes.txt"),
        ("%%imagine -i absent\nx", "no variable or file 'absent'"),
        ("%%imagine -e notes.txt\nx", "not a picture"),
        ("%%imagine\nkey sk-abcdefghijklmnopqrstuvwx", "seems to hold an API key"),
        ("%%imagine -p nowhere\nx", "no profile"),
        ("%imagine", "prompt is empty"),
        ("%gemimg sttus", "Did you mean status?"),
    ],
)
def test_bad_input_is_one_red_line_and_nothing_is_sent(remote, gateway, tmp_path, cell, says):
    (tmp_path / "notes.txt").write_text("hunter2")
    remote.user_ns |= {"fox": png(), "keep": "kept"}
    before = dict(remote.user_ns)

    ran = remote.run(cell, fails=True)

    assert says in ran.traceback
    assert len(ran.traceback.splitlines()) == 1
    assert isinstance(ran.error, errors.GemimgError)
    assert ran.shown == []
    assert gateway.requests == []
    assert "hunter2" not in ran.traceback
    assert "abcdefghijklmnopqrstuvwx" not in ran.traceback
    assert {name for name in remote.user_ns if not name.startswith("_")} == {
        name for name in before if not name.startswith("_")
    }
    assert "_img" not in remote.user_ns


REPLIES = {
    "401": (
        errors.AuthenticationError,
        {
            "json": {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}},
            "status": 401,
        },
    ),
    "502": (
        errors.InternalServerError,
        {
            "body": b"<html><h1>502 Bad Gateway</h1></html>",
            "status": 502,
            "headers": {"Content-Type": "text/html"},
        },
    ),
    "text": (errors.RefusedError, {"json": completion(text="I cannot draw real people.")}),
    "garbage": (errors.DecodeError, {"body": b"not json at all"}),
}


@pytest.mark.parametrize("name", REPLIES)
def test_bad_replies_fail_the_cell_in_a_line_without_the_key(remote, gateway, name):
    kind, reply = REPLIES[name]
    gateway.reply(**reply, times=4)
    remote.run("%config ImagineMagics.retries = 0")

    ran = remote.run("%%imagine -o fox\nx", fails=True)

    assert type(ran.error) is kind
    assert len(ran.traceback.splitlines()) <= 4
    assert KEY not in ran.traceback + ran.stdout + ran.stderr + str(ran.error)
    assert "fox" not in remote.user_ns
    if name == "text":
        assert "I cannot draw real people." in ran.traceback


def test_a_closed_port_says_so(shell, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", "http://127.0.0.1:9/v1")
    shell.run("%config ImagineMagics.retries = 0")

    ran = shell.run("%%imagine\nx", fails=True)

    assert isinstance(ran.error, errors.APIConnectionError)
    assert "127.0.0.1:9" in ran.traceback
    assert len(ran.traceback.splitlines()) == 1


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal"])
def test_long_tracebacks_on_request_still_hide_the_key(remote, gateway, mode):
    gateway.reply({"error": {"message": f"bad key {KEY}"}}, status=401)
    remote.run(f"%xmode {mode}\n%config ImagineMagics.short_errors = False")

    ran = remote.run("%%imagine\nx", fails=True)

    assert KEY not in ran.traceback
    assert mode == "Minimal" or len(ran.traceback.splitlines()) > 4


def test_an_odd_picture_is_kept_exactly_and_shown_in_a_form_that_all_show(remote, gateway):
    buffer = io.BytesIO()
    Image.new("CMYK", (3000, 2000), (0, 200, 200, 0)).save(buffer, "JPEG")
    gateway.reply(completion(buffer.getvalue()))

    ran = remote.run("%%imagine -o p\nx")

    assert remote.user_ns["p"].data == buffer.getvalue()
    shown = Image.open(io.BytesIO(base64_or_bytes(ran.pictures[0].data["image/jpeg"])))
    assert shown.mode == "RGB"
    assert max(shown.size) <= 1024


def base64_or_bytes(data):
    return data if isinstance(data, bytes) else base64.b64decode(data)


def test_several_pictures_are_all_shown_and_the_last_is_bound(remote, gateway):
    gateway.reply(completion(png("red"), png("blue")), times=2)

    ran = remote.run("%%imagine -o fox\nx")

    assert [shown.text.split(" · ")[0] for shown in ran.pictures] == ["fox (1 of 2)", "fox"]
    assert remote.user_ns["fox"].data == png("blue")
    remote.run("%%imagine -o a,b\nx")
    assert (remote.user_ns["a"].data, remote.user_ns["b"].data) == (png("red"), png("blue"))


def test_help_and_status_tell_what_there_is(remote):
    assert "--aspect" in remote.user_ns["get_ipython"]().magics_manager.magics["cell"]["imagine"].__doc__
    status = remote.run("%gemimg status").stdout
    assert "GEMIMG_API_KEY" in status
    assert KEY not in status
    assert "doctor" in remote.run("%gemimg").stdout


def test_the_doctor_looks_at_the_gateway(remote, gateway):
    gateway.models = ["gpt-5", "gemini-nano-banana-2.1"]
    gateway.reply(completion(png()))

    said = remote.run("%gemimg doctor").stdout

    assert "1 make pictures: gemini-nano-banana-2.1" in said
    assert "message.images" in said


def test_a_notebook_runs_headless_and_its_error_is_an_error(tmp_path):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    cells = ["%load_ext gemimg_magic", "%%imagine -o fox\na red fox", "%%imagine\nrefuse"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])

    with pytest.raises(CellExecutionError, match="RefusedError"):
        NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()

    [picture] = notebook.cells[1].outputs
    assert picture.output_type == "display_data"
    assert {"image/png", "image/jpeg"} & picture.data.keys()
    [error] = notebook.cells[2].outputs
    assert error.output_type == "error"
    assert len(error.traceback) == 1


def test_the_command_line_writes_a_file(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gemimg_magic", "a red fox", "-o", "fox.png"],
        capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "fox.png") as fox:
        assert fox.size == (1024, 1024)
    assert json.dumps(done.stdout).count("fox.png") == 1
