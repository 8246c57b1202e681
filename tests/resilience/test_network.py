"""N: nothing hangs, nothing is paid twice, and a line that breaks never leaves half a picture."""

import gc
import http.server
import json
import os
import random
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import gemimg_magic
from gemimg_magic import Engine, errors, sweep
from gemimg_magic.core.completions import Retrying
from gemimg_magic.core.errors import GemimgError, status_error
from gemimg_magic.core.faults import retry_after
from gemimg_magic.core.limits import Limits
from gemimg_magic.core.messages import ImageRequest, user
from gemimg_magic.core.profiles import find_profile
from gemimg_magic.core.reply import ReplyReader
from gemimg_magic.jobs import background_loop
from gemimg_magic.wire.client import Client
from gemimg_magic.wire.network import transport_for
from gemimg_magic.wire.patience import pause
from gemimg_magic.wire.sketch.trouble import Plan, read_trouble
from support import until
from support.gateway import Gateway, chunk, completion, png, reply, sse

CERTIFICATE = Path(__file__).with_name("loopback.pem")
KEY = "canary-5512ee-resilience"


def noisy(seed, size=84):
    """A PNG that does not compress: about 21 kB."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.frombytes("RGB", (size, size), random.Random(seed).randbytes(size * size * 3)).save(out, "PNG")
    return out.getvalue()


PICTURE = noisy(1)
JSON = json.dumps(completion(PICTURE, text="Here it is.")).encode()
EVENTS = [chunk("Here "), chunk("it is."), chunk(image=PICTURE), chunk(finish="stop")]
SSE = b"".join(map(sse, EVENTS)) + b"data: [DONE]\n\n"
_URI = json.loads(JSON)["choices"][0]["message"]["images"][0]["image_url"]["url"]
_MARKDOWN = f"Here it is. ![x]({_URI})"
DELTAS = b"".join(sse(chunk(_MARKDOWN[at : at + 500])) for at in range(0, len(_MARKDOWN), 500)) + sse(
    chunk(finish="stop")
)
BODIES = {"json": JSON, "sse": SSE, "deltas": DELTAS}


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("size", [1, 7, 1448, 65536])
def test_N3_a_reply_cut_at_every_kilobyte_in_every_chunking_is_no_half_picture(form, size):
    body = BODIES[form]
    whole = []
    for end in [*range(0, len(body), 1024 if size > 1 else 4096), len(body)]:
        for broken in ("the line broke", None):
            reader = ReplyReader(headers={"content-type": "x"})
            arrived = []
            for at in range(0, end, size):
                arrived += reader.feed(body[at : min(at + size, end)])
            try:
                made = reader.finish(broken)
            except GemimgError as problem:
                images = problem.completion.images + problem.completion.drafts if problem.completion else ()
            else:
                images = made.images
                whole.append(end)
            told = [event.image for event in arrived if hasattr(event, "image")]
            assert all(image.data == PICTURE for image in (*images, *told)), (end, broken)
    assert len(body) in whole


@pytest.mark.parametrize("form", ["json", "sse"])
def test_N3_N6_a_line_cut_at_every_kilobyte_is_paid_once_and_stores_no_half(faulty, form, private_place):
    faulty.body = BODIES[form]
    faulty.headers = {"content-type": "text/event-stream" if form == "sse" else "application/json"}
    engine = Engine(base_url=faulty.base_url, api_key=KEY, retries=2, timeout=10)
    kept = 0
    ends = range(0, len(faulty.body) + 1024, 1024)
    for number, end in enumerate(ends):
        kind = ("cut", "short", "reset")[number % 3]
        faulty.next(f"{kind}:{end}")
        before = faulty.asked
        try:
            made = engine.generate(f"picture {number}", stream=form == "sse")
        except GemimgError:
            made = None
        else:
            assert made.image.data == PICTURE
            kept += 1
        assert faulty.asked == before + 1, f"{kind} at {end} was sent again"
    engine.close()

    assert kept >= 1
    originals = [p for p in (private_place / "imagined").glob("pictures/*") if ".preview." not in p.name]
    assert {path.read_bytes() for path in originals} == {PICTURE}
    assert len(list((private_place / "imagined").glob("records/*/*.json"))) == kept
    assert not list((private_place / "imagined").rglob(".tmp-*"))


def memory():
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_1000_requests_with_a_fifth_of_them_broken(faulty, private_place, capsys):
    """Every picture that arrived whole is bound and stored, every other request is a named failure."""
    faults = [
        "status:503,0",
        "status:500,0",
        "status:429,0",
        "cut:300",
        "reset:300",
        "short:300",
        "garbage:500",
    ]
    faults += ["noise", "length:50", "repeat", "drip:200,0.0005", "delay:0.02"]
    plan = Plan([read_trouble(f"{fault}@{0.2 / len(faults)}") for fault in faults], seed=7)
    met = []

    def following():
        met.append(plan.next())
        return met[-1]

    faulty.plan.next = following

    def answer(body):
        import httpx

        number = int(re.search(rb"number (\d+) ", body)[1])
        return httpx.Response(
            200, headers=faulty.headers, content=json.dumps(completion(small(number))).encode()
        )

    faulty.answer = answer
    engine = Engine(base_url=faulty.base_url, api_key=KEY, retries=0, timeout=20, parallel=8)
    before, sizes, began = memory(), [], time.monotonic()
    images, failures = {}, {}
    for start in range(0, 1000, 100):
        grid = sweep(
            "number {{k}} of a set", x={"k": list(range(start, start + 100))}, engine=engine, keep_going=True
        )
        images |= {int(re.search(r"number (\d+) ", i.provenance.prompt)[1]): i.sha256 for i in grid.images}
        failures |= {(start, name): (type(p), str(p)) for name, p in grid.failures.items()}
        faulty.seen.clear()
        gc.collect()
        sizes.append(memory())
    engine.close()

    assert len(images) + len(failures) == 1000 == len(met)
    harmless = {"length", "repeat", "drip", "delay"}
    broken = [trouble for trouble in met if trouble is not None and trouble.kind not in harmless]
    assert len(failures) == len(broken)
    assert 150 < sum(trouble is not None for trouble in met) < 250
    assert all(issubclass(kind, GemimgError) and said for kind, said in failures.values())
    names = {kind.__name__ for kind, _ in failures.values()}
    assert {"InternalServerError", "RateLimitError"} < names
    import hashlib

    for number, digest in images.items():
        assert digest == hashlib.sha256(small(number)).hexdigest()
        assert (private_place / "imagined" / "pictures" / f"{digest}.png").read_bytes() == small(number)
    assert len(list((private_place / "imagined").glob("records/*/*.json"))) == len(images)
    with capsys.disabled():
        took = time.monotonic() - began
        print(f"\n1,000 requests in {took:.0f} s, {len(failures)} named failures: {sorted(names)}")
        print(f"memory {before:.0f} MB -> {sizes[1]:.0f} after 200 -> {sizes[-1]:.0f} after 1,000")
    assert sizes[-1] - sizes[1] < 20


def small(number):
    return png((number % 256, number // 256, 77), (24, 18))


def failing(engine, **options):
    began = time.monotonic()
    with pytest.raises(GemimgError) as caught:
        engine.generate("x", **options)
    return caught.value, time.monotonic() - began


def test_N1_a_closed_port_names_host_port_and_next_step(engine_to):
    problem, took = failing(engine_to("http://127.0.0.1:9/v1"))

    assert isinstance(problem, errors.APIConnectionError)
    assert "127.0.0.1:9" in str(problem)
    assert "Check" in str(problem)
    assert took < 5


def test_N1_a_name_that_does_not_resolve_is_said(engine_to):
    problem, _ = failing(engine_to("https://gateway.invalid/v1"))

    assert isinstance(problem, errors.APIConnectionError)
    assert "gateway.invalid" in str(problem)


class Chat(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(JSON)))
        self.end_headers()
        self.wfile.write(JSON)

    def log_message(self, *_):
        """Be quiet."""


class Https(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that does not trust us hangs up."""


