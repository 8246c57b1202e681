"""The journal: what arrived is never lost, whatever happened to the kernel, the gateway or the reader."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gemimg_magic import Engine
from gemimg_magic.core.canonical import canonical
from gemimg_magic.core.errors import Cancelled, DecodeError
from gemimg_magic.core.messages import ImageRequest, user
from gemimg_magic.core.secret import Secret
from gemimg_magic.wire.store import Store
from gemimg_magic.wire.store.redact import Redactor
from support import until
from support.gateway import chunk, completion, png, sse

KEY = "canary-key-0123456789"


@pytest.fixture
def engine(gateway):
    made = Engine(base_url=gateway.base_url, api_key=KEY, model="m", retries=0)
    yield made
    made.close()


def journals() -> list[Path]:
    return sorted(Path("imagined/journal").glob("*"))


def test_it_is_empty_in_good_times(gateway, engine):
    gateway.reply(completion(png()))
    gateway.reply({"choices": [{"message": {"content": "no"}, "finish_reason": "stop"}]})
    gateway.reply({"error": {"message": "no"}}, status=400)
    engine.generate("a fox")
    for prompt in ("bad", "worse"):
        with pytest.raises(Exception, match="no"):
            engine.generate(prompt)

    assert journals() == []


KILLED = """
import sys
from gemimg_magic import imagine
imagine("two foxes", base_url=sys.argv[1], api_key="canary-key-0123456789", model="m", stream=True)
"""


def killed_while_receiving(gateway) -> None:
    whole, half = sse(chunk(image=png("red"))), sse(chunk(image=png("blue", (400, 400))))[:300]
    gateway.reply(chunks=[whole, half], headers={"Content-Type": "text/event-stream"}, hang=True)
    kernel = subprocess.Popen([sys.executable, "-c", KILLED, gateway.base_url])
    try:
        until(lambda: journals() and journals()[0].stat().st_size > len(whole) + 300, "the reply", timeout=20)
    finally:
        os.kill(kernel.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        kernel.wait()


def test_a_killed_kernel_leaves_a_journal_and_no_half_picture(gateway, shell, monkeypatch):
    killed_while_receiving(gateway)

    assert [
        p for p in Path("imagined").rglob("*") if p.suffix in (".png", ".json") and p.name != "store.json"
    ] == []
    ran = shell.run("%gemimg recover")
    assert "1 whole" in ran.stdout
    assert "two foxes" in ran.stdout
    assert len(ran.pictures) == 1

    ran = shell.run("%gemimg recover 1 fox")
    assert shell.user_ns["fox"].data == png("red")
    assert "user: two foxes" in shell.user_ns["fox"].recipe()
    assert journals() == []
    monkeypatch.setenv("GEMIMG_MODE", "replay")
    monkeypatch.setenv("GEMIMG_MODEL", "m")
    assert shell.run("%imagine two foxes").result == shell.user_ns["fox"]


def test_a_reply_in_no_known_form_is_kept(gateway, engine):
    gateway.reply(body=b"<html>hello</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(DecodeError):
        engine.generate("a fox")

    [path] = journals()
    head, body = path.read_bytes().split(b"\n", 1)
    assert body == b"<html>hello</html>"
    assert json.loads(head)["request"]["model"] == "m"
    assert {p.name for p in Path("imagined").iterdir()} == {
        ".gitattributes",
        ".gitignore",
        "journal",
        "store.json",
    }


def test_a_cancelled_reply_is_kept_when_it_may_hold_a_picture(gateway, engine):
    gateway.reply(chunks=[sse(chunk(image=png("red", (300, 300)))), b": hi\n\n" * 200], hang=True)
    job = engine.start("a fox", stream=True)
    until(lambda: journals() and journals()[0].stat().st_size > 1500, "the reply")
    job.cancel()
    with pytest.raises(Cancelled):
        job.result()

    until(lambda: engine.store.journaled()[0].size > 1200, "the journal")
    assert engine.store.journaled()[0].read().image.data == png("red", (300, 300))


def test_only_the_last_attempt_counts(gateway):
    engine = Engine(base_url=gateway.base_url, api_key=KEY, model="m", retries=1)
    gateway.reply({"error": {"message": "busy"}}, status=503)
    gateway.reply(body=b"odd", headers={"Content-Type": "text/html"})
    with pytest.raises(DecodeError):
        engine.generate("a fox")
    engine.close()

    assert journals()[0].read_bytes().endswith(b"\nodd")


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_an_echoed_key_is_hidden_while_it_arrives(size, tmp_path):
    """A killed kernel cleans nothing up, so the key must not reach the disk in the first place."""
    body = f"Incorrect key {KEY}, base64 Y2FuYXJ5LWtleS0wMTIzNDU2Nzg5, canary-key-012 {KEY}".encode()
    form = canonical(ImageRequest("m", (user("a fox"),)))
    journal = Store(tmp_path, keys=[Secret(KEY, "test")]).journal(form)
    journal.begin(200, {"content-type": "text/plain", "set-cookie": "session=1"})
    for at in range(0, len(body), size):
        journal.write(body[at : at + size])
        assert KEY.encode() not in journal.path.read_bytes()
    journal.keep()

    data = journal.path.read_bytes()
    assert data.endswith(b"Incorrect key ****, base64 ****, canary-key-012 ****")
    assert b"session" not in data


def test_what_looks_like_a_key_is_hidden_but_pictures_stay_whole():
    picture = b"A" * 300 + b"/AIza" + b"B" * 300
    said = b'{"a": "sk-0123456789abcdefXYZ", "b": "' + picture + b'", "c": "\xff"}'

    cleaned = Redactor().data(said)

    assert b"sk-0123" not in cleaned
    assert picture in cleaned
    assert cleaned.endswith(b'"c": "\xff"}')


def test_recover_says_when_there_is_nothing(shell):
    assert "empty" in shell.run("%gemimg recover").stdout


def test_recover_lists_what_cannot_be_read_and_clears(gateway, engine, shell):
    gateway.reply(body=b"<html>hello</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(DecodeError):
        engine.generate("a fox")
    Path("imagined/journal/odd.reply").write_bytes(b"not a head")

    assert "no known form" in shell.run("%gemimg recover").stdout
    assert "1 to 1" in shell.run("%gemimg recover 4 x", fails=True).traceback
    shell.run("%gemimg recover clear")
    assert [path.name for path in journals()] == ["odd.reply"]


def test_a_full_disk_stops_no_reply(gateway, engine, monkeypatch):
    gateway.reply(completion(png()))
    real = Path.open

    def full(path, mode="r", *others, **named):
        if "x" in mode:
            raise OSError(28, "No space left on device")
        return real(path, mode, *others, **named)

    monkeypatch.setattr(Path, "open", full)
    made = engine.generate("a fox")
    monkeypatch.undo()

    assert "No space left" in made.warnings[-1]
