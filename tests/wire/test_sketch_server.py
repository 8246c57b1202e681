"""The sketch server speaks the wire as a gateway does, in every form, and fails on request."""

import asyncio
import base64
import io
import json
import re
import socket
import time

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from gemimg_magic.wire.sketch import MODEL, handle, running, serve
from gemimg_magic.wire.sketch.asked import RATIOS, pixel_size

URL = "http://sketch.test/v1/chat/completions"
SMALL = {"size": "96x64"}
FORMS = ("images", "markdown", "parts")


def body(content, **fields):
    return {"model": "any", "messages": [{"role": "user", "content": content}], **SMALL, **fields}


def ask(content="a fox", *, headers=None, raw=None, method="POST", url=URL, **fields):
    async def main():
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
            sent = {"content": raw} if raw is not None else {"json": body(content, **fields)}
            return await client.request(method, url, headers=headers, **({} if method == "GET" else sent))

    return asyncio.run(main())


def picture_of(url):
    head, _, payload = url.partition(",")
    assert head == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(payload, validate=True)))
    image.load()
    return image


def pictures_in(message):
    """Find the pictures of a message in any of the three forms."""
    content = message.get("content")
    parts = list(message.get("images") or []) + (content if isinstance(content, list) else [])
    urls = [part["image_url"]["url"] for part in parts if part.get("type") == "image_url"]
    urls += re.findall(r"!\[[^]]*\]\((data:[^)]+)\)", content) if isinstance(content, str) else []
    return [picture_of(url) for url in urls]


def drawn(content="a fox", **fields):
    response = ask(content, **fields)
    assert response.status_code == 200, response.text
    return pictures_in(response.json()["choices"][0]["message"])


def events(text):
    return [
        json.loads(line[6:])
        for line in text.splitlines()
        if line.startswith("data: ") and line != "data: [DONE]"
    ]


def gather(text, choice=0):
    """Put the chunks of a stream together again."""
    whole = {"content": "", "images": [], "parts": [], "finish": None}
    for event in events(text):
        for part in event["choices"]:
            if part["index"] != choice:
                continue
            content = part["delta"].get("content")
            if isinstance(content, list):
                whole["parts"] += content
            else:
                whole["content"] += content or ""
            whole["images"] += part["delta"].get("images", [])
            whole["finish"] = part["finish_reason"] or whole["finish"]
    return whole


def uri(colour="red", size=(40, 30)):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def image_part(url):
    return {"type": "image_url", "image_url": {"url": url}}


def test_a_reply_is_a_completion_with_a_picture():
    response = ask("a fox in the snow")
    reply = response.json()
    message = reply["choices"][0]["message"]

    assert response.headers["x-request-id"].startswith("sketch-")
    assert (reply["object"], reply["model"], reply["created"]) == ("chat.completion", MODEL, 0)
    assert (message["role"], message["content"]) == ("assistant", "")
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert [image.size for image in pictures_in(message)] == [(96, 64)]
    assert reply["usage"]["completion_tokens"] == 1290
    assert reply["usage"]["cost"] == 0


def test_the_same_request_gives_the_same_bytes():
    one, two, other = ask(), ask(), ask(seed=7)

    assert one.content == two.content
    assert one.headers["x-request-id"] == two.headers["x-request-id"]
    assert other.headers["x-request-id"] != one.headers["x-request-id"]
    assert drawn()[0].tobytes() != drawn(seed=7)[0].tobytes()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("by", ["header", "body"])
def test_every_form_carries_the_same_picture(form, by):
    extra = {"headers": {"x-sketch-form": form}} if by == "header" else {"sketch_form": form}
    message = ask(**extra).json()["choices"][0]["message"]

    assert [image.tobytes() for image in pictures_in(message)] == [drawn()[0].tobytes()]
    assert ("images" in message) == (form == "images")
    assert isinstance(message["content"], list) == (form == "parts")


