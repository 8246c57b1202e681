"""One request against a real loopback server: where the key goes, what is tried again, how it ends."""

import gzip
import resource
import time

import pytest

from gemimg_magic import Engine, errors
from gemimg_magic.core.completions import Retrying
from support.gateway import Gateway, chunk, completion, data_uri, png, reply

KEY = "canary-5512ee"


@pytest.fixture
def engine(gateway):
    engine = Engine(base_url=gateway.base_url, api_key=KEY, mode="off", retries=0)
    yield engine
    engine.close()


def failing(engine, **options):
    with pytest.raises(errors.GemimgError) as caught:
        engine.generate("x", **options)
    assert KEY not in str(caught.value)
    return caught.value


def test_the_connection_is_kept(engine, gateway):
    gateway.reply(completion(png()), times=3)

    for _ in range(3):
        engine.generate("x")

    assert gateway.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(engine, gateway, status):
    with Gateway() as elsewhere:
        target = f"{elsewhere.base_url}/chat/completions"
        gateway.reply(body=b"", status=status, headers={"Location": target})

        problem = failing(engine)

        assert elsewhere.requests == []
        assert f"127.0.0.1:{gateway.port}" in str(problem)
        assert f"127.0.0.1:{elsewhere.port}" in str(problem)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_loopback_goes_past_every_proxy(gateway, monkeypatch, variable):
    gateway.reply(completion(png()))
    with Gateway() as proxy:
        monkeypatch.setenv(variable, proxy.origin)
        engine = Engine(base_url=gateway.base_url, api_key=KEY, mode="off")

        engine.generate("x")

        engine.close()
        assert proxy.requests == []
        assert proxy.connections == 0


WAIT_NO_TIME = {"Retry-After": "0"}


@pytest.mark.parametrize(
    ("first", "tries"),
    [
        ({"json": {"error": {"message": "slow down"}}, "status": 429, "headers": WAIT_NO_TIME}, 2),
        ({"json": {"error": {"message": "overloaded"}}, "status": 503}, 2),
        ({"json": {"error": {"message": "limit: 0 for this model"}}, "status": 429}, 1),
        ({"json": {"error": {"message": "no channel", "code": "model_not_found"}}, "status": 503}, 1),
        ({"json": {"error": {"message": "bad", "code": "convert_request_failed"}}, "status": 500}, 1),
        ({"json": {"error": {"message": "bad"}}, "status": 400}, 1),
        ({"json": {"error": {"message": "no"}}, "status": 401}, 1),
        ({"json": {"error": {"message": "no"}}, "status": 403}, 1),
        ({"json": completion(text="No.")}, 1),
        ({"body": b'{"cho', "drop": True}, 1),
    ],
)
def test_only_what_cannot_be_billed_twice_is_tried_again(gateway, first, tries):
    engine = Engine(base_url=gateway.base_url, api_key=KEY, mode="off", retries=2)
    gateway.reply(**first)
    gateway.otherwise = lambda request: reply(completion(png()))

    events = engine.start("x").follow()
    if tries == 1:
        with pytest.raises(errors.GemimgError):
            list(events)
    else:
        assert [event.attempt for event in list(events) if isinstance(event, Retrying)] == [1]

    engine.close()
    assert len([request for request in gateway.requests if request.method == "POST"]) == tries


def test_it_gives_up_after_the_tries_that_were_allowed(gateway):
    engine = Engine(base_url=gateway.base_url, api_key=KEY, mode="off", retries=1)
    gateway.reply({"error": {"message": "slow down"}}, status=429, headers=WAIT_NO_TIME, times=5)

    problem = failing(engine)

    engine.close()
    assert isinstance(problem, errors.RateLimitError)
    assert len(gateway.requests) == 2


@pytest.mark.parametrize(
    "silence",
    [
        {"hang": True},
        {"chunks": [b": ping\n\n"], "hang": True},
        {"chunks": [b": ping\n\n", 0.1] * 60},
        {"chunks": [b" ", 0.1] * 60},
        {"chunks": [piece for byte in b'{"choices":[{"message":{' * 3 for piece in (bytes([byte]), 0.1)]},
    ],
)
def test_a_silent_or_dripping_server_is_left_in_time(gateway, silence):
    engine = Engine(base_url=gateway.base_url, api_key=KEY, mode="off", retries=0, timeout=1.5)
    gateway.reply(**silence)
    began = time.monotonic()

    problem = failing(engine)

    assert time.monotonic() - began < 3.5
    assert isinstance(problem, errors.APIConnectionError | errors.NoImageError | errors.DecodeError)
    assert gateway.disconnected.wait(1)
    engine.close()


def test_a_gzip_bomb_is_stopped_at_the_cap(engine, gateway):
    bomb = gzip.compress(bytes(300_000_000), 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gateway.reply(body=bomb, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    problem = failing(engine)

    assert isinstance(problem, errors.DecodeError)
    assert "67,108,864 bytes" in str(problem)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    # The cap of 64 MiB, and room for the allocator; without a cap it would be a multiple of the 300 MB.
    assert grown < 250_000, f"{grown} kB"


def test_compressed_replies_are_read(engine, gateway):
    import json

    body = gzip.compress(json.dumps(completion(png("red"))).encode())
    gateway.reply(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    assert engine.generate("x").image.data == png("red")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"\xff\xfe\x00 no text", {}),
        (b"plain words " * 100, {"Content-Type": "text/plain"}),
        (b'{"unknown": "form"}', {}),
        (b"not gzip", {"Content-Encoding": "gzip"}),
        (b"x", {"Content-Encoding": "br"}),
    ],
)
def test_what_is_no_reply_is_a_named_error(engine, gateway, body, headers):
    gateway.reply(body=body, headers={"Content-Type": "application/json", **headers})

    problem = failing(engine)

    assert isinstance(problem, errors.DecodeError | errors.NoImageError)
    assert len(str(problem)) < 600


def test_a_picture_before_the_break_is_kept_with_a_warning(engine, gateway):
    gateway.reply(events=[chunk(image=png("red")), chunk("and then")], done=False, drop=True)

    answer = engine.generate("x", stream=True)

    assert answer.image.data == png("red")
    assert answer.warnings


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_break_inside_the_picture_is_no_picture(engine, gateway, share):
    import json

    body = json.dumps(completion(png(size=(300, 300)), text="Here.")).encode()
    cut = body.index(b"base64,") + int((len(body) - body.index(b"base64,")) * share * 0.5)
    gateway.reply(chunks=[body[:cut]], drop=True)

    assert isinstance(failing(engine), errors.CutShortError | errors.APIConnectionError)


def test_a_lying_length_is_noticed(engine, gateway):
    uri = data_uri(png(size=(200, 200)))
    gateway.reply(body=f'{{"x": "{uri[:300]}'.encode(), headers={"Content-Length": "999999"}, drop=True)

    assert isinstance(failing(engine), errors.GemimgError)


def test_models_are_listed_or_the_reason_told(engine, gateway):
    import asyncio

    from gemimg_magic.jobs import background_loop

    def listed():
        return asyncio.run_coroutine_threadsafe(engine.models(), background_loop()).result(10)

    gateway.models = ["a", "b"]
    assert [entry["id"] for entry in listed()] == ["a", "b"]
    gateway.models = None
    gateway.reply({"error": {"message": "no"}}, status=401)
    with pytest.raises(errors.AuthenticationError):
        listed()
    gateway.reply(body=b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(errors.GemimgError):
        listed()
    gateway.reply({"success": False, "message": "no such group"})
    with pytest.raises(errors.GemimgError, match="no such group"):
        listed()
