"""What a reply amounts to without a picture: refusals, errors of the server, breaks, caps."""

from __future__ import annotations

import json

import pytest

from gemimg_magic.core import errors
from gemimg_magic.core.limits import Limits
from gemimg_magic.core.reply import ReplyReader
from support.replies import BIG, NOW, PNG, chunk, fails, noise, pictures, read, sse, uri, whole

# No picture.


@pytest.mark.parametrize(
    "reason",
    ["content_filter", "SAFETY", "IMAGE_SAFETY", "image_safety", "PROHIBITED_CONTENT",
     "IMAGE_PROHIBITED_CONTENT", "BLOCKLIST",
     "RECITATION", "IMAGE_RECITATION", "SPII"],
)  # fmt: skip
def test_filters_are_named(reason: str) -> None:
    assert reason in str(fails(errors.BlockedError, whole({"content": None}, finish=reason)))


def test_9router_passes_the_raw_feedback_on() -> None:
    body = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 8},
        "object": "chat.completion",
    }

    assert "PROHIBITED_CONTENT" in str(fails(errors.BlockedError, json.dumps(body).encode()))


def test_the_native_reason_tells_more() -> None:
    body = {
        "choices": [
            {
                "message": {"content": None},
                "finish_reason": "content_filter",
                "native_finish_reason": "NO_IMAGE",
            }
        ]
    }

    fails(errors.NoImageError, json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"\n\n", b": PING\n\n: PING\n\n", b"data: [DONE]\n\n", sse({"id": "x", "choices": []}),
     b'{"choices": [], "id": "x"}',
     whole({"content": None}, finish="NO_IMAGE"), whole({}, finish="IMAGE_OTHER"), b"[]",
     whole({"content": "  \n"})],
)  # fmt: skip
def test_nothing_at_all(body: bytes) -> None:
    error = fails(errors.NoImageError, body)

    assert error.completion is not None


@pytest.mark.parametrize(
    ("message", "usage"),
    [
        ({}, {"completion_tokens": 1120}),
        ({"content": ""}, {"completion_tokens": "1290"}),
        (
            {"content": "Here is your fox!"},
            {"completion_tokens": 1310, "completion_tokens_details": {"image_tokens": 1290}},
        ),
        ({"content": None}, {"output_tokens": 1090, "output_tokens_details": {"image_tokens": 1090}}),
        (
            {},
            {
                "candidatesTokenCount": 1290,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
            },
        ),
    ],
)
def test_billed_but_lost(message: dict, usage: dict) -> None:
    assert "billed" in str(fails(errors.LostImageError, whole(message, usage=usage)))


def test_thoughts_are_not_mistaken_for_a_billed_picture() -> None:
    usage = {"completion_tokens": 1500, "completion_tokens_details": {"reasoning_tokens": 1480}}

    fails(errors.NoImageError, whole({"content": ""}, usage=usage))


def test_a_refusal_shows_the_words() -> None:
    assert "cannot draw" in str(
        fails(errors.RefusedError, whole({"content": None, "refusal": "I cannot draw that."}))
    )


def test_the_limit_of_tokens() -> None:
    assert "max_tokens" in str(fails(errors.CutShortError, whole({"content": ""}, finish="MAX_TOKENS")))


def test_svg_and_html_are_no_pictures() -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>" * 400
    error = fails(
        errors.NoImageError,
        whole({"images": [uri(svg, "image/svg+xml")], "content": f"![x]({uri(svg, 'image/png')})"}),
    )

    assert error.completion is not None
    assert error.completion.text == ""
    assert error.completion.warnings


# Errors of the server.


@pytest.mark.parametrize(
    ("body", "status", "kind", "marks"),
    [
        (
            {"error": {"message": "slow down", "code": 429, "type": "t", "param": "p"}},
            200,
            errors.RateLimitError,
            (429, "t", "p"),
        ),
        ({"error": {"message": "no", "code": "500"}}, 200, errors.InternalServerError, ("500", None, None)),
        (
            {"error": {"message": "no", "status": "RESOURCE_EXHAUSTED"}},
            200,
            errors.RateLimitError,
            (None, None, None),
        ),
        ({"error": {"message": "no", "code": "weird"}}, 200, errors.APIError, ("weird", None, None)),
        ({"error": "just words"}, 200, errors.APIError, (None, None, None)),
        (
            [{"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED"}}],
            429,
            errors.RateLimitError,
            (429, None, None),
        ),
        ({"success": False, "message": "无效的令牌"}, 200, errors.APIError, (None, None, None)),
        (
            {"status": "failure", "message": "Something went wrong"},
            500,
            errors.InternalServerError,
            (None, None, None),
        ),
        ({"detail": "Not Found"}, 404, errors.NotFoundError, (None, None, None)),
        (
            {"detail": [{"loc": ["body", "model"], "msg": "field required", "type": "missing"}]},
            422,
            errors.UnprocessableEntityError,
            (None, None, None),
        ),
        ({"message": "No connected db."}, 400, errors.BadRequestError, (None, None, None)),
        (
            {"code": 401, "message": "bad key", "data": None},
            200,
            errors.AuthenticationError,
            (401, None, None),
        ),
        (
            {"object": "error", "message": "x", "type": "BadRequestError", "code": 400, "param": None},
            400,
            errors.BadRequestError,
            (400, "BadRequestError", None),
        ),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            529,
            errors.InternalServerError,
            (None, "overloaded_error", None),
        ),
        (
            {"choices": [{"error": {"code": 502, "message": "upstream"}, "finish_reason": "error"}]},
            200,
            errors.InternalServerError,
            (502, None, None),
        ),
        ({}, 401, errors.AuthenticationError, (None, None, None)),
    ],
)
def test_errors_in_every_shape(body: object, status: int, kind: type[errors.APIError], marks: tuple) -> None:
    error = fails(kind, json.dumps(body).encode(), status=status)

    assert isinstance(error, errors.APIError)
    assert (error.code, error.type, error.param) == marks
    assert error.status_code == status
    assert error.message


