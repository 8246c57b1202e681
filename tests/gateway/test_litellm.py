"""A real gateway in the loop: our engine, LiteLLM's proxy, and a stand-in for Google behind it.

LiteLLM lives in a virtual environment of its own, made once and kept: in the folder that
GEMIMG_GATEWAY_VENV names, else in the user's cache folder. It takes about 600 MB, so nobody gets it
unasked: these tests run with GEMIMG_REQUIRE_GATEWAY=1, or when one of those folders holds it already.

Where LiteLLM loses something on the way, a test asserts what is left and a comment says what is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway import google_stand_in
from gateway.google_stand_in import KEY, MODEL, REFUSAL, TOKENS_OF_A_PICTURE, draw, greyed, pictures_in
from gemimg_magic import Engine
from gemimg_magic.core.completions import Finished, ImageArrived
from gemimg_magic.core.errors import (
    AuthenticationError,
    BadRequestError,
    BlockedError,
    InternalServerError,
    NoImageError,
    RateLimitError,
    RefusedError,
)
from gemimg_magic.core.messages import ImagePart, ImageRequest, assistant, user
from gemimg_magic.jobs import background_loop
from support import foreign
from support.gateway import Gateway, png

# The newest whose own pins could be met when this was written.
REQUIREMENT = "litellm[proxy]==1.106.2"
MASTER_KEY = "sk-test-the-key-of-the-proxy"
INSTALL, START = 600.0, 120.0  # seconds at most

# The first test pays for the installation.
pytestmark = [pytest.mark.gateway, pytest.mark.timeout(INSTALL + START + 60)]


@pytest.fixture(scope="session")
def litellm_python() -> Path:
    """The interpreter of an environment that has LiteLLM's proxy."""
    version = f"py{sys.version_info[0]}.{sys.version_info[1]}"
    place = _kept() / f"{REQUIREMENT.replace('[proxy]==', '-')}-{version}"
    python = Path("bin", "python")
    if not place.exists():
        if os.environ.get("GEMIMG_REQUIRE_GATEWAY") != "1":
            pytest.skip("LiteLLM is not installed for tests (600 MB); GEMIMG_REQUIRE_GATEWAY=1 does that")
        # Made beside its place and moved there when it is whole, so that what stands there can be trusted.
        # After the move only `python -c` works: the scripts in bin/ name the old folder.
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix="unfinished-") as unfinished:
            new = Path(unfinished, "venv")
            venv.create(new, symlinks=True)
            _install(new / python)
            with suppress(OSError):  # another run was faster
                new.rename(place)
    return place / python


def _kept() -> Path:
    if named := os.environ.get("GEMIMG_GATEWAY_VENV"):
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    with suppress(OSError):
        cache.mkdir(exist_ok=True)
    return (cache if os.access(cache, os.W_OK) else Path(tempfile.gettempdir())) / "gemimg-magic-tests"


def _install(python: Path) -> None:
    # Our own pip works for the other environment too, which saves installing one there.
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-input"]
    command += ["--prefer-binary", "--no-compile", "--retries", "2", REQUIREMENT]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL, check=False
        )
        said = "" if done.returncode == 0 else done.stderr
    except subprocess.TimeoutExpired:
        said = f"no end after {INSTALL:g} s"
    if said:
        last = next((line for line in reversed(said.splitlines()) if line.startswith("ERROR")), said[-300:])
        pytest.fail(f"pip could not install {REQUIREMENT}: {last.strip()}")


@pytest.fixture(scope="session")
def behind() -> Iterator[Gateway]:
    """Google, as the proxy sees it."""
    with Gateway() as server:
        server.otherwise = google_stand_in.answer
        yield server