@pytest.mark.parametrize("form", FORMS)
def test_a_stream_adds_up_to_the_whole_reply(form):
    prompt = "describe a fox"
    whole = ask(prompt, sketch_form=form).json()["choices"][0]["message"]
    response = ask(prompt, sketch_form=form, stream=True, stream_options={"include_usage": True})
    got = gather(response.text)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.text.endswith("data: [DONE]\n\n")
    assert events(response.text)[0]["choices"][0]["delta"]["role"] == "assistant"
    assert events(response.text)[-1]["usage"]["completion_tokens"] > 1290
    assert got["finish"] == "stop"
    content = [{"type": "text", "text": got["content"]}, *got["parts"]] if form == "parts" else got["content"]
    assert content == whole["content"]
    assert got["images"] == whole.get("images", [])


def test_markdown_streams_in_pieces():
    response = ask(sketch_form="markdown", stream=True, size="512x512")
    sizes = [len(event["choices"][0]["delta"].get("content") or "") for event in events(response.text)]

    assert max(sizes) == 16_384
    assert len([size for size in sizes if size > 1000]) > 1


def test_there_is_no_usage_chunk_unless_asked_for():
    assert all("usage" not in event for event in events(ask(stream=True).text))


def test_several_choices_differ():
    reply = ask(n=3).json()
    images = [pictures_in(choice["message"])[0].tobytes() for choice in reply["choices"]]

    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2]
    assert len(set(images)) == 3


def test_several_choices_stream_too():
    text = ask(n=2, stream=True).text

    assert len(gather(text, 0)["images"]) == len(gather(text, 1)["images"]) == 1


@pytest.mark.parametrize(("ratio", "size"), sorted(RATIOS.items()))
def test_ratios_have_the_usual_sizes(ratio, size):
    assert pixel_size(ratio, None) == size
    assert pixel_size(ratio, "2K") == (size[0] * 2, size[1] * 2)


@pytest.mark.parametrize(
    ("ratio", "size", "wanted"),
    [
        (None, "1K", (1024, 1024)),
        ("16:9", "4K", (5504, 3072)),
        ("1:1", "512", (512, 512)),
        ("21:9", "512", (784, 336)),
        (None, "1344x768", (1344, 768)),
        ("2:1", None, (1448, 728)),
        ("auto", "auto", (1024, 1024)),
    ],
)
def test_sizes(ratio, size, wanted):
    assert pixel_size(ratio, size) == wanted


@pytest.mark.parametrize(
    "fields",
    [
        {"image_config": {"aspect_ratio": "16:9", "image_size": "512"}},
        {"imageConfig": {"aspectRatio": "16:9", "imageSize": "512"}},
        {"extra_body": {"google": {"image_config": {"aspect_ratio": "16:9", "image_size": "512"}}}},
        {"generationConfig": {"imageConfig": {"aspectRatio": "16:9", "imageSize": "512"}}},
        {"aspect_ratio": "16:9", "image_size": "512"},
        {"size": "688x384"},
    ],
)
def test_every_spelling_of_the_size(fields):
    fields = {"size": None, **fields}

    assert drawn(**fields)[0].size == (688, 384)


def test_without_a_size_a_drawing_is_1k_and_an_edit_keeps_its_size():
    assert drawn("a fox", size=None)[0].size == (1024, 1024)
    assert drawn([image_part(uri(size=(50, 70))), {"type": "text", "text": "make it grey"}], size=None)[
        0
    ].size == (50, 70)


def test_the_last_picture_of_the_conversation_is_edited():
    first = uri("red", (64, 64))
    for content in (f"Here it is. ![x]({first})", [{"type": "text", "text": "Here"}, image_part(first)]):
        turns = [
            {"role": "user", "content": "a red square"},
            {"role": "assistant", "content": content},
            {"role": "user", "content": "make it greyscale"},
        ]
        (image,) = drawn(messages=turns, size=None)
        pixel = image.getpixel((5, 5))
        assert image.size == (64, 64)
        assert len(set(pixel)) == 1


