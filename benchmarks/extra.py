"""The jobs that are not one picture over the wire: loading, many at once, a whole cell, a notebook."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from collections.abc import Callable
from typing import Any

from pictures import noise

MANY = 64


def load(client: str, url: str, reply: str, count: int) -> dict[str, float]:
    """CPU seconds that a package costs on top of a kernel; once per process, since modules load once."""
    import ipykernel.kernelapp  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    began = time.process_time()
    if client == "gemimg_magic":
        shell.run_line_magic("load_ext", "gemimg_magic")
    else:
        __import__(client.split()[0])
    return {"cpu": time.process_time() - began}


def many(client: str, url: str, reply: str, count: int) -> dict[str, float]:
    """Wall seconds for 64 pictures of 2 s each, and the longest stall of the event loop."""
    return (_many_ours if client == "gemimg_magic" else _many_openai)(f"{url}/{reply}/v1")


class Watch:
    """The longest time for which an event loop did nothing else."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - began - 0.001)


def _many_ours(url: str) -> dict[str, float]:
    from gemimg_magic import Engine
    from gemimg_magic.jobs import background_loop

    engine = Engine(base_url=url, api_key="k", model="m", mode="off", parallel=MANY)
    # What is loaded once is no part of it.
    engine.generate("a fox")
    watch = Watch()
    watching = asyncio.run_coroutine_threadsafe(watch.run(), background_loop())
    began, used = time.perf_counter(), time.process_time()
    for job in [engine.start("a fox") for _ in range(MANY)]:
        job.result()
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    watching.cancel()
    return {"wall": wall, "cpu": cpu / MANY, "stall": watch.longest}


def _many_openai(url: str) -> dict[str, float]:
    from openai import AsyncOpenAI

    async def main() -> dict[str, float]:
        library = AsyncOpenAI(base_url=url, api_key="k", max_retries=0)
        question: list[Any] = [{"role": "user", "content": "a fox"}]

        async def one() -> bytes:
            answer = await library.chat.completions.create(model="m", messages=question)
            return base64.b64decode(answer.choices[0].message.images[0]["image_url"]["url"].partition(",")[2])

        await one()
        watch = Watch()
        watching = asyncio.create_task(watch.run())
        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one() for _ in range(MANY)))
        wall, cpu = time.perf_counter() - began, time.process_time() - used
        watching.cancel()
        return {"wall": wall, "cpu": cpu / MANY, "stall": watch.longest}

    return asyncio.run(main())


def cell(client: str, url: str, reply: str, count: int) -> dict[str, float]:
    """CPU seconds of a ``%%imagine`` cell with a 1K picture, a store and a preview, without the model."""
    import os
    import tempfile

    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    os.environ |= {"GEMIMG_BASE_URL": f"{url}/{reply}/v1", "GEMIMG_API_KEY": "k", "GEMIMG_MODEL": "m"}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shell = InteractiveShell.instance(display_pub_class=CapturingDisplayPublisher)
        shell.run_line_magic("load_ext", "gemimg_magic")
        shell.run_cell("%%imagine\nwarm up")
        used = []
        for number in range(count):
            began = time.process_time()
            shell.run_cell(f"%%imagine -o fox\na fox {number}")
            used.append(time.process_time() - began)
        os.chdir("/")
    return {"cpu": sorted(used)[len(used) // 2]}


def weight(client: str, url: str, reply: str, count: int) -> dict[str, float]:
    """Bytes that ten 4K pictures put into a notebook: our previews, or the originals as base64."""
    picture = noise(3840, 4096)
    if client == "gemimg_magic":
        from gemimg_magic import GeneratedImage
        from gemimg_magic.core.preview import mime_bundle

        data, metadata = mime_bundle(GeneratedImage.of(picture))
        text = {name: _text(value) for name, value in data.items()}
        return {"bytes": 10 * len(json.dumps([text, metadata]))}
    from PIL import Image

    both = {"image/png": _text(picture)}
    with io.BytesIO() as jpeg:
        Image.open(io.BytesIO(picture)).save(jpeg, "JPEG")
        both["image/jpeg"] = _text(jpeg.getvalue())
    return {"bytes": 10 * len(json.dumps(both))}


def _text(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


JOBS: dict[str, Callable[[str, str, str, int], dict[str, float]]] = {
    "load": load,
    "many": many,
    "cell": cell,
    "weight": weight,
}
