"""How users' code is typed: checked by mypy, never run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

from gemimg_magic import Completion, Engine, GeneratedImage, Grid, Session, errors, imagine, sweep
from gemimg_magic.core.completions import Event, Usage
from gemimg_magic.core.messages import ImagePart, Message
from gemimg_magic.jobs import Job


def python_calls(photo: bytes) -> None:
    completion = imagine("a fox", images=[photo, Path("fox.png")], aspect="16:9")
    assert_type(completion, Completion)
    assert_type(completion.image, GeneratedImage)
    assert_type(completion.images, tuple[GeneratedImage, ...])
    assert_type(completion.usage, Usage)
    assert_type(completion.usage.cost, float | None)
    assert_type(completion.image.data, bytes)
    assert_type(completion.image.size, tuple[int, int])
    assert_type(completion.image.parents, tuple[ImagePart, ...])
    assert_type(completion.image.save("fox.png"), Path)


async def jobs(engine: Engine) -> None:
    job = engine.start("a fox")
    assert_type(job, Job[Completion])
    assert_type(await job, Completion)
    assert_type(job.result(), Completion)
    assert_type(iter(job), Iterator[Event])
    assert_type(job.cancel(), bool)


def grids(rows: list[dict[str, str]]) -> None:
    grid = sweep("a {{style}} fox", x={"style": ["oil", "ink"]}, each=rows)
    assert_type(grid, Grid)
    assert_type(grid.images, tuple[GeneratedImage, ...])
    assert_type(grid.contact_sheet(), GeneratedImage)
    assert_type(grid.retry(), Grid)


def sessions(engine: Engine) -> None:
    session = Session(engine, system="Be brief.")
    assert_type(session.say("a fox"), Completion)
    assert_type(session.fork(), Session)
    assert_type(session.messages, tuple[Message, ...])


def failures() -> float | None:
    try:
        imagine("a fox")
    except errors.RateLimitError as problem:
        return problem.retry_after
    except errors.GemimgError as problem:
        assert_type(problem.completion, Completion | None)
    return None
