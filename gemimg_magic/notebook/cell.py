"""One cell of ``%%imagine``: what was typed becomes a request, the request a job, the job pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.display import publish_display_data

from ..budget import Spending
from ..core.completions import GeneratedImage
from ..core.errors import GemimgError, KeyTypedError, PromptError
from ..core.line import parse, refuse_key
from ..core.messages import ImagePart, ImageRequest, Part, TextPart
from ..core.options import options_at, values_of_params
from ..core.plan import Plan
from ..core.prompt import parse_prompt
from ..engine import Engine
from ..jobs import Gate, follow
from .binding import Binding, Outcome, Takes
from .names import Names, joined
from .view import View

if TYPE_CHECKING:
    from .magic import ImagineMagics


@contextmanager
def in_one_line(magics: ImagineMagics) -> Iterator[None]:
    """Let errors of ours end the cell: as one line, or with their traceback where that was asked for."""
    try:
        yield
    except GemimgError as problem:
        if magics.short_errors is False and not isinstance(problem, KeyTypedError):
            # IPython asks the exception first; here it is to answer as if it had no lines of its own.
            full = magics.ip.InteractiveTB.structured_traceback
            problem._render_traceback_ = partial(  # type: ignore[method-assign]
                full, type(problem), problem, problem.__traceback__
            )
        raise


def draw(
    magics: ImagineMagics, line: str, cell: str | None, local_names: Mapping[str, Any]
) -> GeneratedImage | Takes | None:
    """Make the pictures of one cell or line, show them and bind them.

    Args:
        magics: the shell's magics, with their settings.
        line: what stands on the line of the magic.
        cell: what stands below it; None for ``%imagine``.
        local_names: names of the function or loop around a ``%imagine``.

    Returns:
        What the first name is bound to: the last picture of the answer, or all takes. None after a dry run.

    Raises:
        GemimgError: something failed; what did come is bound and shown all the same.
        Interrupted: the user stopped it.
    """
    options, text = read_cell(line, cell)
    binding = Binding(options.pop("out", ()), options.pop("n", 1), options.pop("alt", None))
    names = Names(magics.ip.user_ns, local_names)
    parts = names.fill(parse_prompt(text, raw=options.pop("raw", False)))
    if not parts:
        raise PromptError("The prompt is empty.", hint="Say what to draw.")
    if "style" in options:
        parts = joined([*parts, TextPart("\n\n" + names.snippet(options.pop("style"), magics.styles or {}))])
    parts = joined([*references(names, options), *parts])
    if "conversation" in options:
        options["history"] = names.turns(options.pop("conversation"))
    engine = magics.engine(profile=options.pop("profile", None), embed=options.pop("embed", None))
    quiet, save = options.pop("quiet", False), options.pop("save", None)
    metadata = options.pop("metadata", True)
    if options.pop("dry_run", False):
        publish_display_data({"text/plain": str(_plan(engine, parts, binding.count, options))})
        return None
    view = View(magics.ip, binding.label, quiet=quiet)
    try:
        outcome = _outcome(engine, parts, binding.count, options, view)
    except BaseException:
        view.clear()
        raise
    images = binding.named(outcome)
    if images:
        magics.ip.user_ns.update(binding.variables(images))
        magics.history.note(images)
        view.show(images, outcome.words, embed=engine.settings.embed)
        if save is not None:
            _save(images, save, metadata=metadata)
    else:
        view.clear()
    outcome.raise_for_failures()
    binding.check(images)
    return binding.value(images)


def _outcome(
    engine: Engine, parts: tuple[Part, ...], count: int, options: dict[str, Any], view: View
) -> Outcome:
    """Start all takes and wait for them, with progress; an interrupt stops what is not done."""
    parallel, mode = options.pop("parallel", engine.settings.parallel), options.pop("mode", None)
    limit = options.pop("max_cost", None)
    max_cost = None if limit is None else Spending(limit)
    gate = Gate(parallel)
    takes = _takes(engine, parts, count, options)
    jobs = [engine.start(take, mode=mode, gate=gate, max_cost=max_cost) for take in takes]
    interrupted = False
    try:
        for event in follow(jobs):
            view.note(event)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        for job in jobs:
            job.cancel()
    return Outcome.of(jobs, interrupted=interrupted)


def _takes(
    engine: Engine, parts: tuple[Part, ...], count: int, options: dict[str, Any]
) -> list[ImageRequest]:
    """The requests of all takes."""
    if "param" in options:
        options["params"] = values_of_params(options.pop("param"))
    request = engine.request(parts, **options)
    return [replace(request, take=request.take + number) for number in range(count)]


def _plan(engine: Engine, parts: tuple[Part, ...], count: int, options: dict[str, Any]) -> Plan:
    """What the cell would do. How many at a time, and up to what price, makes no difference to it."""
    mode = options.pop("mode", None)
    for name in ("parallel", "max_cost"):
        options.pop(name, None)
    return engine.plan(_takes(engine, parts, count, options), mode=mode)


def read_cell(line: str, cell: str | None) -> tuple[dict[str, Any], str]:
    """The options that were typed, and the prompt."""
    if cell is None:
        typed = parse(line, options_at("cell"))
        text = typed.rest
    else:
        typed = parse(line, options_at("cell"))
        text = _body(cell)
        if typed.rest and not typed.rest.startswith("#"):
            raise PromptError(
                f"{typed.rest.split()[0]!r} stands after the options.",
                hint="The prompt goes below the first line.",
            )
    refuse_key(text)
    return dict(typed.values), text


def references(names: Names, options: dict[str, Any]) -> list[ImagePart]:
    """The picture to edit, then the references, in the order they were typed."""
    edited = [("-e", options.pop("edit"))] if "edit" in options else []
    typed = [*edited, *(("-i", reference) for reference in options.pop("images", ()))]
    return [picture for flag, reference in typed for picture in names.picture(reference, f"after {flag}")]


def _save(images: list[GeneratedImage], path: str, *, metadata: bool) -> None:
    """Write each picture to the file, or to numbered ones beside it; what exists is never overwritten."""
    try:
        for image in images:
            image.save(Path(path).expanduser(), metadata=metadata)
    except (OSError, ValueError) as problem:
        raise PromptError(
            f"The picture is bound, but cannot be saved as {path!r}: {problem}.",
            hint="Save it by NAME.save(PATH).",
        ) from None


def _body(cell: str) -> str:
    """The prompt of a cell as typed, without nbval's marks and the line end that IPython adds."""
    lines = [
        line for line in cell.replace("\r\n", "\n").split("\n") if not re.match(r"\s*#\s*NBVAL_\w+\s*$", line)
    ]
    return "\n".join(lines).removesuffix("\n")
