"""The commands of %gemimg in a real shell: what they print, show, set and insert, and how they fail."""

import json

import pytest
from PIL import Image

from gemimg_magic import errors
from gemimg_magic.notebook.manage import COMMANDS
from support.gateway import chunk, completion, png

KEY = "canary-91be55aa"
MODEL = "gemini-nano-banana-2.1"


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    """The shell, configured for the loopback gateway."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    return shell


@pytest.fixture
def chain(remote, gateway):
    """Three cells, each going on from the one before: a, b and c."""
    for colour in ("red", "blue", "green"):
        gateway.reply(completion(png(colour)))
    remote.run("%%imagine -o a -a 16:9\na red fox")
    remote.run("%%imagine -o b -c a\nmake it blue")
    remote.run("%%imagine -o c -e b\nadd a {{a}} hat")
    return remote


def asked(gateway):
    """How many requests for pictures were made."""
    return sum(request.method == "POST" for request in gateway.requests)


def test_help_lists_every_command_in_one_line_each(shell):
    lines = shell.run("%gemimg help").stdout.splitlines()

    for command in COMMANDS:
        [line] = [line for line in lines if line.startswith(f"%gemimg {command.name} ")]
        assert command.help in line
    names = {command.name for command in COMMANDS}
    assert names >= {"status", "models", "use", "history", "show", "recipe", "tree", "cell", "doctor", "help"}
    assert shell.run("%gemimg").stdout.splitlines() == lines


@pytest.mark.parametrize(("typed", "meant"), [("modles", "models"), ("hsitory", "history"), ("cel", "cell")])
def test_an_unknown_command_gets_a_close_match(shell, typed, meant):
    assert f"Did you mean {meant}?" in shell.run(f"%gemimg {typed}", fails=True).traceback


# status


def test_status_without_a_configuration_says_what_to_do(shell):
    said = shell.run("%gemimg status").stdout

    assert "profile   sketch" in said
    assert "store     imagined, mode auto, not there yet" in said
    assert "next      set GEMIMG_API_KEY" in said


def test_status_tells_where_everything_comes_from_and_no_secret(remote, gateway, private_place):
    gateway.reply(completion(png()))
    remote.run("%%imagine\nx")
    remote.run("%config ImagineMagics.mode = 'replay'")

    said = remote.run("%gemimg status").stdout

    assert f"address   {gateway.base_url}" in said
    assert "key       from GEMIMG_API_KEY" in said
    assert f"model     {MODEL}" in said
    assert "store     imagined, mode replay\n" in said
    assert KEY not in said
    assert str(private_place) not in said


# models


def listed(gateway, *entries):
    gateway.reply({"object": "list", "data": list(entries)})


def test_models_puts_picture_models_first_with_what_is_known(remote, gateway):
    gateway.models = [
        "gpt-5",
        "zeta-image",
        "gemini-3-pro-image",
        MODEL,
        "gemini-2.0-flash-exp-image-generation",
    ]

    lines = remote.run("%gemimg models").stdout.splitlines()

    assert lines[0] == "5 models listed, 4 make pictures (*)"
    assert [line.split()[1] for line in lines[1:5]] == [
        MODEL,
        "gemini-3-pro-image",
        "gemini-2.0-flash-exp-image-generation",
        "zeta-image",
    ]
    assert "1K 2K 4K · 14 ratios · 14 references · 1K $0.0336 (2026-11) · alias nano-banana" in lines[1]
    assert "alias pro, nano-banana-pro" in lines[2]
    assert "retired 2025-11-14" in lines[3]
    assert lines[4].endswith("price unknown")
    assert lines[5] == "  and 1 that makes no pictures: gpt-5"
    assert lines[6].startswith(f"in use: {MODEL}")


def test_a_word_filters_models_by_id_or_alias(remote, gateway):
    gateway.models = ["gpt-5", "gemini-3-pro-image", MODEL]

    said = remote.run("%gemimg models nano-banana-pro").stdout

    assert "gemini-3-pro-image" in said
    assert "10 ratios: 1:1 2:3" in said
    assert "gpt-5" not in said
    assert f"* {MODEL}" not in said


def test_prices_that_a_gateway_lists_are_told(remote, gateway):
    listed(
        gateway,
        {
            "id": "google/gemini-3-pro-image",
            "architecture": {"output_modalities": ["image", "text"]},
            "pricing": {"prompt": "0.000002", "image": "0.0011", "image_output": "0.00012"},
        },
        {"id": "acme/image", "pricing": {"image_output": "0.04"}},
        {"id": "bfl/flux", "type": "image", "pricing": {"image": "0.05"}},
        {"id": "other/image", "pricing": {"image": "0.0011"}},
        {"id": "zero/image", "pricing": {"image_output": "-1", "image": 0}},
    )

    said = remote.run("%gemimg models").stdout

    assert "$120 per million picture tokens, about $0.15 for 1K (listed)" in said
    assert "acme/image                 $0.04 (listed)" in said
    assert "bfl/flux                   $0.05 (listed)" in said
    assert "other/image                $0.0011 for a picture sent (listed)" in said
    assert "zero/image                 price unknown" in said


@pytest.mark.parametrize(
    "reply",
    [
        {"json": {"error": {"message": "not for you"}}, "status": 403},
        {"json": {"error": {"message": "no such path"}}, "status": 404},
        {"body": b"<html><title>Welcome</title>", "headers": {"Content-Type": "text/html"}},
        {"json": {"object": "list", "data": []}},
        {"json": {"hello": "world"}},
    ],
    ids=["403", "404", "html", "empty", "no list"],
)
def test_models_falls_back_to_what_is_known_here_and_says_so(remote, gateway, reply):
    gateway.reply(**reply)

    said = remote.run("%gemimg models lite").stdout

    assert said.startswith("The gateway lists no models")
    assert "this is known here:" in said
    assert "* gemini-3.1-flash-lite-image" in said


def test_a_wrong_key_and_a_closed_port_are_errors_of_models(remote, gateway, monkeypatch):
    gateway.reply({"error": {"message": f"bad key {KEY}"}}, status=401)

    ran = remote.run("%gemimg models", fails=True)

    assert isinstance(ran.error, errors.AuthenticationError)
    assert KEY not in ran.traceback
    monkeypatch.setenv("GEMIMG_BASE_URL", "http://127.0.0.1:9/v1")
    assert isinstance(remote.run("%gemimg models", fails=True).error, errors.APIConnectionError)


def test_models_of_the_sketch_and_without_a_key(shell):
    said = shell.run("%gemimg models").stdout
    assert "* sketch, no model  free" in said
    assert f"* {MODEL}" in said

    shell.run("%gemimg use openrouter")
    said = shell.run("%gemimg models").stdout
    assert "OPENROUTER_API_KEY" in said
    assert f"* {MODEL}" in said


def test_in_replay_no_gateway_is_asked(remote, gateway):
    remote.run("%config ImagineMagics.mode = 'replay'")

    assert "mode is replay" in remote.run("%gemimg models").stdout
    assert "mode is replay" in remote.run("%gemimg doctor").stdout
    assert gateway.requests == []


def test_a_key_that_a_gateway_lists_as_a_model_is_hidden(remote, gateway):
    gateway.models = [f"{KEY}-image"]

    assert KEY not in remote.run("%gemimg models").stdout


# use


def test_use_alone_lists_the_profiles(shell):
    said = shell.run("%gemimg use").stdout

    assert "anyfast     https://www.anyfast.ai/v1 · ANYFAST_API_KEY · the default" in said
    assert "vllm-omni" in said
    assert "in force: sketch" in said


def test_use_sets_the_profile_until_it_is_cleared(remote, gateway):
    gateway.reply(completion(png()))

    said = remote.run("%gemimg use openrouter").stdout
    remote.run("%%imagine -a 16:9\nx")

    assert "profile   openrouter" in said
    assert f"address   {gateway.base_url}" in said
    assert gateway.last.json["image_config"] == {"aspect_ratio": "16:9"}
    assert "profile   custom" in remote.run("%gemimg use default").stdout


def test_use_says_which_key_is_missing(shell):
    said = shell.run("%gemimg use openrouter").stdout

    assert "missing   The profile openrouter needs a key and none is set. Set OPENROUTER_API_KEY" in said
    assert isinstance(shell.run("%%imagine\nx", fails=True).error, errors.MissingAPIKey)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("openruter", "Did you mean openrouter?"),
        ("newapi", "Set GEMIMG_BASE_URL"),
        ("sketch vercel", "One profile at a time."),
    ],
)
def test_a_profile_that_cannot_be_used_changes_nothing(shell, typed, says):
    ran = shell.run(f"%gemimg use {typed}", fails=True)

    assert says in ran.traceback
    assert "profile   sketch" in shell.run("%gemimg status").stdout


# history


def test_history_tells_the_pictures_newest_last(chain, gateway):
    chain.run("%%imagine -o again -a 16:9\na red fox")

    said = chain.run("%gemimg history").stdout

    assert said.splitlines() == [
        "a      32×24 · test-model · a red fox",
        "b      32×24 · test-model · make it blue",
        "c      32×24 · test-model · add a hat",
        "again  32×24 · test-model · a red fox · replayed",
    ]
    assert chain.run("%gemimg history 1").stdout == f"{said.splitlines()[3]}\n"


def test_history_is_bounded_and_holds_no_pictures(remote, gateway):
    import gc
    import weakref

    gateway.reply(completion(png()))
    remote.run("%%imagine -q -o fox\nx")
    history = remote.magics_manager.registry["ImagineMagics"].history
    picture = weakref.ref(remote.user_ns["fox"])
    for _ in range(300):
        history.note([remote.user_ns["fox"]])

    assert len(history.made) == 200
    remote.run("del fox, _img")
    gc.collect()
    assert picture() is None


def test_an_empty_history_and_a_wrong_number(shell):
    assert "No picture" in shell.run("%gemimg history").stdout
    assert "not a number" in shell.run("%gemimg history -1", fails=True).traceback


# show


def test_show_shows_pictures_of_every_kind_again(remote, gateway, private_place):
    gateway.reply(completion(png()), times=2)
    remote.run("%%imagine -q -o fox\nx")
    remote.run("%%imagine -q -n 2 -o takes\nx")
    Image.new("RGB", (8, 6)).save(private_place / "a b.png")
    remote.user_ns["drawn"] = Image.new("RGB", (9, 7))
    remote.user_ns["both"] = {"x y": remote.user_ns["fox"]}

    ran = remote.run("%gemimg show fox takes drawn 'a b.png' both['x y']")

    assert [shown.text for shown in ran.pictures] == [
        "fox · 32×24 · test-model",
        "takes[0] · 32×24 · test-model",
        "takes[1] · 32×24 · test-model",
        "drawn · 9×7",
        "a b.png · 8×6",
        "fox · 32×24 · test-model",
    ]


def test_show_embeds_as_configured(remote, gateway):
    gateway.reply(completion(png()))
    remote.run("%%imagine -q -o fox\nx")
    remote.run("%config ImagineMagics.embed = 'none'")

    ran = remote.run("%gemimg show fox")

    assert [set(shown.data) for shown in ran.shown] == [{"text/plain"}]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "Which picture?"),
        ("fxo", "Did you mean fox?"),
        ("fox[", "not closed"),
        ("number", "not a picture"),
    ],
)
def test_what_cannot_be_shown_is_one_red_line(shell, words, says):
    shell.user_ns |= {"fox": Image.new("RGB", (4, 4)), "number": 3.5}

    ran = shell.run(f"%gemimg show fox {words}" if words else "%gemimg show", fails=True)

    assert says in ran.traceback
    assert ran.shown == []


# recipe and tree


@pytest.mark.parametrize("how", ["-e", "-c"])
def test_the_recipe_of_a_chain_tells_every_prompt(remote, gateway, how):
    for colour in ("red", "blue", "green"):
        gateway.reply(completion(png(colour)))
    remote.run("%%imagine -o a -s 2K\na red fox")
    remote.run(f"%%imagine -o b {how} a\nmake it blue")
    remote.run(f"%%imagine -o c {how} b\nadd a hat")

    recipe, tree = remote.run("%gemimg recipe c").stdout, remote.run("%gemimg tree c").stdout

    for prompt in ("a red fox", "make it blue", "add a hat"):
        assert f"user: {'[a]' * (how == '-e' and prompt[0] == 'm')}" in recipe
        assert prompt in recipe
        assert prompt in tree
    assert recipe.startswith("c · 32×24 · test-model\n")
    assert "size 2K" in recipe
    assert len(tree.splitlines()) >= 3


# cell


def test_the_cell_of_a_picture_is_inserted_and_replays(chain, gateway):
    for name in ("a", "b", "c"):
        picture = chain.user_ns[name]

        said = chain.run(f"%gemimg cell {name}").stdout

        assert said == chain.rl_next_input + "\n"
        chain.run(chain.rl_next_input)
        assert chain.user_ns[name] == picture
        assert chain.user_ns[name].completion.replayed
    assert chain.rl_next_input == "%%imagine -o c -e b\nadd a {{a}} hat"
    assert asked(gateway) == 3


def test_the_cell_of_a_picture_made_by_python_and_of_takes(remote, gateway):
    gateway.reply(completion(png("red")))
    gateway.reply(completion(png("blue")))
    remote.run("%%imagine -n 2 -j 1 -o foxes -m pro\na fox")

    assert remote.run("%gemimg cell foxes").stdout == "%%imagine -o foxes -n 2 -m gemini-3-pro-image\na fox\n"
    one = remote.run("%gemimg cell foxes[1]").stdout
    assert one == "%%imagine -o foxes_1 -m gemini-3-pro-image --take 1\na fox\n"
    remote.run(one)
    assert remote.user_ns["foxes_1"] == remote.user_ns["foxes"][1]
    assert asked(gateway) == 2


def test_the_model_is_named_where_another_one_is_in_force(remote, gateway):
    gateway.reply(completion(png()))
    remote.run("%%imagine -o fox\nx")
    remote.run("%config ImagineMagics.model = 'pro'")

    assert remote.run("%gemimg cell fox").stdout == f"%%imagine -o fox -m {MODEL}\nx\n"


def test_pictures_are_found_in_variables_the_store_and_files(remote, gateway, private_place):
    for colour in ("red", "blue", "green"):
        gateway.reply(completion(png(colour)))
    (private_place / "logos").mkdir()
    (private_place / "logos" / "one.png").write_bytes(png("black"))
    remote.user_ns["drawn"] = Image.new("RGB", (9, 7))
    remote.run("%%imagine -o lost\nx")
    digest = remote.user_ns["lost"].sha256
    remote.run("%%imagine -o fox\nlike {{drawn}}, {{lost}} and ![](logos/one.png)")
    remote.run("del lost")

    said = remote.run("%gemimg cell fox").stdout

    assert said.splitlines()[1] == (
        f"like {{{{drawn}}}}, ![](imagined/pictures/{digest}.png) and ![](logos/one.png)"
    )
    remote.run(said)
    assert asked(gateway) == 2


def test_a_picture_that_is_nowhere_stops_the_inserted_cell(remote, gateway):
    gateway.reply(completion(png("red")))
    remote.user_ns["drawn"] = Image.new("RGB", (9, 7))
    remote.run("%%imagine -o fox\nlike {{drawn}}")
    remote.run("del drawn")

    said = remote.run("%gemimg cell fox").stdout

    assert "# no variable holds picture_" in said.splitlines()[0]
    assert "is not defined" in remote.run(said, fails=True).traceback
    assert asked(gateway) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [("", "Which picture?"), ("number", "not a picture made here"), ("nobody", "not defined")],
)
def test_what_has_no_cell_is_one_red_line(shell, words, says):
    shell.user_ns["number"] = 3

    assert says in shell.run(f"%gemimg cell {words}", fails=True).traceback


def test_a_kernel_without_a_reader_prints_the_cell(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    cells = ["%load_ext gemimg_magic", "%%imagine -o fox\na red fox", "%gemimg cell fox"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()

    [printed] = notebook.cells[2].outputs
    assert printed.text == "%%imagine -o fox\na red fox\n"


def test_in_a_notebook_the_cell_is_inserted_below(tmp_path):
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        said = []
        for code in ("%load_ext gemimg_magic", "%%imagine -q -o fox\na red fox", "%gemimg cell fox"):
            reply = client.execute_interactive(
                code,
                allow_stdin=True,
                timeout=60,
                output_hook=lambda message: said.append(message["content"]),
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    [payload] = reply["content"]["payload"]
    assert payload["source"] == "set_next_input"
    assert payload["replace"] is False
    assert payload["text"] == "%%imagine -o fox\na red fox"
    assert "The cell that makes fox stands below.\n" in [content.get("text") for content in said]


# doctor


def test_the_doctor_makes_one_cheap_request_and_tells_what_it_saw(remote, gateway):
    gateway.models = ["gpt-5", MODEL]
    gateway.reply(completion(png(size=(64, 36))), times=2)
    remote.run("%config ImagineMagics.size = '4K'")

    said = remote.run("%gemimg doctor").stdout

    assert asked(gateway) == 1
    assert gateway.last.json["image_config"] == {"aspect_ratio": "16:9"}
    assert "picture   64×36 image/png by test-model" in said
    assert "form      message.images" in said
    assert "ratio     16:9 was asked for and honoured" in said
    assert "usage     10 tokens in, 1290 out" in said
    assert "streamed  not tried" in said
    remote.run("%gemimg doctor")
    assert asked(gateway) == 2, "the store must not answer in the gateway's place"


def test_the_doctor_tries_streaming_when_asked(remote, gateway):
    gateway.models = [MODEL]
    gateway.reply(completion(png()))
    gateway.reply(events=[chunk("Here"), chunk(image=png(), finish="stop")])

    said = remote.run("%gemimg doctor --stream").stdout

    assert "ratio     16:9 was asked for and not honoured" in said
    assert "streamed  yes, form delta.images, usage not reported" in said
    gateway.reply(completion(png()), times=2)
    assert "streamed  no: a whole reply came" in remote.run("%gemimg doctor --stream").stdout


def test_the_doctor_tells_what_it_knows_and_then_fails(remote, gateway):
    gateway.models = ["gpt-5", "gemini-nano-banana-2"]
    remote.run("%config ImagineMagics.model = 'gemini-2.0-flash-exp-image-generation'")
    said = {"message": "User location is not supported for the API use.", "code": "blocked"}
    gateway.reply({"error": said}, status=400)

    ran = remote.run("%gemimg doctor", fails=True)

    assert isinstance(ran.error, errors.BadRequestError)
    assert "gemini-2.0-flash-exp-image-generation is not listed" in ran.stdout
    assert "was retired on 2025-11-14" in ran.stdout
    assert "answer    HTTP 400, code blocked" in ran.stdout
    assert "closed to the region" in ran.stdout


def test_the_doctor_looks_at_the_sketch_and_refuses_odd_words(shell):
    assert "ratio     16:9 was asked for and honoured" in shell.run("%gemimg doctor --stream").stdout
    assert "%gemimg doctor [--stream]" in shell.run("%gemimg doctor --steam", fails=True).traceback


# a model that the gateway does not know

UNKNOWN = {
    "new-api": (
        503,
        {
            "error": {
                "code": "model_not_found",
                "message": "分组 default 下模型 gemini-nano-bananna 无可用渠道",
            }
        },
    ),
    "new-api without a code": (
        503,
        {"error": {"message": "分组 default 下模型 gemini-nano-bananna 无可用渠道（distributor）"}},
    ),
    "openai": (404, {"error": {"code": "model_not_found", "message": "The model does not exist."}}),
    "openrouter": (400, {"error": {"code": 400, "message": "gemini-nano-bananna is not a valid model ID"}}),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_model_lists_the_picture_models_that_there_are(remote, gateway, name):
    status, body = UNKNOWN[name]
    gateway.models = ["gpt-5", "flux-2", MODEL]
    gateway.reply(body, status=status)
    remote.run("%config ImagineMagics.retries = 0")

    ran = remote.run("%%imagine -m gemini-nano-bananna\nx", fails=True)

    assert body["error"]["message"] in ran.traceback
    assert f"Did you mean {MODEL}? Its picture models: flux-2, {MODEL}." in ran.traceback
    assert len(ran.traceback.splitlines()) == 1
    assert [request.method for request in gateway.requests] == ["POST", "GET"]


@pytest.mark.parametrize(
    "reply",
    [
        {"json": {"error": {"message": "not for you"}}, "status": 403},
        {"body": b"\xff\xfe[[[["},
        {"json": {"data": [{"id": None}, 3, {"name": "x"}]}},
        {"json": {"data": [{"id": "gpt-5"}]}},
        {"chunks": [b"{"], "drop": True},
    ],
    ids=["403", "garbage", "odd", "no pictures", "broken"],
)
def test_a_list_that_does_not_come_leaves_the_error_as_it_is(remote, gateway, reply):
    gateway.reply({"error": {"code": "model_not_found", "message": "No such thing."}}, status=404)
    gateway.reply(**reply)

    ran = remote.run("%%imagine\nx", fails=True)

    assert type(ran.error) is errors.NotFoundError
    assert str(ran.error) == "No such thing."


def test_a_list_that_hangs_is_not_waited_for(remote, gateway, monkeypatch):
    monkeypatch.setattr("gemimg_magic.wire.client._LIST_TIMEOUT", 0.2)
    gateway.reply({"error": {"code": "model_not_found", "message": "No such thing."}}, status=404)
    gateway.reply(hang=True)

    assert str(remote.run("%%imagine\nx", fails=True).error) == "No such thing."


def test_other_errors_ask_for_no_list(remote, gateway):
    gateway.models = [MODEL]
    gateway.reply({"error": {"message": "busy"}}, status=503, times=3)
    remote.run("%config ImagineMagics.retries = 1")

    ran = remote.run("%%imagine\nx", fails=True)

    assert MODEL not in ran.traceback
    assert {request.method for request in gateway.requests} == {"POST"}
    assert json.loads(gateway.last.body)["model"] == MODEL
