"""Several takes, conversations and styles in cells."""

import base64

import pytest

from gemimg_magic import GeneratedImage, Session, errors
from gemimg_magic.engine import Engine
from support.gateway import completion, data_uri, png, reply

COLOURS = ["red", "green", "blue", "black", "white", "orange"]


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "test-key")
    monkeypatch.setenv("GEMIMG_MODE", "off")
    return shell


def test_takes_run_side_by_side_and_are_bound_as_a_list(remote, gateway):
    for colour in COLOURS[:4]:
        gateway.reply(completion(png(colour)), delay=0.3)

    ran = remote.run("%%imagine -n 4 -j 4 -o foxes\na fox")

    foxes = remote.user_ns["foxes"]
    assert [shown.text.split(" · ")[0] for shown in ran.pictures] == [f"foxes[{n}]" for n in range(4)]
    assert {fox.data for fox in foxes} == {png(colour) for colour in COLOURS[:4]}
    assert remote.user_ns["_img"] is foxes
    starts = [request.at for request in gateway.requests]
    assert max(starts) - min(starts) < 0.25


def test_no_more_than_j_at_a_time(remote, gateway):
    running = peak = 0

    def answer(request):
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        import time

        time.sleep(0.05)
        running -= 1
        return reply(completion(png()))

    gateway.otherwise = answer

    remote.run("%%imagine -n 6 -j 2 -q\na fox")

    assert len(gateway.requests) == 6
    assert peak == 2


def test_a_name_for_each_take(remote, gateway):
    gateway.reply(completion(png()), times=3)

    remote.run("%%imagine -n 3 -o a,b,c\nx")

    assert all(isinstance(remote.user_ns[name], GeneratedImage) for name in "abc")
    with pytest.raises(errors.PromptError, match="3 takes do not fit 2 names"):
        remote.run("%%imagine -n 3 -o a,b\nx")
    assert len(gateway.requests) == 3


def test_what_came_is_kept_when_a_take_fails(remote, gateway):
    gateway.otherwise = lambda request: (
        reply(completion(text="No.")) if len(gateway.requests) == 2 else reply(completion(png()))
    )

    ran = remote.run("%%imagine -n 3 -j 1 -o foxes\nx", fails=True)

    assert isinstance(ran.error, errors.PartialError)
    assert ran.traceback.count("\n") == 0
    assert "1 of 3 takes failed" in ran.traceback
    assert len(remote.user_ns["foxes"]) == 2
    assert len(ran.pictures) == 2


def test_one_picture_for_three_names_is_not_lost(remote, gateway):
    gateway.reply(completion(png()))

    ran = remote.run("%%imagine -o a,b,c\nx", fails=True)

    assert "Add -n 3" in ran.traceback
    assert remote.user_ns["_img"].data == png()
    assert "a" not in remote.user_ns


def test_a_list_of_takes_is_a_word_of_a_prompt(remote, gateway):
    gateway.reply(completion(png("red")))
    gateway.reply(completion(png("blue")))
    gateway.reply(completion(png()))
    remote.run("%%imagine -n 2 -j 1 -q -o foxes\nx")

    remote.run("%%imagine\nPut {{foxes}} side by side")

    kinds = [part["type"] for part in gateway.last.json["messages"][0]["content"]]
    assert kinds == ["text", "image_url", "image_url", "text"]


def test_takes_of_the_sketch_differ(shell):
    shell.run("%%imagine -n 3 -q -o foxes\na fox")

    assert len({fox.data for fox in shell.user_ns["foxes"]}) == 3


def answers_with_details(gateway):
    """Three answers with opaque fields, as a gateway in front of Gemini 3 sends them."""
    details = []
    for number, colour in enumerate(["red", "green", "blue"]):
        answer = completion(png(colour), text=f"Answer {number}")
        opaque = {
            "reasoning_details": [{"type": "reasoning.encrypted", "data": f"µ{number}==", "index": 0}],
            "provider_specific_fields": {"thought_signatures": [f"sig{number}"]},
            "extra_content": {"google": {"thought_signature": f"g{number}"}},
            "signature": f"s{number}",
        }
        answer["choices"][0]["message"] |= opaque
        details.append(opaque)
        gateway.reply(answer)
    return details