@pytest.mark.parametrize("status", [401, 429, 500, 503])
@pytest.mark.parametrize(
    "body", [b"", b"Internal Server Error", b"<html><h1>Bad</h1><p>Gateway", b"\xff\xfe\x00"]
)
def test_bodies_that_are_no_json(status: int, body: bytes) -> None:
    assert fails(errors.status_error(status), body, status=status).message


def test_plain_text_and_its_words() -> None:
    assert (
        fails(errors.InternalServerError, b"Internal Server Error", status=500).message
        == "Internal Server Error"
    )


@pytest.mark.parametrize("size", [0, 1, 7])
def test_new_api_writes_json_without_data_behind_a_ping(size: int) -> None:
    body = b': PING\n\n{"error":{"message":"no (request id: 2026112208)","type":"new_api_error","code":"x"}}'
    error = fails(errors.APIError, body, size=size)

    assert isinstance(error, errors.APIError)
    assert (error.code, error.request_id) == ("x", "2026112208")


def test_pretty_json_behind_a_ping() -> None:
    body = b": PING\n\n" + json.dumps({"error": {"message": "no", "code": 429}}, indent=2).encode()

    fails(errors.RateLimitError, body)


def test_portkey_says_it_in_a_chunk_without_choices() -> None:
    event = {
        "id": "x",
        "choices": [],
        "error": {"message": "blocked: PROHIBITED_CONTENT", "code": None, "type": "BLOCKED"},
    }

    assert "PROHIBITED" in str(fails(errors.APIError, sse(event, done=False)))


def test_an_error_beside_a_picture_is_a_warning() -> None:
    completion = read(sse(chunk(images=[uri(PNG)]), {"error": {"message": "overloaded", "code": 503}}))

    assert pictures(completion) == [PNG]
    assert any("overloaded" in w for w in completion.warnings)


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"Retry-After": "2"}, {"error": {"message": "x", "details": [{"retryDelay": "17s"}]}}, 17),
        ({"retry-after": "30"}, {"error": {"message": 'upstream: {"retryDelay": "17.5s"}'}}, 30),
        ({}, {"error": {"message": "Please retry in 17.342s."}}, 17.342),
        ({}, {"error": {"message": "retry in 1m30s"}}, 90),
        ({}, {"error": {"message": "retry in 350ms"}}, 0.35),
        ({"retry-after-ms": "1500", "Retry-After": "1"}, {"error": "x"}, 1.5),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT", "Date": NOW}, {"error": "x"}, 20),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT", "Date": NOW}, {"error": "x"}, None),
        ({"Retry-After": "soon"}, {"error": "x"}, None),
        ({"Retry-After": "1e999"}, {"error": "x"}, None),
        ({}, {"error": {"message": repr(b'{\n "error": {"details": [{"retryDelay": "34s"}]}}')}}, 34),
        ({}, {"error": {"message": json.dumps({"error": {"details": [{"retryDelay": "34s"}]}})}}, 34),
        ({}, {"error": {"message": "x", "metadata": {"headers": {"Retry-After": "12"}}}}, 12),
        ({}, {"error": {"message": "x", "metadata": {"retry_after_seconds": 9}}}, 9),
    ],
)  # fmt: skip
def test_the_longest_wait_counts(headers: dict, body: object, wait: float | None) -> None:
    error = fails(errors.RateLimitError, json.dumps(body).encode(), status=429, headers=headers)

    assert isinstance(error, errors.APIError)
    assert error.retry_after == (wait and pytest.approx(wait))