@pytest.fixture
def https():
    server = Https(("127.0.0.1", 0), Chat)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_N1_N10_a_certificate_of_ones_own_needs_ssl_cert_file(https, engine_to, monkeypatch):
    problem, _ = failing(engine_to(https))
    assert isinstance(problem, errors.APIConnectionError)
    assert "certificate" in str(problem).lower()

    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    assert engine_to(https).generate("x").image.data == PICTURE


def test_N1_nothing_switches_verification_off():
    root = Path(gemimg_magic.__file__).parent
    sources = "\n".join(path.read_text() for path in root.rglob("*.py"))
    assert not re.search(
        r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|_create_unverified", sources
    )


def test_N1_the_connection_has_ten_seconds():
    from gemimg_magic.wire.client import connect

    client = connect(
        "http://127.0.0.1:9/v1", profile=find_profile("custom"), key=None, timeout=300, retries=0
    )
    assert client._limits == Limits(connect=10.0, total=300.0, idle=120.0)


@pytest.mark.parametrize(
    "how",
    [
        {"chunks": [piece for byte in JSON[:200] for piece in (bytes([byte]), 0.1)]},
        {"chunks": [b": ping\n\n", 0.1] * 100},
        {"chunks": [b" ", 0.1] * 100},
        {"hang": True},
        {"chunks": [b'{"choices": ['], "hang": True},
    ],
)
def test_N2_N11_the_whole_exchange_has_a_deadline(gateway, engine_to, how):
    gateway.reply(**how)
    problem, took = failing(engine_to(gateway.base_url, timeout=1), stream=True)

    assert took < 3
    assert "1 s" in str(problem)
    assert gateway.disconnected.wait(2)


