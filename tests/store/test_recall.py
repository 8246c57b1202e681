"""Asked once, paid once: the modes of the store, through the engine and a real gateway."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from gemimg_magic import Engine, imagine
from gemimg_magic.core.completions import Finished, ImageArrived, TextDelta
from gemimg_magic.core.errors import (
    APIError,
    BlockedError,
    CutShortError,
    KeyTypedError,
    MissingAPIKey,
    PromptError,
    RefusedError,
    ReplayMiss,
    SettingsError,
    StoreError,
)
from gemimg_magic.core.preview import mime_bundle
from support.gateway import chunk, completion, data_uri, png

KEY = "canary-key-0123456789"
NO_PICTURE = {"choices": [{"message": {"content": "I cannot draw that."}, "finish_reason": "stop"}]}


@pytest.fixture
def engine(gateway):
    made = Engine(base_url=gateway.base_url, api_key=KEY, model="m", retries=0)
    yield made
    made.close()


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def record_file() -> Path:
    [path] = Path("imagined").glob("records/??/*.json")
    return path


def test_the_layout_of_the_store(gateway, engine):
    data = png("red", (1200, 900))
    gateway.reply(completion(data, text="A fox."))
    made = engine.generate("a fox")

    found = files(Path("imagined"))
    digest = made.image.sha256
    assert set(found) == {
        ".gitattributes",
        ".gitignore",
        "store.json",
        f"records/{made.key[:2]}/{made.key}.json",
        f"pictures/{digest}.png",
        f"pictures/{digest}.preview.jpg",
    }
    assert json.loads(found["store.json"]) == {"format": 1}
    assert found[f"pictures/{digest}.png"] == data
    record = json.loads(found[f"records/{made.key[:2]}/{made.key}.json"])
    assert record["request"]["messages"] == [{"role": "user", "parts": [{"text": "a fox"}]}]
    assert f"sha256:{digest}" in json.dumps(record["response"])
    assert not any(
        KEY.encode() in content or str(Path.cwd()).encode() in content for content in found.values()
    )


def test_what_is_recorded_is_not_asked_again(gateway, engine):
    gateway.reply(completion(png("red"), png("blue"), text="Two."))
    first = engine.generate("two foxes")
    second = engine.generate("two foxes")

    assert len(gateway.requests) == 1
    assert (first.replayed, second.replayed) == (False, True)
    assert [i.data for i in second.images] == [i.data for i in first.images]
    assert second.image.provenance.prompt == "two foxes"
    assert second.image.completion is second
    for name in ("id", "model", "created", "usage", "text", "form", "finish_reason", "document", "key"):
        assert getattr(second, name) == getattr(first, name), name


def test_a_replay_tells_the_same_events(gateway, engine):
    gateway.reply(completion(png(), text="A fox."))
    for _ in range(2):
        events = [e for e in engine.start("a fox") if isinstance(e, TextDelta | ImageArrived | Finished)]
        assert [type(e) for e in events] == [TextDelta, ImageArrived, Finished]
        assert events[-1].completion.image.provenance is not None


def test_drafts_and_streams_are_recorded(gateway, engine):
    gateway.reply(events=[chunk("Here: "), chunk(image=png("red")), chunk("done", finish="stop")])
    first = engine.generate("a fox", stream=True)
    second = engine.generate("a fox")  # whole or streamed is no part of the question

    assert second.replayed
    assert second.image == first.image
    assert second.text == first.text == "Here: done"


def test_takes_are_recorded_apart(gateway, engine):
    gateway.reply(completion(png("red")))
    gateway.reply(completion(png("blue")))

    takes = [engine.generate("a fox", take=take).image.data for take in (0, 1, 0, 1)]

    assert takes == [png("red"), png("blue")] * 2


def test_fresh_replaces_the_record(gateway, engine):
    for colour in ("red", "blue"):
        gateway.reply(completion(png(colour)))
    engine.generate("a fox")
    assert engine.start("a fox", mode="record").result().image.data == png("blue")

    assert engine.generate("a fox").image.data == png("blue")


def test_off_leaves_no_trace(gateway, engine):
    gateway.reply(completion(png()), times=2)

    for _ in range(2):
        assert not engine.start("a fox", mode="off").result().key
    assert not Path("imagined").exists()


def test_a_miss_names_the_nearest_record_and_opens_no_socket(gateway, engine, monkeypatch):
    for colour, prompt in (("red", "a red fox in the snow"), ("blue", "a whale")):
        gateway.reply(completion(png(colour)))
        engine.generate(prompt)
    asked = len(gateway.requests)
    monkeypatch.setenv("GEMIMG_MODE", "replay")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a socket was opened"))

    with pytest.raises(ReplayMiss) as caught:
        imagine("a blue fox in the snow", model="m", aspect="16:9")

    assert "'blue', not 'red'" in str(caught.value)
    assert "aspect is '16:9' instead of unset" in str(caught.value)
    assert len(gateway.requests) == asked
    assert imagine("a whale", model="m").image.data == png("blue")


def test_replay_needs_no_key_and_no_http_library(gateway, engine, tmp_path):
    gateway.reply(completion(png()))
    engine.generate("a fox")
    code = (
        "import sys, gemimg_magic\n"
        "done = gemimg_magic.imagine('a fox', profile='openrouter', model='m', mode='replay')\n"
        "assert done.replayed\n"
        "assert not {'httpx', 'httpcore'} & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_without_a_key_the_store_comes_before_the_sketch(gateway, tmp_path):
    from gemimg_magic.core.models import DEFAULT_MODEL

    gateway.reply(completion(png("gold")))
    imagine("a fox", base_url=gateway.base_url, api_key=KEY, model=DEFAULT_MODEL)
    before = files(Path("imagined"))

    assert imagine("a fox").image.data == png("gold")
    assert imagine("a fox", seed=1).model == "sketch, no model"
    assert files(Path("imagined")) == before
    with pytest.raises(ReplayMiss):
        imagine("a whale", mode="replay")


def test_a_missing_key_is_told_only_when_something_must_be_asked():
    engine = Engine(profile="openrouter")

    with pytest.raises(MissingAPIKey, match="OPENROUTER_API_KEY"):
        engine.generate("a fox")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (NO_PICTURE, RefusedError),
        ({"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}, BlockedError),
    ],
)
def test_a_refusal_is_recorded_and_replayed_as_the_same_error(gateway, engine, reply, kind):
    gateway.reply(reply)
    told = []
    for _ in range(2):
        with pytest.raises(kind) as caught:
            engine.generate("a fox")
        told.append(str(caught.value))

    assert len(gateway.requests) == 1
    assert told[0] == told[1]
    assert "--fresh" in told[0]
    assert caught.value.completion.replayed


@pytest.mark.parametrize(
    "how",
    [
        {"json": {"error": {"message": "no"}}, "status": 401},
        {"json": {"error": {"message": "no"}}},
        {"chunks": [b'{"choi'], "drop": True},
    ],
)
def test_errors_of_servers_are_not_recorded(gateway, engine, how):
    gateway.reply(**how)
    with pytest.raises(APIError):
        engine.generate("a fox")

    gateway.reply(completion(png()))
    assert not engine.generate("a fox").replayed


def test_a_cut_picture_is_not_recorded_but_journaled(gateway, engine):
    half = data_uri(png("red", (200, 200)))[:200]
    gateway.reply(body=b'{"choices": [{"message": {"content": "![](' + half.encode() + b')"}}]}')
    with pytest.raises(CutShortError):
        engine.generate("a fox")

    assert not list(Path("imagined").rglob("*.json"))[1:]  # store.json alone
    assert len(engine.store.journaled()) == 1


def test_a_picture_before_the_break_is_recorded_with_its_warning(gateway, engine):
    gateway.reply(events=[chunk(image=png())], done=False, drop=True)
    first, second = engine.generate("a fox", stream=True), engine.generate("a fox")

    assert first.warnings == second.warnings
    assert "broke" in first.warnings[0]
    assert second.replayed


def edited(**changes):
    path = record_file()
    record = json.loads(path.read_text())
    for place, value in changes.items():
        *way, last = place.split("__")
        inner = record
        for step in way:
            inner = inner[step]
        inner[last] = value
    path.write_text(json.dumps(record))


def picture(pattern: str = "*.png") -> Path:
    [path] = Path("imagined/pictures").glob(pattern)
    return path


HARMS = {
    "edited request": (lambda: edited(request__model="other"), "edited"),
    "edited result": (lambda: edited(result__model="better"), "edited"),
    "cut record": (lambda: record_file().write_bytes(record_file().read_bytes()[:-40]), "damaged"),
    "empty record": (lambda: record_file().write_bytes(b""), "damaged"),
    "pointer record": (
        lambda: record_file().write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
        "git lfs",
    ),
    "damaged picture": (lambda: picture().write_bytes(picture().read_bytes()[:-1] + b"x"), "hash"),
    "missing picture": (lambda: picture().unlink(), "missing"),
    "other preview": (lambda: picture("*.jpg").write_bytes(b"\xff\xd8\xff\xd9"), "hash"),
    "pointer": (
        lambda: picture().write_bytes(b"version https://git-lfs.github.com/spec/v1\noid x\n"),
        "git lfs pull",
    ),
    "newer store": (lambda: Path("imagined/store.json").write_text('{"format": 2}'), "Upgrade"),
    "broken store": (lambda: Path("imagined/store.json").write_text("{"), "store.json"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_was_tampered_with_is_never_shown(gateway, engine, harm):
    gateway.reply(completion(png("red", (1200, 900))))
    engine.generate("a fox")
    do, said = HARMS[harm]
    do()

    for mode in ("auto", "replay"):
        with pytest.raises(StoreError, match=said):
            engine.start("a fox", mode=mode).result()
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("harm", [name for name in HARMS if "store" not in name])
def test_fresh_heals(gateway, engine, harm):
    gateway.reply(completion(png("red", (1200, 900))), times=2)
    engine.generate("a fox")
    HARMS[harm][0]()
    engine.start("a fox", mode="record").result()

    assert engine.start("a fox", mode="replay").result().image.size == (1200, 900)


def test_a_record_under_another_name_is_refused(gateway, engine):
    gateway.reply(completion(png()))
    engine.generate("a fox")
    other = engine.request("a whale")
    from gemimg_magic.core.canonical import key

    target = engine.store.record_path(key(other))
    target.parent.mkdir(parents=True, exist_ok=True)
    record_file().rename(target)

    with pytest.raises(StoreError, match="edited"):
        engine.generate("a whale")


def test_a_key_that_a_server_echoes_is_not_written(gateway, engine):
    gateway.reply(completion(png(), text=f"your key is {KEY}", id=KEY, **{KEY: KEY}))
    first, second = engine.generate("a fox"), engine.generate("a fox")

    assert not any(KEY.encode() in content for content in files(Path("imagined")).values())
    assert first.text == second.text == "your key is ****"


def test_a_prompt_with_the_key_is_not_sent(gateway, engine):
    with pytest.raises(KeyTypedError) as caught:
        engine.generate(f"write {KEY} on a wall")

    assert KEY not in str(caught.value)
    assert gateway.requests == []
    assert not Path("imagined").exists()


def test_the_store_is_found_upwards_or_as_configured(gateway, engine, monkeypatch, tmp_path):
    (tmp_path / "imagined").mkdir()
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert engine.store.root == tmp_path / "imagined"
    monkeypatch.setenv("GEMIMG_STORE", "here")
    gateway.reply(completion(png()))
    imagine("a fox", base_url=gateway.base_url, api_key=KEY, model="m")

    assert (inner / "here" / "store.json").is_file()
    assert not list((tmp_path / "imagined").iterdir())


def test_an_unknown_mode_is_refused(monkeypatch, gateway, engine):
    with pytest.raises(PromptError, match="mode"):
        engine.start("a fox", mode="sometimes")
    monkeypatch.setenv("GEMIMG_MODE", "always")
    with pytest.raises(SettingsError, match="replay"):
        Engine()


def test_a_picture_that_cannot_be_decoded_is_kept_and_shown(gateway, engine, shell):
    """A large picture is not decoded before the preview is made; it was paid for even if that fails."""
    out = io.BytesIO()
    Image.effect_noise((1500, 1500), 90).save(out, "PNG")
    data = bytearray(out.getvalue())
    data[len(data) // 2] ^= 0xFF
    gateway.reply(completion(bytes(data)))
    first, second = engine.generate("a fox"), engine.generate("a fox")

    assert second.replayed
    assert first.image.data == second.image.data == data
    assert first.warnings == ()
    bundles = [mime_bundle(made.image) for made in (first, second)]
    assert bundles[0] == bundles[1]


def test_no_traceback_shows_the_key(gateway, shell, monkeypatch):
    """`%xmode Verbose` prints variables, and evaluates the expressions of every line that it shows."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    shell.run("%xmode Verbose\n%config ImagineMagics.short_errors = False")
    gateway.reply(completion(png("red", (1200, 900))), times=2)
    shell.run("%imagine a fox")
    for do, _ in HARMS.values():
        with contextlib.suppress(OSError, ValueError, IndexError):
            do()
        trace = shell.run("%imagine a fox", fails=True).traceback
        assert "StoreError" in trace
        assert len(trace.splitlines()) > 5
        assert KEY not in trace
    from gemimg_magic.core.secret import Secret
    from gemimg_magic.wire.store.redact import Redactor

    shell.user_ns["redactor"] = Redactor([Secret(KEY, "test")])
    trace = shell.run(f"redactor.refuse(('x' + {KEY[::-1]!r}[::-1]).encode(), 'This')", fails=True).traceback
    assert "StoreError" in trace
    assert KEY not in trace.replace(f"b'x{KEY}'", "")  # the bytes that were passed in