def test_pictures_take_part_in_the_order_of_the_words():
    red, blue = image_part(uri("red", (60, 60))), image_part(uri("blue", (60, 60)))
    words = {"type": "text", "text": "beside"}
    one = drawn([red, words, blue], size=None)[0]
    two = drawn([blue, words, red], size=None)[0]

    assert one.getpixel((5, 5)) == two.getpixel((one.width - 10, 5)) == (255, 0, 0)
    assert ImageChops.difference(one, two).getbbox() is not None


def test_its_own_mark_is_not_mirrored():
    picture = ask("a fox", size="400x400").json()["choices"][0]["message"]["images"][0]
    (mirrored,) = drawn([picture, {"type": "text", "text": "mirror it"}], size=None)
    (plain,) = drawn("a fox", size="400x400")
    corner = (0, 370, 140, 400)

    assert ImageChops.difference(
        plain.transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop(corner), mirrored.crop(corner)
    ).getbbox()


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 504])
def test_failures_on_request(status):
    for stream in (False, True):
        response = ask(f"a fox, fail {status} please", stream=stream)
        error = response.json()["error"]
        assert response.status_code == status
        assert set(error) == {"message", "type", "param", "code"}
        assert ("retry-after" in response.headers) == (status == 429)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("prompt", "finish", "words"),
    [
        ("please refuse", "stop", "rather not"),
        ("text only: tell me of foxes", "stop", "no picture"),
        ("[blocked] a fox", "content_filter", None),
    ],
)
def test_answers_without_a_picture(prompt, finish, words, stream):
    response = ask(prompt, stream=stream)
    if stream:
        got = gather(response.text)
        content, images, reason = got["content"], got["images"], got["finish"]
    else:
        choice = response.json()["choices"][0]
        content, images, reason = (
            choice["message"]["content"],
            choice["message"].get("images", []),
            choice["finish_reason"],
        )

    assert (reason, images) == (finish, [])
    assert words in content if words else not content


@pytest.mark.parametrize("form", FORMS)
def test_two_pictures_are_different(form):
    images = drawn("two pictures of a cat", sketch_form=form)

    assert len(images) == 2
    assert images[0].tobytes() != images[1].tobytes()


def test_a_draft_is_flagged_and_comes_first():
    parts = ask("[draft] a fox").json()["choices"][0]["message"]["images"]
    streamed = gather(ask("[draft] a fox", stream=True).text)["images"]

    assert [part.get("thought", False) for part in parts] == [True, False]
    assert streamed == parts


def test_a_cut_stream_ends_inside_the_picture():
    text = ask("[cut] a fox", stream=True).text

    assert "[DONE]" not in text
    assert "data:image/png;base64," in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text[text.rindex("data: {") + 6 :])
    with pytest.raises(json.JSONDecodeError):
        ask("[cut] a fox").json()


def test_slow_streams_arrive_piece_by_piece_and_can_be_cancelled():
    async def main():
        arrived = []
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
            started = time.perf_counter()
            async with client.stream("POST", URL, json=body("slow 0.6: a fox", stream=True)) as response:
                async for _ in response.aiter_bytes():
                    arrived.append(time.perf_counter() - started)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.post(URL, json=body("slow 60: a fox")), 0.2)
        return arrived

    arrived = asyncio.run(main())
    assert arrived[0] < 0.3
    assert arrived[-1] > 0.6
    assert len({round(moment, 1) for moment in arrived}) > 3


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": 1.5}, "n"),
        ({"seed": "x"}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"aspect_ratio": "wide"}, "aspect_ratio"),
        ({"aspect_ratio": "100:1"}, "aspect_ratio"),
        ({"image_size": "9K", "size": None}, "image_size"),
        ({"sketch_form": "gif"}, "sketch_form"),
    ],
)
def test_bad_fields_are_named(fields, param):
    fields = {"size": None, **fields} if param == "aspect_ratio" else fields
    response = ask(**fields)

    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