def test_N11_a_server_that_never_answers_is_told_apart(gateway, engine_to):
    gateway.reply(hang=True)
    problem, _ = failing(engine_to(gateway.base_url, timeout=0.5))

    assert isinstance(problem, errors.APITimeoutError)
    assert "had not answered" in str(problem)
    assert "accepted the request" in str(problem)


@pytest.mark.parametrize("beats", [[], [b": ping\n\n", 0.1] * 60])
def test_N2_progress_counts_useful_bytes_only(gateway, beats):
    """After the first byte of an answer the next has its own, shorter time; heartbeats are none."""
    import asyncio

    gateway.reply(chunks=[0.8, sse(chunk("Here ")), *beats], hang=True)
    client = Client(
        gateway.base_url,
        profile=find_profile("custom"),
        key=None,
        limits=Limits(total=30, idle=0.4),
        retries=0,
        transport=transport_for(gateway.base_url),
    )
    began = time.monotonic()

    async def ask():
        try:
            await client.complete(ImageRequest("m", (user("x"),), stream=True), lambda event: None)
        finally:
            await client.aclose()

    with pytest.raises(GemimgError, match=r"nothing new for 0\.4 s"):
        asyncio.run_coroutine_threadsafe(ask(), background_loop()).result(20)
    assert 1.0 < time.monotonic() - began < 4


def limited(message="slow down", status=429, wait=None, **more):
    return status_error(status)(message, status_code=status, retry_after=wait, **more)


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"retry-after": "7"}, "", 7),
        ({"retry-after": "2"}, '{"details": [{"retryDelay": "17s"}]}', 17),
        ({"retry-after": "20"}, 'x "retryDelay": "17s"', 20),
        ({}, r'b\'{\\n "retryDelay\\": \\"17.5s\\"\'', 17.5),
        ({}, "Please retry in 17.342s.", 17.342),
        ({}, "Please try again in 1m30s", 90),
        ({}, "retry after 5 seconds", 5),
        ({"retry-after-ms": "1500"}, "", 1.5),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, "", 30),
        ({"retry-after": "Sun, 22 Nov 1999 10:00:30 GMT", "date": "Sun, 22 Nov 1999 10:00:00 GMT"}, "", 30),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, "", None),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, "", None),
        ({"retry-after": "-5"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "soon"}, "", None),
    ],
)
def test_N4_N7_the_largest_stated_wait_counts_against_the_servers_clock(headers, text, seconds):
    assert retry_after(headers, text) == seconds


@pytest.mark.parametrize(
    ("problem", "waits"),
    [
        (limited(wait=5), (5, 6)),
        (limited(), (0.2, 1)),
        (limited(wait=59), (59, 60.5)),
        (limited(wait=61), None),
        (limited("Quota exceeded, limit: 0, model: x"), None),
        (limited("You exceeded your quota", code="insufficient_quota"), None),
        (limited("check your billing details"), None),
        *((limited("x", status), (0.2, 1)) for status in (408, 409, 500, 502, 503, 504, 529)),
        *((limited("x", status), None) for status in (400, 401, 402, 403, 404, 413, 422)),
        (limited('{"status": "UNAVAILABLE"}', 400), (0.2, 1)),
        (limited("RESOURCE_EXHAUSTED", 403), (0.2, 1)),
        (limited("upstream said [400] bad", 503), None),
        (limited("[404] no such model", 503), None),
        (limited("API_KEY_INVALID", 503), None),
        (limited("error: NOT_FOUND", 500), None),
        (limited("[429] too many", 503), (0.2, 1)),
        (errors.APIConnectionError("refused"), (0.2, 1)),
        (errors.APITimeoutError("slow"), None),
        (errors.APIConnectionError("broke", status_code=200), None),
    ],
)
def test_N4_N5_what_is_tried_again_and_after_how_long(problem, waits):
    delay = pause(problem, 0)

    assert (delay is None) if waits is None else waits[0] <= delay <= waits[1]


