"""One measurement in a process of its own: warm up, then do the job a few times. Prints one line of JSON."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clients
import extra
from pictures import noise, numbered

REFERENCES = 14
_STATUS = Path("/proc/self/status")


def resident(field: str) -> int:
    """Bytes in memory: ``VmRSS`` now, ``VmHWM`` at most. Zero where the system does not say."""
    if not _STATUS.exists():
        return 0
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def forget_peak() -> int:
    """Begin a new peak of memory; what is in use now."""
    gc.collect()
    # `ru_maxrss` would do everywhere, but it includes what the parent used before it started this process.
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return resident("VmHWM")
    return resident("VmRSS")


def repeated(job: Callable[[], Any], count: int) -> dict[str, float]:
    """Peak of memory above the start in the first run; CPU and wall seconds of the others, the medians."""
    before = forget_peak()
    job()
    peak = max(0, resident("VmHWM") - before)
    cpu, wall = [], []
    for _ in range(count):
        began, used = time.perf_counter(), time.process_time()
        job()
        cpu.append(time.process_time() - used)
        wall.append(time.perf_counter() - began)
    return {"cpu": statistics.median(cpu), "wall": statistics.median(wall), "memory": peak}


def receive(client: str, url: str, reply: str, count: int) -> dict[str, float]:
    stream = reply in ("event", "deltas")
    fetch = clients.RECEIVE[client](stream)
    fetch(f"{url}/small-stream" if stream and client != "raw socket" else f"{url}/small")
    seen: list[bytes] = []

    def job() -> None:
        # Pictures of a notebook stay in memory; to drop each would let some clients reuse it for free.
        seen.append(fetch(f"{url}/{reply}"))

    found = repeated(job, count)
    if hashlib.sha256(seen[0]).digest() != hashlib.sha256(noise(3840, 4096)).digest():
        raise SystemExit(f"{client} gave another picture")
    return found


def send(client: str, url: str, reply: str, count: int) -> dict[str, float]:
    pictures = [*numbered(noise(2048, 1720), REFERENCES)]
    post = clients.SEND[client]()
    post(f"{url}/{reply}", pictures[:1])
    return repeated(lambda: post(f"{url}/{reply}", pictures), count)


def last_byte(client: str, url: str, reply: str, count: int) -> dict[str, float]:
    """Seconds from the last byte, which the server holds back for a while, to the picture."""
    fetch = clients.RECEIVE[client](False)
    fetch(f"{url}/small")
    fetch(f"{url}/{reply}")
    waits = []
    for _ in range(count):
        fetch(f"{url}/{reply}")
        done = time.monotonic()
        with urllib.request.urlopen(f"{url}/last") as answer:
            waits.append(done - json.load(answer))
    return {"wait": statistics.median(waits)}


JOBS = {"receive": receive, "send": send, "last": last_byte, **extra.JOBS}


def main() -> None:
    """Arguments: job, client, address of the server, reply, how often."""
    job, client, url, reply, count = sys.argv[1:]
    os.environ["NO_PROXY"] = "127.0.0.1"
    print(json.dumps(JOBS[job](client, url, reply, int(count))))


if __name__ == "__main__":
    main()