@pytest.mark.parametrize("temperature", [0, 1, 2, 0.7, None])
def test_good_temperatures(temperature):
    assert ask(temperature=temperature).status_code == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_not_a_request(raw):
    response = ask(raw=raw)

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("stream", [False, True])
def test_half_of_a_surrogate_pair_is_drawn_like_any_other_text(stream):
    raw = json.dumps(body("a fox \ud800 \x00", stream=stream)).encode()

    assert ask(raw=raw).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,aGVsbG8=",
        "data:image/png;base64,%%%",
        "https://example.com/fox.png",
        uri()[: len(uri()) // 2 // 4 * 4],
        "",
    ],
)
def test_a_picture_that_cannot_be_read_is_named(url):
    response = ask([{"type": "text", "text": "make it grey"}, image_part(url)])

    assert response.status_code == 400
    assert response.json()["error"]["param"] == "messages[0].content[1]"


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = (
    "model",
    "messages",
    "temperature",
    "n",
    "seed",
    "stream",
    "size",
    "image_config",
    "extra_body",
    "sketch_form",
)


@given(st.sampled_from(_FIELDS), _JSON)
@settings(max_examples=80, deadline=None)
def test_any_value_of_a_field_is_answered(field, value):
    fields = {"messages": [{"role": "user", "content": value}]} if field == "model" else {field: value}

    assert ask(**fields).status_code in {200, 400}


def test_models_marks_the_picture_model():
    (model,) = ask(method="GET", url="http://sketch.test/v1/models").json()["data"]

    assert model["id"] == MODEL
    assert "image" in model["architecture"]["output_modalities"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/chat/completions"), ("POST", "/v1/models"), ("GET", "/")]
)
def test_anything_else_is_not_found(method, path):
    response = ask(method=method, url=f"http://sketch.test{path}")

    assert response.status_code == 404
    assert "error" in response.json()


@pytest.fixture(scope="module")
def base():
    with running() as url:
        yield url


def test_the_loopback_server_answers_like_the_function(base):
    with httpx.Client(trust_env=False) as client:
        for _ in range(3):
            response = client.post(f"{base}/chat/completions", json=body("a fox"))
            assert response.content == ask("a fox").content
        assert client.get(f"{base}/models").json()["data"][0]["id"] == MODEL
        assert client.get(f"{base}/nothing").status_code == 404


def test_the_loopback_server_streams_and_survives_clients_that_leave(base, capfd):
    with httpx.Client(trust_env=False) as client:
        moments, started = [], time.perf_counter()
        with client.stream(
            "POST", f"{base}/chat/completions", json=body("slow 0.6: a fox", stream=True)
        ) as response:
            for _ in response.iter_raw():
                moments.append(time.perf_counter() - started)
        assert moments[0] < 0.4 < 0.6 < moments[-1]
        for _ in range(3):
            with client.stream(
                "POST", f"{base}/chat/completions", json=body("slow 9: a fox", stream=True)
            ) as response:
                next(response.iter_raw())
        assert client.get(f"{base}/models").status_code == 200
    assert "Traceback" not in capfd.readouterr().err


def test_the_loopback_server_reads_chunked_bodies_and_keeps_the_connection(base):
    def pieces():
        sent = json.dumps(body("a fox")).encode()
        yield sent[:10]
        yield sent[10:]

    with httpx.Client(trust_env=False) as client:
        response = client.post(f"{base}/chat/completions", content=pieces())
    assert response.json()["choices"] == ask("a fox").json()["choices"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b" 400 "),
        (b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", b" 400 "),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b" 400 "),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", b" 413 "),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 200_000 + b"\r\n\r\n", b" 431 "),
        (b"GET /v1/models HTTP/1.0\r\n\r\n", b" 200 "),
    ],
)
def test_the_loopback_server_refuses_what_is_not_http(base, sent, status):
    host, port = base.removeprefix("http://").removesuffix("/v1").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(sent)
        assert status in connection.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])
def test_only_this_machine_can_reach_it(host):
    with pytest.raises(ValueError, match="loopback"):
        serve(host)
    with pytest.raises(ValueError, match="loopback"), running(host):
        pass


def test_a_port_in_use_is_an_error(base):
    port = int(base.removesuffix("/v1").rsplit(":", 1)[1])
    with pytest.raises(OSError, match=r"address|in use"), running(port=port):
        pass