def test_N5_pauses_grow_up_to_eight_seconds():
    for attempt, most in enumerate([0.5, 1, 2, 4, 8, 8, 8]):
        assert all(most / 2 <= pause(limited(status=503), attempt) <= most for _ in range(50))


@pytest.mark.parametrize("fault", ["cut:1", "reset:100", "short:100", "garbage", "length:9"])
def test_N6_nothing_is_sent_again_after_the_first_byte(faulty, engine_to, fault):
    faulty.body = JSON[:-30] if fault == "length:9" else JSON
    faulty.next(fault)
    try:
        engine_to(faulty.base_url, retries=2, timeout=5).generate("x")
    except GemimgError as problem:
        said = str(problem)
        assert said
    assert faulty.asked == 1


def test_N6_at_most_two_more_tries_with_one_key(faulty, engine_to):
    faulty.next(*["status:503,0"] * 5)
    job = engine_to(faulty.base_url, retries=2).start("x")
    with pytest.raises(errors.InternalServerError):
        job.result()

    assert faulty.asked == 3
    assert len({headers["idempotency-key"] for headers, _ in faulty.seen}) == 1
    assert gemimg_magic.Engine(base_url=faulty.base_url, api_key=KEY).settings.retries == 2


def test_N4_one_answer_of_429_holds_every_request_back(gateway, engine_to):
    gateway.reply({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "1"})
    gateway.otherwise = lambda request: reply(completion(png()), delay=0.05)
    engine = engine_to(gateway.base_url, retries=2, parallel=1)
    jobs = [engine.start(f"picture {number}") for number in range(4)]

    assert all(job.result().image for job in jobs)

    told = gateway.requests[0].at
    assert len(gateway.requests) == 5
    assert all(request.at - told > 0.9 for request in gateway.requests[1:])


def test_N8_cancelling_frees_the_connection_at_once(gateway, engine_to):
    gateway.reply(chunks=[sse(chunk("Here "))], hang=True)
    job = engine_to(gateway.base_url).start("x", stream=True)
    until(lambda: gateway.requests, "the request")
    time.sleep(0.1)
    began = time.monotonic()

    assert job.cancel()
    with pytest.raises(errors.Cancelled):
        job.result()
    assert gateway.disconnected.wait(1)
    assert time.monotonic() - began < 0.5


KILLED = """
import gemimg_magic
gemimg_magic.imagine("a fox", stream=True)
"""


def test_N9_a_killed_kernel_leaves_no_lock_and_no_half_file(gateway, private_place, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    gateway.reply(chunks=[SSE[: len(SSE) // 2]], hang=True)
    with subprocess.Popen([sys.executable, "-c", KILLED], cwd=private_place) as kernel:
        until(lambda: list(private_place.glob("imagined/journal/*.reply")), "the journal", timeout=30)
        until(
            lambda: sum(p.stat().st_size for p in private_place.glob("imagined/journal/*")) > 9000,
            "bytes",
            timeout=30,
        )
        kernel.send_signal(signal.SIGKILL)
    store = private_place / "imagined"
    assert not list(store.glob("records/*/*"))
    assert not list(store.glob("pictures/*"))

    gateway.reply(body=SSE, headers={"Content-Type": "text/event-stream"})
    engine = Engine()
    first, again = engine.generate("a fox", stream=True), engine.generate("a fox", stream=True)

    engine.close()
    assert first.image.data == again.image.data == PICTURE
    assert again.replayed
    assert len(gateway.requests) == 2


def test_N10_other_hosts_honour_the_proxy_and_no_proxy(engine_to, monkeypatch):
    with Gateway() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
        problem, _ = failing(engine_to("https://gateway.invalid/v1", timeout=5))
        assert "proxy" in str(problem).lower()
        assert [request.method for request in proxy.requests if "uthorization" in str(request.headers)] == []
        assert proxy.connections == 1
        monkeypatch.setenv("NO_PROXY", "gateway.invalid")
        failing(engine_to("https://gateway.invalid/v1", timeout=5))
        assert proxy.connections == 1


def test_N12_few_dependencies_and_no_gateway_among_them():
    import tomllib

    root = Path(__file__).parents[2]
    needed = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=\[;~! ]", line)[0] for line in needed}

    assert names == {"anywidget", "httpx", "ipython", "ipywidgets", "pillow", "pybase64"}


def test_a_retry_is_told_while_it_waits(faulty, engine_to):
    faulty.body = JSON
    faulty.next("status:503,0")
    job = engine_to(faulty.base_url, retries=1).start("x")

    assert [event.attempt for event in job if isinstance(event, Retrying)] == [1]
