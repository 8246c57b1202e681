"""Forms of replies that gateways are known to send and the corpus has no file for."""

from __future__ import annotations

import json

import pytest

from gemimg_magic.core import errors
from gemimg_magic.core.completions import ImageArrived, TextDelta
from gemimg_magic.core.reply import ReplyReader
from support.replies import (
    BIG,
    JPEG,
    PNG,
    PNG_B,
    WEBP,
    b64,
    chunk,
    fails,
    noise,
    pictures,
    read,
    sse,
    uri,
    whole,
)

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
