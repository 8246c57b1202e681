"""The fault-injecting gateway itself, and what an engine makes of each fault."""

import gzip
import json
import time

import httpx
import pytest

from gemimg_magic import errors
from gemimg_magic.__main__ import main
from gemimg_magic.core.completions import Retrying
from gemimg_magic.wire.sketch.trouble import KINDS, Plan, Trouble, read_trouble
from support.gateway import chunk, completion, png, sse

PICTURE = png("teal", (96, 64))
WHOLE = json.dumps(completion(PICTURE, text="Here.")).encode()
EVENTS = b"".join(map(sse, [chunk("Here"), chunk(image=PICTURE), chunk(finish="stop")])) + b"data: [DONE]\n\n"

OUTCOMES = {
    "delay:0.2": None,
    "silence": errors.APITimeoutError,
    "drip:50,0.001": None,
    "stall:200": errors.GemimgError,
    "cut:200": errors.GemimgError,
    "short:200": errors.GemimgError,
    "reset:200": errors.GemimgError,
    "length:100": None,  # the picture is whole; what is missing is not of it
    "length:-20": None,  # so is what is cut off: brackets
    "repeat": None,
    "bomb:200": errors.GemimgError,
    "garbage": errors.GemimgError,
    "noise": errors.APIConnectionError,
    "status:503,0": errors.InternalServerError,
    "status:429,0": errors.RateLimitError,
    "status:402": errors.PermissionDeniedError,
}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("fault", OUTCOMES)
def test_every_fault_ends_in_the_picture_or_in_a_named_error(faulty, engine_to, fault, streamed):
    if streamed:
        faulty.body, faulty.headers = EVENTS, {"content-type": "text/event-stream"}
    else:
        faulty.body = WHOLE
    faulty.next(fault)
    engine = engine_to(faulty.base_url, timeout=1)
    began = time.monotonic()
    wanted = OUTCOMES[fault]
    if wanted is None:
        assert engine.generate("x", stream=streamed).image.data == PICTURE
    else:
        with pytest.raises(wanted, match=r"\w"):
            engine.generate("x", stream=streamed)
    assert time.monotonic() - began < 5
    assert faulty.asked == 1

    assert engine.generate("x").image.data == PICTURE  # the next request finds no trace of it


def test_every_kind_is_tried():
    assert {fault.split(":")[0] for fault in OUTCOMES} == set(KINDS)


def test_a_plan_is_the_same_in_every_run():
    troubles = [read_trouble("cut:10@0.1"), read_trouble("reset:10@0.1")]

    def met(seed):
        plan = Plan(troubles, seed)
        return [getattr(plan.next(), "kind", None) for _ in range(2000)]

    assert met(1) == met(1) != met(2)
    assert 0.16 < 1 - met(1).count(None) / 2000 < 0.24
    assert abs(met(1).count("cut") - met(1).count("reset")) < 100


@pytest.mark.parametrize(
    "text", ["", "cat", "cut:x", "cut:-1", "cut:1@2", "cut:1,2", "status:99", "cut@", "cut:1@x", "status:nan"]
)
def test_what_is_no_fault_is_said(text, capsys):
    with pytest.raises(ValueError, match=r"\w"):
        read_trouble(text)
    if text:
        assert main(["serve", "--fault", text]) == 2
        assert "fault" in capsys.readouterr().err


def test_faults_are_typed_as_they_are_told():
    assert read_trouble(" Status:429,2@0.25 ") == Trouble("status", (429.0, 2.0), 0.25)
    assert read_trouble("length:-5").value() == -5
    assert read_trouble("drip").value(1) == 0.01


def test_a_bomb_is_small_until_it_is_opened(faulty):
    faulty.next("bomb:3")
    with httpx.stream("POST", f"{faulty.base_url}/chat/completions", json={}, trust_env=False) as response:
        raw = b"".join(response.iter_raw())

    assert len(raw) < 10_000
    assert len(gzip.decompress(raw)) == 3_000_000


def test_status_and_retry_after_are_as_told(faulty):
    faulty.next("status:429,7")
    with httpx.Client(trust_env=False) as client:
        response = client.post(f"{faulty.base_url}/chat/completions", json={})

    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_serve_takes_faults_and_says_so(tmp_path):
    import os
    import subprocess
    import sys

    command = [sys.executable, "-m", "gemimg_magic", "serve", "--port", "0", "--fault", "status:402"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            told = server.stdout.readline() + server.stdout.readline()
            base_url = told.split(" at ")[1].split()[0]
            assert "Fault: status 100% of requests" in told
            with httpx.Client(trust_env=False) as client:
                response = client.post(f"{base_url}/chat/completions", json={})
                assert response.status_code == 402
                assert client.get(f"{base_url}/models").status_code == 200
        finally:
            server.terminate()


def test_a_passing_fault_is_tried_again_with_the_same_idempotency_key(faulty, engine_to):
    faulty.body = WHOLE
    faulty.next("status:503,0", "status:429,0")
    job = engine_to(faulty.base_url, retries=2).start("x")

    tries = [event.attempt for event in job if isinstance(event, Retrying)]

    assert tries == [1, 2]
    assert job.result().image.data == PICTURE
    keys = {headers["idempotency-key"] for headers, _ in faulty.seen}
    assert len(keys) == 1
    assert len({body for _, body in faulty.seen}) == 1
