"""Forms of replies that gateways are known to send and the corpus has no file for."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from gemimg_magic.core import errors
from gemimg_magic.core.completions import Completion, ImageArrived, TextDelta
from gemimg_magic.core.limits import Limits
from gemimg_magic.core.reply import ReplyReader

PICTURES = Path(__file__).parents[1] / "corpus" / "img"
PNG, PNG_B, JPEG, WEBP = (
    (PICTURES / n).read_bytes() for n in ("png_a.png", "png_b.png", "jpeg_a.jpg", "webp_a.webp")
)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{b64(data)}"


def whole(message: object, *, finish: object = "stop", **more: object) -> bytes:
    return json.dumps(
        {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}
    ).encode()


def chunk(finish: str | None = None, index: int = 0, **delta: object) -> dict:
    return {"id": "x", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def sse(*events: object, done: bool = True) -> bytes:
    lines = [
        e if isinstance(e, bytes) else b"data: " + json.dumps(e, ensure_ascii=False).encode() for e in events
    ]
    return b"".join(line + b"\n\n" for line in [*lines, *([b"data: [DONE]"] if done else [])])


def read(body: bytes, *, broken: str | None = None, size: int = 0, **how: object) -> Completion:
    reader = ReplyReader(**how)  # type: ignore[arg-type]
    for at in range(0, len(body), size or len(body) or 1):
        reader.feed(body[at : at + (size or len(body))])
    return reader.finish(broken)


def fails(kind: type[errors.GemimgError], body: bytes, **how: object) -> errors.GemimgError:
    with pytest.raises(errors.GemimgError) as caught:
        read(body, **how)
    assert type(caught.value) is kind, caught.value
    return caught.value


def pictures(completion: Completion) -> list[bytes]:
    return [image.data for image in completion.images]


def noise(size: int = 300, kind: str = "PNG", seed: int = 1) -> bytes:
    """A picture of some hundred kilobytes, so that the fast path has something to take out."""
    import random

    out = io.BytesIO()
    Image.frombytes("RGB", (size, size), random.Random(seed).randbytes(size * size * 3)).save(out, kind)
    return out.getvalue()


BIG = noise()
NOW = "Sun, 22 Nov 2026 10:00:10 GMT"

# Where pictures stand.


@pytest.mark.parametrize(
    "message",
    [
        {
            "content": [
                {"type": "text", "text": "A fox"},
                {"type": "image_url", "image_url": {"url": uri(BIG)}},
            ]
        },
        {"content": [{"type": "text", "text": "A fox"}, {"type": "image_url", "image_url": uri(BIG)}]},
        {"content": [{"type": "text", "text": "A fox"}, {"type": "output_image", "b64_json": b64(BIG)}]},
        {"content": [{"text": "A fox"}, {"inline_data": {"mime_type": "image/png", "data": b64(BIG)}}]},
        {"content": [{"text": {"value": "A fox"}}, {"type": "image", "image": {"base64": b64(BIG)}}]},
        {"content": ["A fox", {"type": "image", "source": {"type": "base64", "data": b64(BIG)}}]},
        {"content": {"type": "text", "text": "A fox"}, "images": {"url": uri(BIG)}},
        {"content": "A fox", "images": [{"b64_json": b64(BIG)}]},
        {"content": "A fox", "images": [[uri(BIG)]]},
        {"content": "A fox", "image": uri(BIG)},
        {"content": "A fox", "image": {"data": b64(BIG)}},
        {"content": "A fox", "audio": {"data": b64(BIG)}},
        {"content": "A fox", "images": [f"![image]({uri(BIG)})"]},
        {"content": "A fox", "content_blocks": [{"type": "image_url", "image_url": {"url": uri(BIG)}}]},
        {"content": "", "content_blocks": [{"text": "A fox"}, {"inlineData": {"data": b64(BIG)}}]},
        {"content": None, "multi_mod_content": [{"text": "A fox"}, {"inlineData": {"data": b64(BIG)}}]},
        {"content": None, "parts": [{"text": "A fox"}, {"inlineData": {"data": b64(BIG)}}]},
        {"content": f"A fox\n\n{uri(BIG)}"},
        {"content": f"{uri(BIG)}\nA fox"},
        {"content": f'A fox ![a [very] red fox]({uri(BIG)} "title")'},
        {"content": f"A fox [Download]({uri(BIG)})"},
        {"content": f"A fox `{uri(BIG)}`"},
        {"content": f"A fox <img src='{uri(BIG)}' alt=x>"},
        {"content": f"A fox ![]( <{uri(BIG)}> )"},
        {"content": f"A fox ![image](data:image/png;base64, {b64(BIG)})"},
        {"content": f"A fox ![image](data:image/png;name=fox.png;base64,{b64(BIG)})"},
        {"content": "A fox", "reasoning_content": f"![image]({uri(BIG)})"},
        {"content": f"<think>plan</think>A fox ![image]({uri(BIG)})"},
    ],
)
@pytest.mark.parametrize("size", [0, 1000])
def test_every_place_gives_text_and_picture(message: dict, size: int) -> None:
    completion = read(whole(message), size=size)

    assert pictures(completion) == [BIG]
    assert completion.text.strip() == "A fox"
    assert completion.choices[0].message.images == completion.images


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": [{"content": {"parts": [{"inline_data": {"mime_type": "png", "data": b64(PNG)}}]}}]},
        [{"candidates": [{"content": {"parts": [{"text": "x"}]}}]},
         {"candidates": [{"content": {"parts": [{"inlineData": {"data": b64(PNG)}}]}, "index": 0}]}],
        {"response": {"candidates": [{"content": {"parts": [{"inlineData": {"data": b64(PNG)}}]}}]}},
        {"output": [{"type": "image_generation_call", "result": b64(PNG)}]},
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": f"![x]({uri(PNG)})"}]}]},
        {"images": [{"url": uri(PNG)}]},
        {"data": [{"url": uri(PNG)}]},
        {"choices": {"message": {"content": uri(PNG)}}},
        {"choices": [{"message": uri(PNG)}]},
        {"choices": [{"text": uri(PNG)}]},
        {"code": 0, "message": "success", "data": {"choices": [{"message": {"content": uri(PNG)}}]}},
        {"choices": [{"message": {"content": b64(PNG)}}]},
        {"choices": [{"message": {"content": " " + b64(WEBP)}}]},
    ],
)  # fmt: skip
def test_every_kind_of_body_is_read(body: object) -> None:
    completion = read(json.dumps(body).encode())

    assert pictures(completion) in ([PNG], [WEBP])


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (lambda b: b.replace("/", r"\/"), "php"),
        (lambda b: b.replace("=", r"\u003d").replace("+", r"\u002B"), "gson"),
        (lambda b: b.replace("+", "-").replace("/", "_"), "url-safe"),
        (lambda b: b.replace("+", "-").replace("/", "_").rstrip("="), "url-safe, unpadded"),
        (lambda b: b.rstrip("="), "unpadded"),
        (lambda b: b.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D"), "percent"),
        (lambda b: "\\n".join(b[i : i + 76] for i in range(0, len(b), 76)), "wrapped"),
        (lambda b: "\\r\\n".join(b[i : i + 5000] for i in range(0, len(b), 5000)), "wrapped wide"),
        (lambda b: " " + b + " ", "blanks around"),
    ],
)
@pytest.mark.parametrize("picture", [BIG, noise(301, "JPEG"), noise(302, "WEBP"), PNG, JPEG, WEBP], ids=len)
@pytest.mark.parametrize("size", [0, 4097])
def test_every_spelling_of_base64_is_read(write, kind: str, picture: bytes, size: int) -> None:
    for template in (
        '{"choices":[{"message":{"images":[{"image_url":{"url":"data:image/png;base64,%s"}}]}}]}',
        '{"choices":[{"message":{"content":"![i](data:image/png;base64,%s)"}}]}',
        '{"candidates":[{"content":{"parts":[{"inlineData":{"data":"%s"}}]}}]}',
    ):
        completion = read((template % write(b64(picture))).encode(), size=size)

        assert pictures(completion) == [picture]


# Streams.


def test_bifrost_appends_a_bare_uri_to_the_text() -> None:
    completion = read(
        sse(chunk(content="Here is your fox: "), chunk(content=uri(PNG)), chunk("stop")), size=5
    )

    assert (completion.text.strip(), pictures(completion)) == ("Here is your fox:", [PNG])


def test_cliproxy_restarts_the_index_and_sends_nulls() -> None:
    nothing = {"content": None, "reasoning_content": None, "tool_calls": None, "role": "assistant"}
    image = [{"index": 0, "type": "image_url", "image_url": {"url": uri(PNG)}}]
    other = [{"index": 0, "type": "image_url", "image_url": {"url": uri(PNG_B)}}]
    completion = read(
        sse(chunk(**nothing, images=image), chunk(**nothing, images=other), chunk("stop", **nothing))
    )

    assert pictures(completion) == [PNG, PNG_B]
    assert completion.image.data == PNG_B


def test_portkey_single_image_dict_and_block_deltas() -> None:
    completion = read(
        sse(
            chunk(image={"url": uri(PNG)}),
            chunk(
                content_blocks=[{"index": 1, "delta": {"type": "image_url", "image_url": {"url": uri(JPEG)}}}]
            ),
        )
    )

    assert pictures(completion) == [PNG, JPEG]
    assert completion.form == "delta.image"


def test_antigravity_puts_no_separator() -> None:
    completion = read(whole({"content": f"A fox![image]({uri(PNG)})![image]({uri(PNG_B)})done"}))

    assert pictures(completion) == [PNG, PNG_B]
    assert completion.text == "A foxdone"
    assert [type(p).__name__ for p in completion.choices[0].message.parts] == [
        "TextPart", "GeneratedImage", "GeneratedImage", "TextPart",
    ]  # fmt: skip


@pytest.mark.parametrize("picture", [PNG, JPEG, WEBP, BIG, noise(301, "JPEG")], ids=len)
@pytest.mark.parametrize("unpadded", [False, True])
@pytest.mark.parametrize("size", [0, 1, 64])
def test_litellm_glues_text_to_the_base64(picture: bytes, unpadded: bool, size: int) -> None:
    base64_text = uri(picture).rstrip("=" if unpadded else "")
    body = whole({"content": f"First. {base64_text}CLet me know what you think."})
    if size == 1 and len(picture) > 1000:
        size = 999
    completion = read(body, size=size)

    assert pictures(completion) == [picture]
    assert completion.text == "First. CLet me know what you think."


@pytest.mark.parametrize("first", [PNG, JPEG, WEBP, BIG], ids=len)
@pytest.mark.parametrize("unpadded", [False, True])
def test_litellm_glues_the_next_picture(first: bytes, unpadded: bool) -> None:
    base64_text = uri(first).rstrip("=" if unpadded else "")
    completion = read(whole({"content": f"{base64_text}{uri(JPEG + b'', 'image/jpeg')}{uri(PNG_B)}"}))

    assert pictures(completion) == list(dict.fromkeys([first, JPEG, PNG_B]))
    assert completion.text == ""


def test_a_cut_picture_does_not_hide_the_next() -> None:
    completion = read(whole({"content": f"{uri(PNG)[:90]}{uri(JPEG, 'image/jpeg')}"}))

    assert pictures(completion) == [JPEG]
    assert "not whole" in " ".join(completion.warnings)


def test_bytes_behind_the_end_are_told() -> None:
    completion = read(
        whole(
            {"images": [uri(PNG + b"<script>alert(1)</script>")], "content": f"![x]({uri(JPEG + b'junk')})"}
        )
    )

    # A field of its own is kept as received; in a text nobody knows what belongs to the picture.
    assert pictures(completion) == [JPEG, PNG + b"<script>alert(1)</script>"]
    assert completion.text == ""
    assert any("cut at its own end" in w for w in completion.warnings)
    assert any("25 bytes that are none of it" in w for w in completion.warnings)


def test_gemini_balance_heartbeats_and_no_finish_reason() -> None:
    text = f"\n\n![image]({uri(BIG)})\n\n"
    beat = {"id": "x", "choices": []}
    pieces = [chunk(content=text[i : i + 5], reasoning_content="") for i in range(0, len(text), 5)]
    completion = read(sse(beat, *pieces, beat), size=65536)

    assert pictures(completion) == [BIG]
    assert completion.finish_reason is None


@pytest.mark.parametrize("width", [5, 700, 4096, 20_001, 65_536])
def test_a_picture_over_many_deltas(width: int) -> None:
    text = f"A fox ![image]({uri(BIG)}) end. \u2028 🦊"
    events = [chunk(content=text[i : i + width]) for i in range(0, len(text), width)]
    for body in (
        sse(*events, chunk("stop")),
        sse(*({**e, "id": str(n)} for n, e in enumerate(events)), chunk("stop")),
    ):
        completion = read(body, size=50_000)
        assert pictures(completion) == [BIG]
        assert completion.text == "A fox  end. \u2028 🦊"
        assert len(json.dumps(completion.document)) < 5000


def test_a_surrogate_pair_cut_in_two() -> None:
    events = [
        b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}' % half
        for half in (rb"fox \ud83e", rb"\udd8a!")
    ]
    error = fails(errors.RefusedError, sse(*events))

    assert error.completion is not None
    assert error.completion.text == "fox 🦊!"


def test_new_api_hides_the_result_among_the_thoughts() -> None:
    completion = read(sse(chunk(content="", reasoning_content=f"plan ![image]({uri(PNG)})"), chunk("stop")))

    assert pictures(completion) == [PNG]
    assert not completion.image.draft
    assert completion.choices[0].reasoning == "plan"
    assert completion.choices[0].message.images == completion.images


def test_pictures_among_thoughts_are_drafts_beside_a_result() -> None:
    completion = read(sse(chunk(reasoning_content=uri(PNG)), chunk(content=uri(PNG_B))))

    assert pictures(completion) == [PNG_B]
    assert [d.data for d in completion.drafts] == [PNG]


def test_flagged_drafts_are_no_results() -> None:
    parts = [{"thought": True, "inlineData": {"data": b64(PNG)}}, {"inlineData": {"data": b64(PNG_B)}}]
    completion = read(json.dumps({"candidates": [{"content": {"parts": parts}}]}).encode())

    assert pictures(completion) == [PNG_B]
    assert [(d.data, d.draft) for d in completion.drafts] == [(PNG, True)]


def test_only_drafts_is_an_error_that_carries_them() -> None:
    parts = [{"thought": True, "inlineData": {"data": b64(PNG)}}]
    error = fails(
        errors.NoImageError,
        json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).encode(),
    )

    assert error.completion is not None
    assert [d.data for d in error.completion.drafts] == [PNG]
    assert "drafts" in error.hint


def test_a_draft_that_comes_again_as_the_result_counts_once() -> None:
    parts = [{"thought": True, "inlineData": {"data": b64(PNG)}}, {"inlineData": {"data": b64(PNG)}}]
    completion = read(json.dumps({"candidates": [{"content": {"parts": parts}}]}).encode())

    assert pictures(completion) == [PNG]
    assert completion.drafts == ()


def test_text_under_one_number_and_the_end_under_another() -> None:
    completion = read(sse(chunk(index=1, content=f"Fox {uri(PNG)}"), chunk("stop", index=0)))

    assert (completion.text.strip(), completion.finish_reason, len(completion.choices)) == ("Fox", "stop", 1)


def test_two_choices_in_a_stream() -> None:
    completion = read(
        sse(
            chunk(content=uri(PNG)), chunk(index=1, content=uri(PNG_B)), chunk("stop"), chunk("stop", index=1)
        )
    )

    assert [c.message.images[0].data for c in completion.choices] == [PNG, PNG_B]


def test_opaque_fields_go_along_unchanged() -> None:
    signature = b64(bytes(range(256)) * 200)
    completion = read(
        sse(
            chunk(reasoning_details=[{"type": "reasoning.text", "text": "a"}]),
            chunk(reasoning_details=[{"type": "reasoning.encrypted", "data": signature}]),
            chunk(images=[uri(PNG)], provider_specific_fields={"thought_signatures": [signature]}),
        )
    )
    extras = completion.choices[0].message.extras

    assert [d.get("data") for d in extras["reasoning_details"]] == [None, signature]
    assert extras["provider_specific_fields"] == {"thought_signatures": [signature]}


def test_native_thought_signatures_are_kept() -> None:
    signature = b64(bytes(9000))
    part = {"inlineData": {"data": b64(PNG)}, "thoughtSignature": signature}
    completion = read(json.dumps({"candidates": [{"content": {"parts": [part]}}]}).encode())

    assert completion.choices[0].message.extras == {"thought_signatures": [signature]}


# Events.


def test_a_picture_is_told_before_the_end_and_in_order() -> None:
    reader = ReplyReader()
    events = reader.feed(sse(chunk(content="One "), chunk(content=f"![x]({uri(PNG)}) two"), done=False))
    events += reader.feed(sse(chunk(content=" three", reasoning="why")))

    kinds = [e.text if isinstance(e, TextDelta) else type(e).__name__ for e in events]
    assert "".join(k for k in kinds if k != "ImageArrived").replace("why", "") == "One  two three"
    assert kinds.index("ImageArrived") == 1
    assert TextDelta("why", reasoning=True) in events
    reader.finish()


def test_a_json_body_is_told_with_its_last_byte() -> None:
    reader = ReplyReader()
    body = whole({"content": "A fox", "images": [uri(BIG)]})
    events = [e for at in range(0, len(body), 4000) for e in reader.feed(body[at : at + 4000])]

    assert [type(e) for e in events] == [TextDelta, ImageArrived]


@pytest.mark.parametrize(
    "text",
    [
        "A fox! Yes [sic] `code` <i>x</i> a < b (c)",
        "data is data: not a picture, base64",
        "https://example.org/page and more!",
    ],
)
@pytest.mark.parametrize("width", [1, 3, 1000])
def test_plain_text_is_shown_as_it_is(text: str, width: int) -> None:
    reader = ReplyReader()
    events = reader.feed(
        sse(*(chunk(content=text[i : i + width]) for i in range(0, len(text), width)), chunk(content=" end"))
    )
    with pytest.raises(errors.RefusedError) as caught:
        reader.finish()

    assert caught.value.completion is not None
    assert caught.value.completion.text == text + " end"
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == (text + " end")


# Addresses.


@pytest.mark.parametrize(
    ("content", "urls", "text"),
    [
        ("![x](https://a.example/1.png?sig=2)", ["https://a.example/1.png?sig=2"], ""),
        ("Done <img src=\"https://a.example/1\" width=9>", ["https://a.example/1"], "Done"),
        ("[![x](https://a.example/1)](https://a.example/full)", ["https://a.example/1"], ""),
        ("https://a.example/img/1", ["https://a.example/img/1"], "https://a.example/img/1"),
        ("See https://a.example/1.webp, nice", ["https://a.example/1.webp"], None),
    ],
)  # fmt: skip
def test_hosted_pictures_are_named_and_not_fetched(content: str, urls: list[str], text: str | None) -> None:
    error = fails(errors.NoImageError, whole({"content": content}))

    assert error.completion is not None
    assert list(error.completion.image_urls) == urls
    assert text is None or error.completion.text.strip() == text
    assert "fetch_urls" in str(error)


def test_hosted_picture_in_a_part() -> None:
    for part in (
        {"image_url": {"url": "https://a.example/1"}},
        {"fileData": {"fileUri": "https://a.example/1"}},
    ):
        error = fails(errors.NoImageError, whole({"content": [part]}))
        assert error.completion is not None
        assert error.completion.image_urls == ("https://a.example/1",)


def test_placeholders_of_gemini_fastapi_are_no_pictures() -> None:
    error = fails(
        errors.RefusedError,
        whole({"content": "Sure! http://googleusercontent.com/image_generation_content/0"}),
    )

    assert error.completion is not None
    assert error.completion.image_urls == ()
    assert error.completion.text.strip() == "Sure!"


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
