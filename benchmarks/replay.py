"""What a replayed 4K picture costs, against reading its file and hashing it: python benchmarks/replay.py."""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from gemimg_magic import Engine
from gemimg_magic.core.canonical import canonical
from gemimg_magic.core.completions import Completion, GeneratedImage
from gemimg_magic.core.preview import mime_bundle
from gemimg_magic.wire.store import Answer

ROUNDS = 11
GOAL = 1.5


def picture() -> bytes:
    """A PNG of 4096 × 4096 pixels and about 18 MB."""
    side = 4096
    noise = Image.frombytes("L", (side, side), os.urandom(side * side))
    flat = Image.new("L", (side, side))
    with tempfile.TemporaryFile() as file:
        Image.merge("RGB", (noise, flat, flat)).save(file, "PNG", compress_level=1)
        file.seek(0)
        return file.read()


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Measure both, in turns, and print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        engine = Engine(mode="replay", model="m")
        request = engine.request("a fox")
        image = GeneratedImage.of(picture())
        engine.store.record(canonical(request), Answer(Completion(model="m", images=(image,))))
        [file] = Path("imagined/pictures").glob(f"{image.sha256}.png")

        # Pictures of a notebook stay in memory. Dropping each would let one side reuse its memory for free.
        held: list[object] = []

        def floor() -> None:
            data = file.read_bytes()
            held.append((data, hashlib.sha256(data).hexdigest()))

        def replay() -> None:
            image = engine.generate(request).image
            held.append((image, mime_bundle(image)))

        replay()
        runs = [(seconds(floor), seconds(replay)) for _ in range(ROUNDS)]
        os.chdir("/")
    rows = {"wall": 0, "CPU": 1}
    print(f"4K picture of {len(image.data) / 1e6:.1f} MB, medians of {ROUNDS} rounds in turns")
    for name, column in rows.items():
        base, ours = (statistics.median(run[which][column] for run in runs) for which in (0, 1))
        times = f"read and hash {base * 1e3:6.1f} ms   replay {ours * 1e3:6.1f} ms"
        print(f"{name:>5}  {times}   ratio {ours / base:.2f}")
    print(f"goal   ratio at most {GOAL}")


if __name__ == "__main__":
    main()
