"""``--bg``: a cell that ends at once, and a name that is a job until the picture is here."""

from __future__ import annotations

import threading

import pytest

from gemimg_magic import GeneratedImage, Grid, errors
from gemimg_magic.jobs import Job
from support import until
from support.gateway import completion, png, reply


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    """Run cells against a gateway that answers when it is told to."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "test-key")
    shell.go = threading.Event()

    def answer(request):
        assert shell.go.wait(20)
        if "refuse" in str(request.json["messages"]):
            return reply(completion(text="I would rather not."))
        return reply(completion(png()))

    gateway.otherwise = answer
    yield shell
    shell.go.set()


def test_a_cell_in_the_background_ends_at_once_and_fills_in(remote):
    ran = remote.run("%%imagine --bg -o fox\na fox")

    job = remote.user_ns["fox"]
    assert isinstance(job, Job)
    assert not job.done()
    assert remote.user_ns["_img"] is job
    assert ran.result is job
    assert not ran.pictures
    remote.go.set()
    image = job.result(timeout=20)

    assert isinstance(image, GeneratedImage)
    assert remote.user_ns["fox"] is image is remote.user_ns["_img"]
    [picture] = ran.shown
    assert picture.text == "fox · 32×24 · test-model"


def test_a_sweep_and_takes_in_the_background(remote):
    swept = remote.run('%%imagine --bg -x style=["oil", "ink"] -o grid\na {{style}} fox')
    several = remote.run("%%imagine --bg -n 2 -o foxes\na fox")
    named = remote.run("%%imagine --bg -n 2 -o a,b\nsome foxes")
    jobs = {name: remote.user_ns[name] for name in ("grid", "foxes", "a", "b")}
    assert all(isinstance(job, Job) for job in jobs.values())
    assert jobs["a"] is jobs["b"]
    remote.go.set()

    grid = jobs["grid"].result(timeout=20)

    assert isinstance(grid, Grid)
    assert remote.user_ns["grid"] is grid
    assert swept.shown[-1].text == "grid · 2 · 2 pictures"
    assert len(jobs["foxes"].result(timeout=20)) == 2
    assert several.shown[-1].text.startswith("foxes[0]")
    jobs["b"].result(timeout=20)
    assert isinstance(remote.user_ns["a"], GeneratedImage)
    assert isinstance(remote.user_ns["b"], GeneratedImage)
    assert named.shown


def test_what_the_user_bound_meanwhile_is_left_alone(remote):
    remote.run("%%imagine --bg -o fox\na fox")
    job = remote.user_ns["fox"]
    remote.run("fox = 7")
    remote.go.set()
    image = job.result(timeout=20)

    assert remote.user_ns["fox"] == 7
    assert remote.user_ns["_img"] is image


def test_a_job_is_awaited_and_so_is_its_result(remote):
    remote.run("%%imagine --bg -o fox\na fox")
    remote.go.set()

    remote.run("first = await fox")
    remote.run("second = await fox; third = fox.result()")

    names = remote.user_ns
    assert names["first"] is names["second"] is names["third"] is names["fox"]


def test_a_failed_job_says_so_in_its_own_place(remote):
    ran = remote.run("%%imagine --bg -o fox\nrefuse")
    job = remote.user_ns["fox"]
    remote.go.set()

    with pytest.raises(errors.RefusedError):
        job.result(timeout=20)

    assert remote.user_ns["fox"] is job
    assert job.done()
    said = [message.text for message in remote.screen[ran.start :]]
    assert any("fox" in text and "RefusedError" in text and "I would rather not" in text for text in said)
    assert any("RefusedError" in shown.text for shown in ran.shown)


def test_partial_failures_keep_the_rest(remote):
    ran = remote.run('%%imagine --bg -x style=["refuse", "ink"] -o grid\na {{style}} fox')
    job = remote.user_ns["grid"]
    remote.go.set()

    with pytest.raises(errors.PartialError):
        job.result(timeout=20)

    grid = remote.user_ns["grid"]
    assert list(grid) == ["ink"]
    assert list(grid.failures) == ["refuse"]
    assert any("1 of 2 pictures failed" in message.text for message in remote.screen[ran.start :])
    assert ran.shown[-1].text == "grid · 2 · 1 picture · 1 failed"


def test_cancel_frees_the_connection_and_says_so(remote, gateway):
    gateway.otherwise = lambda request: reply(hang=True)
    ran = remote.run("%%imagine --bg -o fox\na fox")
    job = remote.user_ns["fox"]
    until(lambda: gateway.requests, "the request")

    assert job.cancel()

    assert gateway.disconnected.wait(1)
    with pytest.raises(errors.Cancelled):
        job.result(timeout=5)
    until(lambda: ran.shown and "Cancelled" in ran.shown[-1].text, "the word of it")
    assert remote.user_ns["fox"] is job


def test_cancelling_a_sweep_keeps_what_came(remote, gateway):
    gateway.otherwise = lambda request: (
        reply(hang=True) if "ink" in str(request.json["messages"]) else reply(completion(png()))
    )
    ran = remote.run('%%imagine --bg -x style=["oil", "ink", "wash"] -o grid\na {{style}} fox')
    job = remote.user_ns["grid"]
    until(lambda: "2 of 3 done" in ran.shown[0].text, "two of the answers")

    job.cancel()

    until(lambda: isinstance(remote.user_ns["grid"], Grid), "the grid")
    grid = remote.user_ns["grid"]
    assert sorted(grid) == ["oil", "wash"]
    assert isinstance(grid.failures["ink"], errors.Cancelled)


def test_a_prompt_waits_for_a_picture_that_is_on_its_way(remote, gateway):
    remote.run("%%imagine --bg -o fox\na fox")
    threading.Timer(0.3, remote.go.set).start()

    remote.run("%%imagine -o blue\nMake {{fox}} blue")

    assert gateway.last.json["messages"][-1]["content"][1]["type"] == "image_url"


def test_two_jobs_and_a_cell_share_the_gate(remote, gateway):
    running, peak, lock = [0], [0], threading.Lock()

    def answer(request):
        with lock:
            running[0] += 1
            peak[0] = max(peak[0], running[0])
        threading.Event().wait(0.05)
        with lock:
            running[0] -= 1
        return reply(completion(png()))

    gateway.otherwise = answer

    remote.run("%%imagine --bg -j 3 -x seed=range(10) -o one\na fox")
    remote.run("%%imagine --bg -j 3 -x seed=range(10) -o two\na cat")
    jobs = [remote.user_ns["one"], remote.user_ns["two"]]
    remote.run("%%imagine -j 3 -n 5 -o three\na dog")
    for job in jobs:
        job.result(timeout=30)

    assert len(gateway.requests) == 25
    assert peak[0] == 3


def test_a_mistake_is_told_at_once(remote, gateway):
    ran = remote.run("%%imagine --bg -o fox\na {{nobody}}", fails=True)

    assert "'nobody' is not defined" in ran.traceback
    assert "fox" not in remote.user_ns
