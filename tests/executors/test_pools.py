"""Requests made by other processes: threads, process pools, Dask and ipyparallel."""

from __future__ import annotations

import concurrent.futures
import inspect
import multiprocessing
import pickle
import time
from pathlib import Path

import pytest

from gemimg_magic import Engine, errors, imagine
from gemimg_magic.core.completions import Completion
from gemimg_magic.core.messages import ImagePart, user
from gemimg_magic.core.secret import Secret
from gemimg_magic.executors import Desk, pool_of
from gemimg_magic.workers import LentKey, Task, slim
from support.gateway import completion, png, reply

KEY = "canary-5f0e77aa01"


@pytest.fixture(scope="module")
def processes():
    """Two processes that start from nothing, as on another machine."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        yield pool


@pytest.fixture
def threads():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def engine(gateway):
    """An engine for the loopback gateway, which paints the length of the prompt and reports a price."""

    def answer(request):
        text = request.json["messages"][-1]["content"]
        words = text if isinstance(text, str) else text[-1]["text"]
        body = completion(png((len(words) % 256, 40, 90)), text="Here.", model="gemini-2.5-flash-image")
        body["usage"]["cost"] = 0.04
        return reply(body)

    gateway.otherwise = answer
    return Engine(base_url=gateway.base_url, api_key=KEY, model="gemini-2.5-flash-image")


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("mode", ["off", "auto"])
def test_a_process_pool_gives_what_this_process_gives(engine, gateway, processes, mode):
    prompts = [f"fox {'x' * number}" for number in range(12)]

    jobs = [engine.start(prompt, executor=processes, mode=mode) for prompt in prompts]
    there = [job.result(60) for job in jobs]
    here = [engine.generate(prompt, mode="off") for prompt in prompts]

    assert [one.image.data for one in there] == [one.image.data for one in here]
    assert [one.text for one in there] == [one.text for one in here]
    assert [one.usage for one in there] == [one.usage for one in here]
    assert [one.image.provenance.prompt for one in there] == prompts
    assert not any(one.replayed for one in there)
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in gateway.requests)
    assert engine.spending.known == pytest.approx(0.04 * 24)


def test_what_workers_record_is_replayed_here(engine, gateway, processes):
    first = engine.generate("a fox", executor=processes)
    again = engine.generate("a fox", executor=processes)
    local = engine.generate("a fox")

    assert len(gateway.requests) == 1
    assert first.key == again.key == local.key
    assert (first.replayed, again.replayed) == (False, True)
    assert first.image.data == local.image.data


def test_a_record_made_there_is_the_record_made_here(engine, processes, tmp_path, monkeypatch):
    found = []
    for folder, pool in (("there", processes), ("here", None)):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        engine.generate("a fox", executor=pool)
        found.append({path.name: path.read_bytes() for path in Path("imagined").rglob("*") if path.is_file()})
        assert not [name for name in found[-1] if name.startswith("journal")]
    there, here = found

    kept = {name: data for name, data in there.items() if not name.startswith(".tmp-")}
    assert kept == here
    engine.close()
    assert not list((tmp_path / "there" / "imagined").rglob(".tmp-*"))


def test_a_worker_that_sees_another_store_gives_back_bytes(engine, gateway, processes, monkeypatch):
    from gemimg_magic.wire.store import Store

    elsewhere = Path("elsewhere")
    elsewhere.mkdir()
    monkeypatch.setattr(Store, "beacon", lambda store: elsewhere.absolute() / "no-such-file")

    first = engine.generate("a fox", executor=processes)

    assert first.key  # recorded, by the caller
    assert engine.generate("a fox").replayed
    assert len(gateway.requests) == 1


def test_refusals_come_back_as_what_they_are_and_are_recorded_once(engine, gateway, processes):
    gateway.otherwise = lambda request: reply(completion(text="No."))

    told = []
    for _ in range(2):
        with pytest.raises(errors.RefusedError) as caught:
            engine.generate("a fox", executor=processes)
        told.append((str(caught.value), caught.value.completion.text))

    assert told[0] == told[1]
    assert told[0][0].count("--fresh") == 1
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, errors.BadRequestError), (401, errors.AuthenticationError), (503, errors.InternalServerError)],
)
def test_errors_of_the_server_come_back_as_what_they_are(gateway, processes, status, kind):
    gateway.otherwise = lambda request: reply(
        {"error": {"message": f"no {KEY}", "code": "x1"}}, status=status, headers={"x-request-id": "r7"}
    )
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", retries=0, mode="off")

    with pytest.raises(kind) as there:
        engine.generate("a fox", executor=processes)
    with pytest.raises(kind) as here:
        engine.generate("a fox")

    assert type(there.value) is type(here.value) is kind
    assert str(there.value) == str(here.value)
    ours = [vars(caught.value) for caught in (there, here)]
    assert {k: v for k, v in ours[0].items() if k != "completion"} == {
        k: v for k, v in ours[1].items() if k != "completion"
    }
    assert KEY not in repr(vars(there.value)) + str(there.value)


def every_error():
    found = [
        one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, errors.GemimgError)
    ]
    assert len(found) > 20
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_can_be_pickled(kind):
    problem = kind("What happened.", hint="What to do.")
    for name, value in (("status_code", 429), ("retry_after", 2.5), ("request_id", "r1"), ("model", "m")):
        if hasattr(problem, name):
            setattr(problem, name, value)
    problem.completion = Completion(id="c1", model="m", document={"id": "c1"})

    back = pickle.loads(pickle.dumps(problem))

    assert type(back) is kind
    assert str(back) == str(problem)
    before, after = dict(vars(problem)), dict(vars(back))
    assert after.pop("completion").id == before.pop("completion").id
    assert after == before


def test_a_completion_survives_a_pickle_with_its_pictures(engine):
    made = engine.generate("a fox")

    back = pickle.loads(pickle.dumps(made))

    assert back.image == made.image
    assert back.image.completion is back
    assert back.document == made.document
    assert back.choices[0].message.images == made.choices[0].message.images


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_cancel_reaches_the_worker_and_the_server_sees_it(request, gateway, where):
    pool = request.getfixturevalue(where)
    gateway.otherwise = lambda received: reply(chunks=[b": hi\n\n"], hang=True)
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", mode="off")
    job = engine.start("a fox", executor=pool, stream=True)
    wait_for(lambda: gateway.requests)

    begun = time.monotonic()
    job.cancel()

    assert gateway.disconnected.wait(5)
    assert time.monotonic() - begun < 2
    with pytest.raises(errors.Cancelled):
        job.result(5)
    gateway.otherwise = lambda received: reply(completion(png()))
    assert engine.generate("the pool goes on", executor=pool).image


def test_requests_that_wait_in_the_pool_are_never_sent_once_cancelled(gateway, threads):
    gateway.otherwise = lambda received: reply(hang=True)
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", mode="off")
    jobs = [engine.start(f"fox {n}", executor=threads, parallel=64) for n in range(20)]
    wait_for(lambda: len(gateway.requests) == 8)

    for job in jobs:
        job.cancel()

    wait_for(lambda: threads._work_queue.qsize() == 0)
    time.sleep(0.5)
    assert len(gateway.requests) == 8


def test_no_more_than_j_are_with_the_workers(gateway, threads):
    running = peak = 0

    def answer(request):
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        time.sleep(0.1)
        running -= 1
        return reply(completion(png()))

    gateway.otherwise = answer
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", mode="off")
    jobs = [engine.start(f"fox {n}", executor=threads, parallel=3) for n in range(9)]

    assert [bool(job.result(30).image) for job in jobs] == [True] * 9
    assert peak == 3


def test_threads_do_not_wait_for_the_room_that_their_caller_holds(gateway, threads):
    """A 429 narrows the gate of this process; threads are in it, and their caller is inside already."""
    gateway.reply({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0"}, times=3)
    gateway.otherwise = lambda request: reply(completion(png()))
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", retries=3)

    jobs = [engine.start(f"fox {n}", executor=threads, parallel=6) for n in range(8)]

    assert all(job.result(30).image for job in jobs)


def test_a_limit_on_the_cost_holds_for_workers_too(engine, gateway, processes):
    engine.generate("one", executor=processes, max_cost=0.06)
    with pytest.raises(errors.BudgetError):
        engine.generate("two", executor=processes, max_cost=0.01)

    assert len(gateway.requests) == 1


def test_a_sweep_and_imagine_take_an_executor(engine, gateway, processes):
    from gemimg_magic import sweep

    grid = sweep("a {{style}} fox", x={"style": ["oil", "ink"]}, engine=engine, executor=processes)
    made = imagine(
        "a fox", base_url=gateway.base_url, api_key=KEY, model="gemini-2.5-flash-image", executor=processes
    )

    assert len(grid.images) == 2
    assert made.image.size == (32, 24)
    assert len(gateway.requests) == 3


def test_a_dead_worker_is_an_error_of_ours(engine, gateway):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        pool.submit(int).result()
        gateway.otherwise = lambda request: reply(hang=True)
        job = engine.start("a fox", executor=pool, mode="off")
        wait_for(lambda: gateway.requests)
        for process in list(pool._processes.values()):
            process.terminate()
        with pytest.raises(errors.WorkerError, match="BrokenProcessPool"):
            job.result(30)


def test_the_key_shows_nowhere_on_its_way():
    key = LentKey(Secret(KEY, "GEMIMG_API_KEY", "https://gateway.example"))
    picture = ImagePart.of(png())
    task = Task("ab" * 16, Engine(mode="replay").request([picture]), {}, key=key, has_key=True)

    payload = pickle.dumps(task)

    assert KEY.encode() not in payload
    assert KEY.encode()[::-1] not in payload
    assert KEY not in f"{task!r} {task} {key!r} {key}"
    back = pickle.loads(payload).key.secret
    assert (back.reveal(), back.source, back.origin) == (KEY, "GEMIMG_API_KEY", "https://gateway.example")
    with pytest.raises(TypeError):
        pickle.dumps(key.secret)


class Faraway(concurrent.futures.ThreadPoolExecutor.__base__):
    """An executor of which nobody knows where its workers are; it shows what it is given."""

    def __init__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.tasks = []

    def submit(self, fn, /, *args, **kwargs):
        self.tasks.append(args)
        return self.pool.submit(fn, *pickle.loads(pickle.dumps(args)), **kwargs)


def test_a_key_does_not_leave_this_machine(engine, gateway, monkeypatch):
    away = Faraway()

    with pytest.raises(errors.MissingAPIKey, match="environment of the workers"):
        engine.generate("a fox", executor=away)
    assert not gateway.requests
    assert away.tasks[0][0].key is None

    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "the-workers-own")
    assert engine.generate("a fox", executor=away).image
    assert gateway.last.headers["authorization"] == "Bearer the-workers-own"
    away.pool.shutdown()


def test_pictures_travel_without_their_history(engine):
    """A picture that was made here knows its completion, and that the pictures it was made from."""
    first = engine.generate("a fox").image
    second = engine.generate("redder", images=[first]).image
    request = engine.request("and bluer", images=[second])

    light = slim(request)

    assert len(pickle.dumps(light)) < len(second.data) + 2000
    assert light.messages[0].images[0].data == second.data
    from gemimg_magic.core.canonical import key

    assert key(light) == key(request)


@pytest.mark.parametrize("wrong", ["nobody", 7, object()])
def test_what_is_no_executor_is_refused_before_anything_is_sent(engine, gateway, wrong):
    with pytest.raises(errors.PromptError, match="executor"):
        engine.generate("a fox", executor=wrong)

    assert not gateway.requests


def test_without_a_client_dask_says_how_to_make_one(engine):
    with pytest.raises(errors.PromptError, match="Client"):
        engine.generate("a fox", executor="dask")


def test_a_transport_of_its_own_cannot_travel(processes):
    import httpx

    engine = Engine(transport=httpx.MockTransport(lambda request: httpx.Response(500)), mode="off")
    with pytest.raises(errors.PromptError, match="transport"):
        engine.generate("x", executor=processes)


def test_threads_and_processes_are_here_and_others_are_not(threads, processes):
    assert pool_of(threads).here
    assert pool_of(processes).here
    assert not pool_of(Faraway()).here


def test_a_desk_keeps_no_key_in_its_repr(engine):
    assert KEY not in repr(Desk(engine.settings))


def test_user_turns_are_what_they_were(engine):
    turn = user("a", ImagePart.of(png()))
    assert slim(engine.request([*turn.parts])).messages[0] == turn


def test_ipyparallel_by_client_view_and_executor(gateway, monkeypatch):
    """Its engines are other processes; of where they are it says nothing, so the key is theirs."""
    import ipyparallel

    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    gateway.otherwise = lambda request: reply(completion(png("red")))
    with ipyparallel.Cluster(n=2, log_level=50) as started:
        started.wait_for_engines(2)
        engine = Engine(model="m", mode="off", retries=0)
        view = started.load_balanced_view()
        for number, executor in enumerate((view, view.executor, started)):
            assert engine.generate(f"fox {number}", executor=executor).image.data == png("red")
        gateway.otherwise = lambda request: reply({"error": {"message": "no"}}, status=401)
        with pytest.raises(errors.AuthenticationError):
            engine.generate("a fox", executor=view)
        gateway.otherwise = lambda request: reply(chunks=[b": hi\n\n"], hang=True)
        job = engine.start("a fox", executor=view, stream=True)
        wait_for(lambda: len(gateway.requests) == 5)
        job.cancel()
        assert gateway.disconnected.wait(5)
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in gateway.requests)
