"""Many writers at once, and writers that are killed: no torn file, nothing lost."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gemimg_magic.core.canonical import canonical
from gemimg_magic.core.completions import Completion, GeneratedImage
from gemimg_magic.core.messages import ImageRequest, user
from gemimg_magic.wire.store import Answer, Store
from gemimg_magic.wire.store.audit import check
from gemimg_magic.wire.store.files import sweep, write_atomic, write_new
from support.gateway import png

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks many writers")

# In a process of its own, because a fork takes no threads along.
WRITERS = """
import os, random, signal, sys, time
from pathlib import Path
from gemimg_magic.core.canonical import canonical
from gemimg_magic.core.completions import Completion, GeneratedImage
from gemimg_magic.core.messages import ImageRequest, user
from gemimg_magic.wire.store import Answer, Store

def write(numbers, colour_of):
    for number in numbers:
        data = colour_of(number)
        image = GeneratedImage.of(data)
        form = canonical(ImageRequest("m", (user(f"picture {number}"),)))
        Store(Path("imagined"), day="2026-11-22").record(form, Answer(Completion(model="m", images=(image,))))
"""
KILLED = (
    WRITERS
    + """
import io
from PIL import Image
def noise(spread):
    buffer = io.BytesIO()
    Image.effect_noise((400, 400), spread).save(buffer, "PNG")
    return buffer.getvalue()

# Made once: the writers are to be killed while they write.
pictures = [noise(60 + number) for number in range(20)]
random.seed(7)
children = []
for writer in range(50):
    child = os.fork()
    if child == 0:
        write(range(writer, 10_000), lambda number: pictures[number % 20])
        os._exit(0)
    children.append(child)
    if len(children) == 10:
        for child in children:
            time.sleep(random.uniform(0, 0.06))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        children = []
"""
)
TOGETHER = (
    WRITERS
    + """
import io
from PIL import Image
def plain(number):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (number, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()

write(range(40), plain)
"""
)


def run(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


def test_fifty_writers_killed_at_random_leave_no_torn_file():
    assert run(KILLED).wait(60) == 0

    store = Store(Path("imagined"))
    records = store.record_files()
    pictures = [p for p in Path("imagined/pictures").iterdir() if not p.name.startswith(".tmp-")]
    assert len(records) >= 5
    assert [finding for finding in check(store) if finding.is_fault] == []
    assert all(json.loads(path.read_bytes()) for path in records)
    for path in pictures:
        if ".preview." not in path.name:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    for path in Path("imagined").rglob(".tmp-*"):
        os.utime(path, (0, 0))
    assert sweep(Path("imagined/pictures")) + sum(map(sweep, Path("imagined/records").iterdir())) >= 0
    assert not list(Path("imagined").glob("*/.tmp-*"))


def test_four_processes_write_the_same_store_and_lose_nothing():
    writers = [run(TOGETHER) for _ in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4

    store = Store(Path("imagined"))
    assert len(store.record_files()) == 40
    assert list(check(store)) == []
    assert not list(Path("imagined").rglob(".tmp-*"))
    for number in range(40):
        assert store.lookup(canonical(ImageRequest("m", (user(f"picture {number}"),)))) is not None


def test_the_same_answer_gives_the_same_bytes():
    """A second kernel that writes the same answer makes no difference that git could see."""
    form = canonical(ImageRequest("m", (user("a fox"),)))
    answer = Answer(Completion(model="m", images=(GeneratedImage.of(png()),)))
    store = Store(Path("imagined"), day="2026-11-22")
    seen = []
    for _ in range(2):
        store.record(form, answer)
        seen.append({p: p.read_bytes() for p in Path("imagined").rglob("*") if p.is_file()})

    assert seen[0] == seen[1]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    write_atomic(file, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(file, b"new")

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_only_old_temporary_files_are_swept(tmp_path):
    for name in (".tmp-old", ".tmp-new", "old.png"):
        (tmp_path / name).write_bytes(b"x")
    for name in (".tmp-old", "old.png"):
        os.utime(tmp_path / name, (time.time() - 4000,) * 2)

    assert sweep(tmp_path) == 1
    assert {path.name for path in tmp_path.iterdir()} == {".tmp-new", "old.png"}
    assert sweep(tmp_path / "not there") == 0


def test_new_files_replace_nothing(tmp_path):
    assert write_new(tmp_path / "a", b"1")
    assert not write_new(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