def unwritable() -> Path:
    """A place where not even root can make a folder."""
    return Path("/proc/gemimg-store")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_an_unwritable_folder_still_gives_the_picture(gateway):
    gateway.reply(completion(png("red")))
    made = imagine("a fox", base_url=gateway.base_url, api_key=KEY, model="m", store=str(unwritable()))

    assert made.image.data == png("red")
    [warning] = made.warnings
    assert "not in the store 'gemimg-store'" in warning
    assert "\n" not in warning


FULL_DISK = """
import resource, signal, sys
from gemimg_magic import imagine
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
made = imagine("a fox", base_url=sys.argv[1], api_key="canary-key-0123456789", model="m")
print(len(made.image.data), made.warnings)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on files")
def test_a_full_disk_still_gives_the_picture(gateway, tmp_path):
    """A limit on the size of files fails in the same place as a full disk: in the middle of a write."""
    noise = Image.effect_noise((300, 300), 90)
    noise.save("noise.png")
    data = Path("noise.png").read_bytes()
    gateway.reply(completion(data))

    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, gateway.base_url], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"{len(data)} (")
    assert "This answer is not in the store 'imagined': File too large." in ran.stdout
    left = [path for path in Path("imagined").rglob("*") if path.is_file() and path.parent.name != "imagined"]
    assert not [path for path in left if path.suffix in (".png", ".json")], left
    assert not [path for path in left if path.name.startswith(".tmp-")], left
