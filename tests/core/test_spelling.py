"""A request in the words of each gateway: order, exact bytes, and nothing that was not asked for."""

import base64
import json
from dataclasses import replace

import pytest

from gemimg_magic.core.messages import ImagePart, ImageRequest, TextPart, assistant, system, user
from gemimg_magic.core.profiles import PROFILES, find_profile
from gemimg_magic.core.spelling import spell
from support.gateway import png

RED, BLUE = png("red"), png("blue")
SNAKE = {"aspect_ratio": "16:9", "image_size": "2K"}
BOTH = ["image", "text"]


def spelled(request, profile="custom"):
    body = spell(request, find_profile(profile))
    data = b"".join(body)
    assert len(data) == body.length
    return json.loads(data)


def test_a_plain_prompt_asks_for_nothing_else():
    assert spelled(ImageRequest("m", (user("a fox"),))) == {
        "model": "m",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "a fox"}],
    }


def test_parts_stand_in_written_order_with_exact_bytes():
    request = ImageRequest("m", (system("Be brief."), user(RED, "beside", BLUE, "and “this”")))

    [first, second] = spelled(request)["messages"]

    assert first == {"role": "system", "content": "Be brief."}
    assert [part["type"] for part in second["content"]] == ["image_url", "text", "image_url", "text"]
    assert second["content"][3]["text"] == "and “this”"
    for part, data in ((second["content"][0], RED), (second["content"][2], BLUE)):
        head, _, payload = part["image_url"]["url"].partition(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(payload, validate=True) == data


@pytest.mark.parametrize("size", [0, 1, 2, 3, 98303, 98304, 98305, 400_001])
def test_base64_made_in_blocks_equals_base64_made_at_once(size):
    data = bytes(i * 7 % 251 for i in range(size))
    request = ImageRequest("m", (user(ImagePart(data, "image/png")),))

    url = spelled(request)["messages"][0]["content"][0]["image_url"]["url"]

    assert url == "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("profile", "fields"),
    [
        ("anyfast", {"extra_body": {"google": {"image_config": SNAKE}}}),
        ("newapi", {"extra_body": {"google": {"image_config": SNAKE}}}),
        ("openrouter", {"image_config": SNAKE, "modalities": BOTH}),
        ("litellm", {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}, "modalities": BOTH}),
        ("portkey", {"image_config": SNAKE, "modalities": BOTH}),
        ("vllm-omni", {"size": "2736x1536", "width": 2736, "height": 1536}),
    ],
)
def test_ratio_and_size_in_each_gateways_words(profile, fields):
    body = spelled(ImageRequest("m", (user("x"),), aspect="16:9", size="2K"), profile)

    assert {name: body[name] for name in fields} == fields


@pytest.mark.parametrize("profile", [row.name for row in PROFILES])
def test_no_profile_sends_what_was_not_asked_for(profile):
    body = spelled(ImageRequest("m", (user("x"),)), profile)

    assert set(body) <= {"model", "max_tokens", "messages", "modalities"}


def test_streaming_asks_for_the_usage_and_params_come_last():
    request = ImageRequest("m", (user("x"),), stream=True, temperature=0, seed=7, params={"top_p": 0.5})

    body = spelled(request)

    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert (body["temperature"], body["seed"], body["top_p"]) == (0, 7, 0.5)


CHAIN = (
    user("a fox"),
    assistant(ImagePart.of(RED), "Here.", extras={"reasoning_details": [{"data": "µ✓"}]}),
    user("make it blue"),
)


def test_an_assistant_picture_goes_back_where_the_gateway_reads_it():
    first, second, third = spelled(ImageRequest("m", CHAIN), "openrouter")["messages"]

    assert (first["role"], second["role"], third["role"]) == ("user", "assistant", "user")
    assert second["content"] == "Here."
    assert second["reasoning_details"] == [{"data": "µ✓"}]
    assert second["images"][0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_where_it_would_be_lost_it_goes_as_a_user_picture_and_that_is_said():
    body = spell(ImageRequest("m", CHAIN), find_profile("newapi"))
    _, second, third = json.loads(b"".join(body))["messages"]

    assert second["content"] == "Here."
    assert [part["type"] for part in third["content"]] == ["image_url", "text"]
    assert len(body.remarks) == 1


def test_a_lone_surrogate_does_not_stop_a_request():
    request = ImageRequest("m", (user(TextPart("a \ud800 b")),))

    assert spelled(request)["messages"][0]["content"] == "a ? b"
    assert spelled(replace(request, messages=(user("ok"),)))["messages"][0]["content"] == "ok"
