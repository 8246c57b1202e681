"""Pictures made by the processes of a Dask cluster."""

from __future__ import annotations

import time

import distributed
import pytest

from gemimg_magic import Engine, errors
from gemimg_magic.executors import pool_of
from support.gateway import completion, png, reply

KEY = "canary-77d0e1a4b2"


@pytest.fixture(scope="module")
def client():
    """A cluster of two processes, sixteen threads each; threads only wait here."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=16, processes=True, dashboard_address=None, memory_limit=0
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_hundred_pictures_equal_those_made_here(client):
    """Drawn by the words of the prompt, so that each picture tells which request it answers."""
    engine = Engine(profile="sketch", mode="off", model="gemini-3.1-flash-image", size="512")
    prompts = [
        f"{number} circles, a {colour} square"
        for number in range(1, 51)
        for colour in ("red", "blue", "green", "gold")
    ]
    before = client.run(_pictures_made)

    there = [job.result(120) for job in [engine.start(p, executor=client, parallel=32) for p in prompts]]
    here = [job.result(120) for job in [engine.start(p, parallel=32) for p in prompts]]

    assert len(there) == 200
    assert [one.image.data for one in there] == [one.image.data for one in here]
    assert [one.text for one in there] == [one.text for one in here]
    assert len({one.image.data for one in here}) > 100
    made = {worker: count - before[worker] for worker, count in client.run(_pictures_made).items()}
    assert len(made) == 2
    assert all(count > 0 for count in made.values())


def _pictures_made(dask_worker):
    """How many results a worker has ever had."""
    return sum(
        1 for entry in dask_worker.state.log if entry[1:3] == ("executing", "memory") or "memory" in entry
    )


def test_the_current_client_by_name_and_its_executor(client, gateway):
    gateway.otherwise = lambda request: reply(completion(png("red")))
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m")

    for number, executor in enumerate(("dask", client, client.get_executor())):
        assert engine.generate(f"fox {number}", executor=executor).image.data == png("red")
    again = engine.generate("fox 0", executor="dask")

    assert again.replayed
    assert len(gateway.requests) == 3
    assert {request.headers["authorization"] for request in gateway.requests} == {f"Bearer {KEY}"}


def test_equal_requests_are_asked_as_often_as_they_are_given(client, gateway):
    gateway.otherwise = lambda request: reply(completion(png("red")))
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", mode="off")

    jobs = [engine.start("the same fox", executor=client.get_executor()) for _ in range(3)]

    assert all(job.result(30).image for job in jobs)
    assert len(gateway.requests) == 3


def test_cancel_closes_the_connection_of_a_worker(client, gateway, monkeypatch):
    """The file that says stop is for this machine; without it, only Dask can tell the worker."""
    monkeypatch.setattr("gemimg_magic.executors._stop", lambda task: None)
    gateway.otherwise = lambda request: reply(chunks=[b": hi\n\n"], hang=True)
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", mode="off")
    job = engine.start("a fox", executor=client, stream=True)
    wait_for(lambda: gateway.requests)

    begun = time.monotonic()
    job.cancel()

    assert gateway.disconnected.wait(5)
    assert time.monotonic() - begun < 3
    with pytest.raises(errors.Cancelled):
        job.result(5)
    gateway.otherwise = lambda request: reply(completion(png()))
    assert engine.generate("another fox", executor=client).image


def test_errors_and_names_show_no_key(client, gateway, caplog):
    gateway.otherwise = lambda request: reply({"error": {"message": f"bad key {KEY}"}}, status=401)
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", mode="off", retries=0)

    with pytest.raises(errors.AuthenticationError) as caught:
        engine.generate("a fox", executor=client)

    told = [str(caught.value), repr(vars(caught.value)), caplog.text]
    told += [str(line) for line in client.get_worker_logs().values()]
    told.append(str(client.get_scheduler_logs()))
    told.append(
        str(
            client.run_on_scheduler(
                lambda dask_scheduler: {k: repr(v) for k, v in dask_scheduler.tasks.items()}
            )
        )
    )
    assert KEY not in "".join(told)
    assert pool_of(client).here


def test_a_key_stays_here_when_workers_are_elsewhere(client, gateway, monkeypatch):
    """A tunnel makes a faraway scheduler look near; the addresses of its workers do not lie."""
    monkeypatch.setattr(type(client), "nthreads", lambda self: {"tcp://10.2.0.7:40001": 4})
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", mode="off")

    assert not pool_of(client).here
    with pytest.raises(errors.MissingAPIKey, match="environment of the workers"):
        engine.generate("a fox", executor=client)
    assert not gateway.requests


def test_a_cell_runs_on_dask(client, shell, gateway, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    gateway.otherwise = lambda request: reply(completion(png("teal")))
    shell.user_ns["cluster_client"] = client

    shell.run("%%imagine --on dask -n 4 -j 2 -o foxes\na fox")
    ran = shell.run("%imagine --on cluster_client -o fox another")
    shell.run("%imagine --on cluster_client.get_executor() -o hare a hare")
    shell.run("%%imagine --on dask -o grid -x style=['oil', 'ink']\n{{style}} hare")

    assert [fox.data for fox in shell.user_ns["foxes"]] == [png("teal")] * 4
    assert [shown.text.split(" · ")[0] for shown in ran.pictures] == ["fox"]
    assert len(shell.user_ns["grid"].images) == 2
    assert len(gateway.requests) == 8
    bad = shell.run("%imagine --on nobody a fox", fails=True)
    assert "nobody" in bad.traceback
    assert len(gateway.requests) == 8
