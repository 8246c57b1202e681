"""One gate for all requests of a process: how many at a time, and what a 429 does to the others."""

from __future__ import annotations

import threading
import time

import pytest

from gemimg_magic import Engine, errors
from gemimg_magic.batch import Batch
from gemimg_magic.jobs import Job
from support import until
from support.gateway import completion, png, reply


class Counting:
    """Answers after a while, and counts how many requests are there at the same time."""

    def __init__(self, delay=0.05):
        self.delay, self.now, self.peak = delay, 0, 0
        self.lock = threading.Lock()

    def __call__(self, request):
        with self.lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
        time.sleep(self.delay)
        with self.lock:
            self.now -= 1
        return reply(completion(png()))


@pytest.fixture
def engine(gateway):
    made = []

    def make(**fields):
        made.append(Engine(base_url=gateway.base_url, api_key="test-key", **{"mode": "off", **fields}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def prompts(gateway):
    return [request.json["messages"][-1]["content"] for request in gateway.requests]


def test_jobs_of_several_engines_are_counted_together(gateway, engine):
    gateway.otherwise = counting = Counting()
    first, second = engine(parallel=3), engine(parallel=3)

    jobs = [one.start(f"x{number}") for number in range(10) for one in (first, second)]
    for job in jobs:
        job.result()

    assert len(gateway.requests) == 20
    assert counting.peak == 3


def test_a_larger_limit_lets_more_in(gateway, engine):
    together = threading.Barrier(24)

    def answer(request):
        together.wait(timeout=20)  # nobody is answered before all are there
        return reply(completion(png()))

    gateway.otherwise = answer
    one = engine()
    batch = Batch(one.asking(parallel=24), [one.request(f"x{number}") for number in range(24)])

    Job(batch.run).result()

    assert sorted(batch.completions) == list(range(24))


def test_who_wants_few_at_a_time_is_not_passed_for_ever(gateway, engine):
    gateway.otherwise = Counting(0.02)
    busy, modest = engine(parallel=8), engine(parallel=2)
    many = Batch(busy.asking(), [busy.request(f"busy {number}") for number in range(200)])
    running = Job(many.run)
    until(lambda: len(gateway.requests) >= 8, "the busy ones")

    modest.start("modest").result()

    assert len(many.completions) < 150, "it waited for nearly all of the others"
    running.result()


def test_what_is_recorded_does_not_wait(gateway, engine):
    gateway.otherwise = lambda request: reply(completion(png()))
    recording = engine(mode="auto", parallel=1)
    recording.generate("known")
    gateway.otherwise = lambda request: reply(hang=True)
    blocked = recording.start("unknown")
    until(lambda: len(gateway.requests) == 2, "the request that hangs")

    assert recording.start("known").result(timeout=5).replayed

    waiting = recording.start("another")
    with pytest.raises(TimeoutError):
        waiting.result(timeout=0.2)
    assert len(gateway.requests) == 2
    waiting.cancel()
    blocked.cancel()


def test_what_cannot_be_sent_does_not_wait(gateway, engine):
    gateway.otherwise = lambda request: reply(hang=True)
    blocked = engine(parallel=1).start("unknown")
    until(lambda: gateway.requests, "the request that hangs")

    with pytest.raises(errors.ReplayMiss):
        engine(parallel=1, mode="replay").start("never").result(timeout=5)
    blocked.cancel()


def test_one_that_is_cancelled_while_it_waits_leaves_the_gate_as_it_was(gateway, engine):
    gateway.otherwise = lambda request: reply(hang=True)
    one = engine(parallel=1)
    blocked = one.start("first")
    until(lambda: gateway.requests, "the first request")
    waiting = [one.start(f"waiting {number}") for number in range(5)]
    for job in waiting:
        job.cancel()
    gateway.otherwise = lambda request: reply(completion(png()))
    last = one.start("last")

    blocked.cancel()

    assert last.result(timeout=5).images
    assert prompts(gateway) == ["first", "last"]


def test_requests_of_one_caller_go_out_in_their_order(gateway, engine):
    """Each is looked for in the store first, and that takes one longer than the other."""
    gateway.otherwise = lambda request: reply(completion(png()))
    one = engine(mode="auto", parallel=1)
    for known in (3, 4, 11):
        one.generate(f"x{known}")
    before = len(gateway.requests)
    batch = Batch(one.asking(), [one.request(f"x{number}") for number in range(20)])

    Job(batch.run).result()

    assert len(batch.completions) == 20
    assert prompts(gateway)[before:] == [f"x{n}" for n in range(20) if n not in (3, 4, 11)]


def limited(seconds):
    body = {"error": {"message": "Too many requests", "code": 429}}
    return reply(body, status=429, headers={"Retry-After": str(seconds)})


def test_a_429_holds_back_all_of_them_until_the_stated_time(gateway, engine):
    lock, refused = threading.Lock(), []

    def answer(request):
        with lock:
            first = not refused
            if first:
                refused.append(time.monotonic())
        if first:
            return limited(1)
        time.sleep(0.05)
        return reply(completion(png()))

    gateway.otherwise = answer
    one = engine(parallel=4)
    batch = Batch(one.asking(), [one.request(f"x{number}") for number in range(24)])

    Job(batch.run).result()

    assert len(batch.completions) == 24
    # Those that were on their way already are let finish; nobody else is sent.
    held = [r.at for r in gateway.requests if refused[0] + 0.1 < r.at < refused[0] + 0.95]
    assert held == []


def test_after_a_429_fewer_go_at_a_time_and_then_more_again(gateway, engine):
    lock, seen, inside = threading.Lock(), [], [0]
    together = threading.Barrier(16)

    def answer(request):
        with lock:
            inside[0] += 1
            seen.append(inside[0])
            number = len(seen)
        if number <= 16:
            together.wait(timeout=30)
        if number == 16:
            with lock:
                inside[0] -= 1
            return limited(0)
        time.sleep(1 if number < 16 else 0.02)
        with lock:
            inside[0] -= 1
        return reply(completion(png()))

    gateway.otherwise = answer
    one = engine(parallel=16)
    batch = Batch(one.asking(), [one.request(f"x{number}") for number in range(200)])

    Job(batch.run).result()

    assert len(batch.completions) == 200
    assert max(seen[16:36]) <= 12
    # Two hundred good answers later all sixteen are let through again: each of these waits for the others.
    seen.clear()
    again = Batch(one.asking(), [one.request(f"again {number}") for number in range(16)])
    gateway.otherwise = lambda request: (together.wait(timeout=30), reply(completion(png())))[1]
    Job(again.run).result()
    assert len(again.completions) == 16


def test_a_burst_of_429_is_asked_again_once_each_and_not_hammered(gateway, engine):
    """Thirty in flight are all refused: each comes back once, after the time that the server named."""
    lock, times = threading.Lock(), {}

    def answer(request):
        prompt = request.json["messages"][-1]["content"]
        with lock:
            times.setdefault(prompt, []).append(time.monotonic())
            again = len(times[prompt]) > 1
        time.sleep(0.2)
        return reply(completion(png())) if again else limited(1)

    gateway.otherwise = answer
    one = engine(parallel=30)
    batch = Batch(one.asking(), [one.request(f"x{number}") for number in range(30)])

    Job(batch.run).result()

    assert len(batch.completions) == 30
    assert all(len(sent) == 2 for sent in times.values())
    assert all(second - first > 0.95 for first, second in times.values())
