"""One cell of ``%%imagine``: what was typed becomes requests, the requests a job, the job pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from IPython.display import publish_display_data

from ..batch import Batch
from ..budget import Spending
from ..core.errors import GemimgError, KeyTypedError, PromptError
from ..core.line import parse, refuse_key
from ..core.options import options_at
from ..core.plan import Plan
from .background import begun, goes_on_alone, waited
from .binding import Binding, Outcome
from .names import Names
from .saving import save, saved_as
from .sweep_cell import SweepErrand
from .view import View
from .written import Written, written

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


def draw(magics: ImagineMagics, line: str, cell: str | None, local_names: Mapping[str, Any]) -> Any:
    """Make the pictures of one cell or line, show them and bind them.

    Args:
        magics: the shell's magics, with their settings.
        line: what stands on the line of the magic.
        cell: what stands below it; None for ``%imagine``.
        local_names: names of the function or loop around a ``%imagine``.

    Returns:
        What the first name is bound to: the last picture of the answer, all takes, a grid; or with ``--bg``
        the job that makes it. None after a dry run.

    Raises:
        GemimgError: something failed; what did come is bound and shown all the same.
        Interrupted: the user stopped it.
    """
    options, text = read_cell(line, cell)
    alone = options.pop("bg", False) and goes_on_alone(magics.ip)
    sought = written(text, options, magics.styles or {})
    kind = SweepErrand if {"x", "y", "each"} & options.keys() else TakesErrand
    dry = options.pop("dry_run", False)
    errand = kind(magics, sought, options, local_names)
    if dry:
        publish_display_data({"text/plain": str(errand.plan())})
        return None
    return begun(magics.ip, errand) if alone else waited(errand)


class TakesErrand:
    """One request, or several takes of it.

    Args:
        magics: the shell's magics, with their settings.
        sought: what the request is made from.
        options: the other options of the cell.
        local_names: names of the function or loop around a ``%imagine``.
    """

    def __init__(
        self,
        magics: ImagineMagics,
        sought: Written,
        options: dict[str, Any],
        local_names: Mapping[str, Any],
    ) -> None:
        self.namespace: dict[str, Any] = magics.ip.user_ns
        names = Names(self.namespace, local_names, magics.picture_at)
        alt = options.get("alt")
        if alt is not None and not sought.raw:
            alt = names.text(alt, "after --alt")
        self._binding = Binding(options.get("out", ()), options.get("n", 1), alt)
        self.names = (*self._binding.out, "_img")
        self._save = saved_as(options.get("save"), names, raw=sought.raw)
        self._metadata: bool = options.get("metadata", True)
        self._keep_going: bool = options.get("keep_going", False)
        self._magics = magics
        parts, asked, self._area = sought.placed(names)
        self._engine = magics.engine(profile=options.get("profile"), embed=options.get("embed"))
        self._mode: str | None = options.get("mode")
        request = self._engine.request(parts, **asked)
        asking = self._engine.asking(
            mode=self._mode,
            parallel=options.get("parallel"),
            max_cost=Spending(options.get("max_cost")),
            executor=names.executor(options.get("on")),
        )
        takes = (replace(request, take=request.take + number) for number in range(self._binding.count))
        self.batch = Batch(asking, takes)
        self._quiet: bool = options.get("quiet", False)

    @cached_property
    def view(self) -> View:
        """The place of the pictures on the screen, from the first look at it."""
        return View(self._magics.ip, self._binding.label, quiet=self._quiet)

    def plan(self) -> Plan:
        """What would be done; nothing is sent."""
        return self._engine.plan(self.batch.requests, mode=self._mode)

    def settle(self, *, stopped: bool) -> Any:
        """Bind, show and save what came.

        Raises:
            GemimgError: something failed.
            Interrupted: the user stopped it.
        """
        outcome = Outcome.of(self.batch, interrupted=stopped)
        images = [self._area.filled(image) if self._area else image for image in self._binding.named(outcome)]
        if images:
            self.namespace.update(self._binding.variables(images))
            self._magics.history.note(images)
            self.view.show(images, outcome.words, embed=self._engine.settings.embed)
            if self._save is not None:
                save([(image, self._save) for image in images], metadata=self._metadata)
        else:
            self.view.clear()
        outcome.raise_for_failures(keep_going=self._keep_going)
        self._binding.check(images)
        return self._binding.value(images)


def read_cell(line: str, cell: str | None) -> tuple[dict[str, Any], str]:
    """The options that were typed, and the prompt."""
    typed = parse(line, options_at("cell"))
    text = typed.rest
    if cell is not None:
        text = _body(cell)
        if typed.rest and not typed.rest.startswith("#"):
            raise PromptError(
                f"{typed.rest.split()[0]!r} stands after the options.",
                hint="The prompt goes below the first line.",
            )
    refuse_key(text)
    return dict(typed.values), text


def _body(cell: str) -> str:
    """The prompt of a cell as typed, without nbval's marks and the line end that IPython adds."""
    lines = [
        line for line in cell.replace("\r\n", "\n").split("\n") if not re.match(r"\s*#\s*NBVAL_\w+\s*$", line)
    ]
    return "\n".join(lines).removesuffix("\n")