def test_three_turns_send_everything_back_unchanged(remote, gateway):
    details = answers_with_details(gateway)
    remote.run("%%imagine -p openrouter -o a\na fox")
    remote.run("%%imagine -p openrouter -c a -o b\nmake it green")

    ran = remote.run("%%imagine -p openrouter -c b -o c\nmake it blue")

    turns = gateway.last.json["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    for number, colour in ((0, "red"), (1, "green")):
        turn = turns[1 + 2 * number]
        assert turn["content"] == f"Answer {number}"
        assert turn["images"][0]["image_url"]["url"] == data_uri(png(colour))
        assert {name: turn[name] for name in details[number]} == details[number]
    assert turns[4]["content"] == "make it blue"
    assert len(ran.pictures) == 1
    assert all(
        prompt in remote.user_ns["c"].recipe() for prompt in ("a fox", "make it green", "make it blue")
    )


def test_where_assistant_pictures_are_lost_the_last_goes_as_a_user_picture(remote, gateway):
    answers_with_details(gateway)
    remote.run("%%imagine -p newapi -o a\na fox")

    ran = remote.run("%%imagine -p newapi -c a -o b\nmake it green")

    *_, answer, last = gateway.last.json["messages"]
    assert answer["content"] == "Answer 0"
    assert base64.b64decode(last["content"][0]["image_url"]["url"].split(",")[1]) == png("red")
    assert "went as a user picture" in ran.shown[-1].text
    assert ran.pictures[0].text == "b · 32×24 · test-model · continued from its picture alone"


def test_running_cells_again_sends_the_same_request(remote, gateway):
    gateway.otherwise = lambda request: reply(completion(png("red")))
    remote.run("%%imagine -o a\na fox")
    remote.run("%%imagine -c a -o b\nmake it green")
    first = gateway.last.body

    remote.run("%%imagine -e a\nmake it blue")
    remote.run("%%imagine -c a -o b\nmake it green")

    assert gateway.last.body == first


def test_only_a_made_picture_can_be_continued(remote, gateway):
    remote.user_ns["photo"] = png()

    ran = remote.run("%%imagine -c photo\nx", fails=True)

    assert "-e edits any picture" in ran.traceback
    assert gateway.requests == []


def test_styles_are_snippets_and_data(remote, gateway):
    gateway.reply(completion(png()), times=3)
    remote.run("%config ImagineMagics.styles = {'ink': 'in black {{ink}}'}")
    remote.user_ns["styles"] = {"oil": "in oil"}
    remote.user_ns["mood"] = "sad"

    sent = []
    for style in ("ink", "oil", "mood"):
        remote.run(f"%%imagine --style {style}\na fox")
        sent.append(gateway.last.json["messages"][0]["content"])

    assert sent == ["a fox\n\nin black {{ink}}", "a fox\n\nin oil", "a fox\n\nsad"]
    assert "Did you mean ink" in remote.run("%%imagine --style inc\nx", fails=True).traceback


def test_asked_sent_got_says_what_was_ignored(remote, gateway):
    gateway.reply(completion(png(size=(64, 64))))

    ran = remote.run("%%imagine -a 16:9\nx")

    assert "Asked for 16:9, got 64×64." in ran.shown[-1].text


@pytest.mark.parametrize(
    ("status", "message", "option"),
    [
        (400, 'Invalid JSON payload received. Unknown name "image_config"', "Drop -a"),
        (422, "seed is not supported", "Drop --seed"),
        (500, "unexpected keyword argument 'temperature'", "Drop -t"),
        (400, "top_z: extra fields not permitted", "Drop --param top_z"),
    ],
)
def test_a_refused_field_names_the_option_to_drop(remote, gateway, status, message, option):
    remote.run("%config ImagineMagics.retries = 0")
    gateway.reply({"error": {"message": message}}, status=status)

    ran = remote.run("%%imagine -a 16:9 --seed 1 -t 1 --param top_z 3\nx", fails=True)

    assert option in ran.traceback


def test_a_session_remembers_forks_and_forgets_failures(gateway):
    gateway.otherwise = lambda request: reply(
        completion(text="No.") if "refuse" in str(request.json["messages"][-1]) else completion(png())
    )
    session = Session(
        Engine(base_url=gateway.base_url, profile="openrouter", api_key="k", mode="off"), system="Be brief."
    )
    session.say("a fox")
    other = session.fork()
    with pytest.raises(errors.RefusedError):
        session.say("refuse")

    session.say("make it blue")

    assert [turn["role"] for turn in gateway.last.json["messages"]] == ["system", "user", "assistant", "user"]
    assert len(session.messages) == 5
    assert len(other.messages) == 3
    session.engine.close()