def test_secrets_are_hidden_everywhere() -> None:
    body = json.dumps(
        {
            "error": {
                "message": "Incorrect API key provided: hunter2-hunter2 sk-abcdefghijklmnop1234",
                "code": "hunter2-hunter2",
            }
        }
    ).encode()
    error = fails(errors.AuthenticationError, body, status=401, secrets=["hunter2-hunter2"])

    shown = repr([str(error), vars(error), error.completion.document if error.completion else None])
    assert "hunter2" not in shown
    assert "abcdefghijklmnop" not in shown


def test_the_request_id_comes_from_headers() -> None:
    assert read(whole({"content": uri(PNG)}), headers={"X-Request-Id": "r-1"}).request_id == "r-1"


def test_html_with_status_200_shows_what_came() -> None:
    error = fails(
        errors.DecodeError, b"<html><body>Please log in</body></html>", headers={"Content-Type": "text/html"}
    )

    assert "Please log in" in str(error)
    assert "text/html" in str(error)
    assert "200" in str(error)


@pytest.mark.parametrize(
    "body", [b"hello", b'{"foo": 1}', b'{"a": [1, 2', b"[1, 2]", b"data: hello\n\n", b'{"choices', b"{]"]
)
def test_no_known_form(body: bytes) -> None:
    with pytest.raises((errors.DecodeError, errors.NoImageError)):
        read(body)


# The transport breaks.


def test_a_break_before_anything() -> None:
    error = fails(errors.APIConnectionError, b"", broken="connection reset")

    assert "connection reset" in str(error)


def test_a_break_inside_the_picture() -> None:
    for body in (whole({"images": [uri(BIG)]}), sse(chunk(content=uri(BIG)))):
        for at in (len(body) // 2, 5000, 200):
            fails(errors.CutShortError, body[:at], broken="connection reset")


def test_a_break_behind_a_whole_picture() -> None:
    for body in (
        sse(chunk(images=[uri(BIG)]), chunk(content="x" * 90)),
        whole({"images": [uri(BIG), uri(noise(310))]}),
        whole({"content": f"![x]({uri(BIG)}) and then some words more, and some more"}),
    ):
        completion = read(body[: len(body) - 60], broken="connection reset")
        assert pictures(completion) == [BIG]
        assert "connection reset" in " ".join(completion.warnings)


def test_a_body_that_just_ends_is_read_as_far_as_it_came() -> None:
    body = whole({"images": [uri(PNG)], "content": "fox"})
    completion = read(body[: body.index(b'"finish_reason"')])

    assert pictures(completion) == [PNG]
    assert completion.warnings


# Caps.


def test_the_cap_on_bytes_holds_at_once() -> None:
    reader = ReplyReader(limits=Limits(reply_bytes=1000))
    reader.feed(b": keep-alive\n" * 70)
    with pytest.raises(errors.DecodeError, match="1,000 bytes"):
        reader.feed(b": keep-alive\n" * 10)


def test_the_cap_on_pixels() -> None:
    error = fails(errors.DecodeError, whole({"content": uri(BIG)}), limits=Limits(pixels=100))

    assert "300×300" in str(error)


def test_junk_everywhere_is_passed_over() -> None:
    content = [None, 7, [], {"type": 9}, {"image_url": [[[]]]}, uri(PNG)]
    body = {
        "id": 7,
        "created": "1763800000",
        "model": ["m"],
        "usage": {"completion_tokens": 1e999, "cost": "0.5", "total_tokens": "x"},
        "choices": [
            None,
            7,
            {"index": "0", "finish_reason": 3, "message": {"content": content, "images": [uri(PNG)]}},
            {"delta": [], "message": "x"},
        ],
    }
    completion = read(json.dumps(body).encode())

    assert pictures(completion) == [PNG]
    assert completion.created == 1763800000
    assert completion.usage.cost == 0.5


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"choices":' * 50_000,
        b'{"a":' + b"9" * 10_000 + b"}",
        b'{"choices":[' + b"{" * 9 + b"}]}",
    ],
)
def test_absurd_json(body: bytes) -> None:
    with pytest.raises(errors.GemimgError):
        read(body)


def test_the_document_names_pictures_by_hash() -> None:
    completion = read(
        whole({"content": f"A ![x]({uri(PNG)}) B", "images": [{"image_url": {"url": uri(BIG)}}]})
    )
    message = completion.document["choices"][0]["message"]

    assert message["content"] == f"A ![x](sha256:{completion.images[0].sha256}) B"
    assert message["images"][0]["image_url"]["url"] == f"sha256:{completion.images[1].sha256}"


def test_no_token_of_the_fast_path_is_left_anywhere() -> None:
    letters = "A" * 40_000
    body = {
        "id": letters,
        "note": letters,
        "error": {"message": letters},
        "choices": [{"message": {"content": letters, "reasoning": letters}}],
    }
    with pytest.raises(errors.APIError) as caught:
        read(json.dumps(body).encode())

    completion = caught.value.completion
    assert completion is not None
    assert completion.text == letters
    assert completion.choices[0].reasoning == letters
    assert completion.document == body
    assert caught.value.message == letters[:4000]