@pytest.fixture(scope="session")
def proxy(litellm_python: Path, behind: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a running LiteLLM proxy."""
    base = tmp_path_factory.mktemp("litellm")
    config = base / "config.yaml"
    config.write_text(json.dumps(_configuration(f"{behind.origin}/v1beta")))  # JSON is YAML, too
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in foreign(os.environ)}
    # With these it asks no other host for anything.
    environment |= {
        f"LITELLM_LOCAL_{what}": "True"
        for what in (
            "ANTHROPIC_BETA_HEADERS",
            "AUTOROUTER_PRESETS",
            "BLOG_POSTS",
            "MODEL_COST_MAP",
            "POLICY_TEMPLATES",
        )
    }
    environment |= {"HOME": str(base), "LITELLM_TELEMETRY": "False"}
    # -I: no PYTHONPATH of ours reaches it; and it may write byte code, which halves the next start.
    command = [str(litellm_python), "-I", "-c", "from litellm import run_server; run_server()"]
    command += ["--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    log = base / "proxy.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=base,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health/liveliness", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _end(process)


def _configuration(google: str) -> dict[str, object]:
    # LiteLLM appends /models/{model}:generateContent to the address.
    model = {"model": f"gemini/{MODEL}", "api_base": google, "api_key": KEY}
    return {
        "model_list": [{"model_name": MODEL, "litellm_params": model}],
        "general_settings": {"master_key": MASTER_KEY},
        "litellm_settings": {"telemetry": False},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        with suppress(OSError), direct.open(address, timeout=5):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"LiteLLM did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    for blow in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, blow)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


@pytest.fixture
def google(behind: Gateway) -> Gateway:
    """What Google was asked in this test."""
    behind.requests.clear()
    return behind


@pytest.fixture
def engine_with(proxy: str, google: Gateway) -> Iterator[Callable[[str], Engine]]:
    """`engine_with(key)`: an engine for the proxy."""
    engines = []

    def make(key: str) -> Engine:
        engine = Engine(base_url=proxy, api_key=key, profile="litellm", model=MODEL, retries=0, timeout=60.0)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(engine_with: Callable[[str], Engine]) -> Engine:
    return engine_with(MASTER_KEY)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_a_picture_arrives_as_it_was_drawn(engine, google, stream):
    completion = engine.generate("a fox in the snow", stream=stream)

    assert [image.data for image in completion.images] == [draw("a fox in the snow")]
    assert completion.image.media_type == "image/png"
    assert completion.text == "Here it is."
    assert (completion.model, completion.finish_reason) == (MODEL, "stop")
    assert completion.usage.completion_tokens == TOKENS_OF_A_PICTURE
    assert completion.usage.details["completion_tokens_details"]["image_tokens"] == TOKENS_OF_A_PICTURE
    # LiteLLM knows the price: in a header, or in the usage of a stream.
    assert completion.usage.cost == pytest.approx(0.0387, rel=0.01)
    [asked] = google.requests
    kind = "streamGenerateContent?alt=sse" if stream else "generateContent"
    assert asked.path == f"/v1beta/models/{MODEL}:{kind}"
    assert asked.json["generationConfig"]["responseModalities"] == ["IMAGE", "TEXT"]


def test_a_large_picture(engine, stream):
    completion = engine.generate("a large field of flowers", stream=stream)
    assert len(completion.image.data) > 2_000_000
    assert completion.image.data == draw("a large field of flowers")


def test_a_streamed_picture_is_there_before_the_end(engine):
    job = engine.start("a fox", stream=True)
    job.result()
    events: list[object] = []
    job.watch(events.append)  # those of the past, in their order
    [at] = [number for number, event in enumerate(events) if isinstance(event, ImageArrived)]
    [end] = [number for number, event in enumerate(events) if isinstance(event, Finished)]
    assert events[at].image.data == draw("a fox")
    assert at < end


def test_pictures_asked_for_at_once_do_not_mix(engine, stream):
    prompts = [f"kite number {number}" for number in range(8)]
    jobs = [engine.start(prompt, stream=stream) for prompt in prompts]
    assert [job.result().image.data for job in jobs] == [draw(prompt) for prompt in prompts]


def test_an_edit_sends_the_exact_picture(engine, google, stream):
    reference = png((200, 60, 20), size=(40, 30))
    completion = engine.generate("make it grey", images=[ImagePart.of(reference)], stream=stream)

    assert pictures_in(google.last.json) == [reference]
    assert completion.image.data == greyed(reference)
    assert completion.image.pil.mode == "L"
    assert completion.image.parents == (ImagePart.of(reference),)


def test_an_earlier_picture_goes_back_in_the_turn_that_made_it(engine, google, stream):
    first = engine.generate("a fox").image
    turns = (user("a fox"), assistant("Here it is.", first), user("now make it grey"))
    completion = engine.generate(ImageRequest(MODEL, turns, stream=stream))

    asked = google.last.json
    assert [turn["role"] for turn in asked["contents"]] == ["user", "model", "user"]
    assert pictures_in({"contents": asked["contents"][1:2]}) == [first.data]
    assert completion.image.data == greyed(first.data)


def test_options_reach_google(engine, google, stream):
    completion = engine.generate(
        "a lake", aspect="16:9", seed=7, temperature=0.5, max_tokens=99, stream=stream
    )

    config = google.last.json["generationConfig"]
    assert config["imageConfig"] == {"aspectRatio": "16:9"}
    assert (config["seed"], config["temperature"], config["max_output_tokens"]) == (7, 0.5, 99)
    assert completion.image.size == (128, 72)


def test_a_system_turn_reaches_google(engine, google):
    engine.generate("a lake", system="Draw in ink.")
    asked = google.last.json
    said = asked.get("systemInstruction") or asked["system_instruction"]
    assert said["parts"] == [{"text": "Draw in ink."}]


def test_two_pictures_keep_their_order(engine, stream):
    # LiteLLM gives both of them the index 0.
    completion = engine.generate("two foxes", stream=stream)
    assert [image.data for image in completion.images] == [draw("two foxes 1"), draw("two foxes 2")]


def test_after_a_draft_the_last_picture_is_the_result(engine, stream):
    # LiteLLM passes the draft on without saying that it is one.
    completion = engine.generate("a fox, with a draft", stream=stream)
    assert completion.image.data == draw("a fox, with a draft")
    assert [image.data for image in (*completion.drafts, *completion.images)] == [
        draw("a fox, with a draft draft"),
        draw("a fox, with a draft"),
    ]
    assert completion.choices[0].reasoning == "Perhaps like this?"
    assert completion.text == ""


def test_a_mislabelled_picture_is_named_by_its_bytes(engine, stream):
    completion = engine.generate("a mislabelled fox", stream=stream)
    assert completion.image.data == draw("a mislabelled fox", kind="JPEG")
    assert completion.image.media_type == "image/jpeg"


def test_a_refusal_is_told_in_the_words_of_the_model(engine, stream):
    with pytest.raises(RefusedError) as caught:
        engine.generate("to be refused", stream=stream)
    assert REFUSAL in str(caught.value)
    assert caught.value.completion.text == REFUSAL


@pytest.mark.parametrize("prompt", ["a blocked prompt", "an unsafe picture"])
def test_a_block_is_a_block(engine, stream, prompt):
    # LiteLLM says `content_filter` for both, and leaves out Google's reason and message.
    with pytest.raises(BlockedError) as caught:
        engine.generate(prompt, stream=stream)
    assert caught.value.completion.finish_reason == "content_filter"


def test_no_picture(engine, stream):
    # LiteLLM says `content_filter` to this, too. Only a whole reply has Google's NO_IMAGE beside it.
    with pytest.raises(NoImageError) as caught:
        engine.generate("nothing to see", stream=stream)
    assert not isinstance(caught.value, RefusedError)
    assert caught.value.completion.finish_reason == "content_filter"


def test_no_picture_is_no_block_where_litellm_says_so(engine):
    with pytest.raises(NoImageError) as caught:
        engine.generate("nothing to see")
    assert caught.value.completion.choices[0].native_finish_reason == "NO_IMAGE"
    assert not isinstance(caught.value, BlockedError)


def test_a_rate_limit_says_how_long_to_wait(engine, google, stream):
    # No header says it: Google's error is quoted in the message, streamed as a Python repr of its bytes.
    with pytest.raises(RateLimitError, match="exceeded your current quota") as caught:
        engine.generate("too often", stream=stream)
    assert caught.value.retry_after == 17
    assert caught.value.status_code == 429
    assert len(google.requests) == 1


def test_a_key_that_google_refuses(engine, stream):
    # Google says 400. LiteLLM makes that 401, but leaves it 400 for a stream.
    kinds = (AuthenticationError, BadRequestError) if stream else AuthenticationError
    with pytest.raises(kinds, match="API key not valid") as caught:
        engine.generate("with a bad key", stream=stream)
    assert MASTER_KEY not in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_key_that_the_proxy_refuses(engine_with, google, stream):
    # Without a database LiteLLM can only compare with the master key. It says 400 then, not 401.
    wrong = "sk-test-some-other-key"
    with pytest.raises((AuthenticationError, BadRequestError), match="No connected db") as caught:
        engine_with(wrong).generate("a fox", stream=stream)
    assert caught.value.status_code == 400
    assert wrong not in str(caught.value)
    assert google.requests == []


def test_no_key_at_all(engine_with, google, stream):
    # LiteLLM breaks: HTTP 500 with three words of plain text.
    with pytest.raises(InternalServerError, match="Internal Server Error"):
        engine_with("").generate("a fox", stream=stream)
    assert google.requests == []


def test_an_overloaded_model(engine, google, stream):
    with pytest.raises(InternalServerError, match="The model is overloaded") as caught:
        engine.generate("overloaded", stream=stream)
    # LiteLLM makes 500 of Google's 503, unless it streams.
    assert caught.value.status_code == (503 if stream else 500)
    assert len(google.requests) == 1


def test_a_model_that_the_proxy_does_not_know(engine, google, stream):
    with pytest.raises(BadRequestError, match="Invalid model name"):
        engine.generate("a fox", model="gemini-0-image", stream=stream)
    assert google.requests == []


def test_the_models_of_the_proxy(engine):
    listed = asyncio.run_coroutine_threadsafe(engine.models(), background_loop()).result(30)
    assert [entry["id"] for entry in listed] == [MODEL]
