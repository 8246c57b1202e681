"""One request, four ways to follow it, and how each of them stops it."""

import asyncio
import time

import pytest

from gemimg_magic import Completion, Engine, errors
from gemimg_magic.core.completions import Finished, ImageArrived
from gemimg_magic.jobs import Job
from support import until
from support.gateway import chunk, completion, png


@pytest.fixture
def engine(gateway):
    engine = Engine(base_url=gateway.base_url, api_key="test-key", mode="off", retries=0)
    yield engine
    engine.close()


def test_a_job_is_waited_for_awaited_iterated_and_watched(engine, gateway):
    gateway.reply(completion(png("red")), times=4)

    async def awaited():
        return await engine.start("x")

    seen = []
    watched = engine.start("x")
    watched.watch(seen.append)
    events = list(engine.start("x"))

    assert engine.start("x").result().image.data == png("red")
    assert asyncio.run(awaited()).image.data == png("red")
    assert isinstance(events[-1], Finished)
    assert events[-1].completion.image.data == png("red")
    until(lambda: seen and seen[-1] is None, "the end of the watched job")
    assert isinstance(seen[-2], Finished)


def test_who_comes_late_sees_the_past(engine, gateway):
    gateway.reply(completion(png()))
    job = engine.start("x")
    job.result()

    late = []
    job.watch(late.append)

    assert isinstance(late[0], ImageArrived | Finished)
    assert late[-1] is None
    assert isinstance(list(job)[-1], Finished)


@pytest.mark.parametrize("silent", [{"hang": True}, {"chunks": [b": hi\n\n"], "hang": True}])
def test_cancel_frees_the_connection_at_once(engine, gateway, silent):
    gateway.reply(**silent)
    job = engine.start("x", stream=True)
    until(lambda: gateway.requests, "the request")

    assert job.cancel()

    assert gateway.disconnected.wait(1)
    assert job.done()
    with pytest.raises(errors.Cancelled):
        job.result()
    assert not job.cancel()


def test_cancel_is_heard_by_every_follower(engine, gateway):
    gateway.reply(hang=True, times=2)

    async def awaited():
        job = engine.start("x")
        asyncio.get_running_loop().call_later(0.1, job.cancel)
        return await job

    with pytest.raises(errors.Cancelled):
        asyncio.run(awaited())
    job = engine.start("x")
    seen = []
    job.watch(seen.append)
    job.cancel()
    until(lambda: seen == [None], "the watcher to hear the end")


def test_a_wait_that_is_too_short_leaves_the_job_running(engine, gateway):
    gateway.reply(completion(png()), delay=0.3)
    job = engine.start("x")

    with pytest.raises(TimeoutError, match="goes on"):
        job.result(timeout=0.05)

    assert isinstance(job.result(), Completion)


def test_an_error_reaches_every_follower(engine, gateway):
    gateway.reply({"error": {"message": "no such model"}}, status=404)
    job = engine.start("x")

    for _ in range(2):
        with pytest.raises(errors.NotFoundError, match="no such model"):
            job.result()
    with pytest.raises(errors.NotFoundError):
        list(job)


def test_a_picture_is_told_before_the_stream_ends(engine, gateway):
    gateway.reply(events=[chunk("Here."), chunk(image=png("blue")), 0.4, chunk(finish="stop")])

    moments = {type(event): time.monotonic() for event in engine.start("x", stream=True)}

    assert moments[Finished] - moments[ImageArrived] > 0.2


def test_many_jobs_share_the_loop(engine, gateway):
    gateway.reply(completion(png()), times=20, delay=0.3)
    began = time.monotonic()

    jobs = [engine.start(f"x{number}") for number in range(20)]
    assert all(job.result().image.data == png() for job in jobs)

    assert time.monotonic() - began < 3


def test_jobs_do_not_hang_on_work_that_fails_at_once():
    async def fails(emit):
        raise errors.PromptError("at once")

    with pytest.raises(errors.PromptError, match="at once"):
        Job(fails).result()


def test_the_default_engine_sketches_and_needs_no_network():
    engine = Engine(mode="off")

    image = engine.generate("three red circles", aspect="16:9").image

    assert image.size == (1376, 768)
    assert image.model == "sketch, no model"
    engine.close()
