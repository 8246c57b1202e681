"""What came of a cell's requests, and the names it is bound to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..batch import Batch
from ..core.completions import Completion, GeneratedImage
from ..core.errors import Cancelled, GemimgError, PartialError, PromptError
from ..core.takes import Takes
from ..core.text import shorten


class Interrupted(KeyboardInterrupt):
    """The user interrupted the cell; the requests were cancelled."""

    def _render_traceback_(self) -> list[str]:
        return ["\x1b[31mInterrupted\x1b[0m: the request was cancelled."]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answers that came, and what failed.

    Args:
        completions: the answers in the order of the takes.
        failures: number of the take -> its error.
        interrupted: whether the user stopped it.
    """

    completions: tuple[Completion, ...]
    failures: dict[int, GemimgError]
    interrupted: bool = False

    @classmethod
    def of(cls, batch: Batch, *, interrupted: bool) -> Outcome:
        """What came of requests that have all ended."""
        came, failures = dict(batch.completions), dict(batch.failures)
        for number in range(len(batch.requests)):
            if number not in came:
                failures.setdefault(number, Cancelled("It was stopped before its picture came."))
        return cls(tuple(came[number] for number in sorted(came)), failures, interrupted)

    @property
    def words(self) -> str:
        """The models' text and the remarks, each once."""
        texts = [completion.text.strip() for completion in self.completions]
        notes = [f"Note: {warning}" for c in self.completions for warning in c.warnings]
        return "\n".join(filter(None, dict.fromkeys([*texts, *notes])))

    def raise_for_failures(self, *, keep_going: bool = False) -> None:
        """End the cell red where something failed.

        Args:
            keep_going: not where something came.

        Raises:
            Interrupted: the user stopped it.
            PartialError: some takes failed, others came.
            GemimgError: all failed; the first error.
        """
        if self.interrupted:
            raise Interrupted
        if not self.failures:
            return
        first = next(iter(self.failures.values()))
        if not self.completions:
            raise first
        if keep_going:
            return
        total = len(self.failures) + len(self.completions)
        raise PartialError(
            f"{len(self.failures)} of {total} takes failed, the first with {type(first).__name__}: "
            f"{shorten(first.message, 160)}",
            hint="The others are bound; run the cell again for the missing ones.",
            errors=tuple(self.failures.values()),
        )


class Binding:
    """The names of a cell.

    Args:
        out: the names that were typed after ``-o``.
        count: how many takes.
        alt: a text alternative for every picture, or None.

    Raises:
        PromptError: names and takes do not fit together.
    """

    def __init__(self, out: tuple[str, ...], count: int, alt: str | None) -> None:
        if count > 1 and len(out) > 1 and len(out) != count:
            raise PromptError(
                f"{count} takes do not fit {len(out)} names.", hint="Give one name for all, or one for each."
            )
        self.out, self.count, self._alt = out, count, alt
        self.label = out[0] if out else "_img"

    def named(self, outcome: Outcome) -> list[GeneratedImage]:
        """The pictures to show, each with its name."""
        if self.count > 1:
            images = [completion.image for completion in outcome.completions]
        else:
            images = [image for completion in outcome.completions for image in completion.images]
        if not images:
            return []
        return [
            replace(image, name=name, alt=self._alt or image.alt)
            for image, name in zip(images, self._names(images, outcome), strict=True)
        ]

    def _names(self, images: list[GeneratedImage], outcome: Outcome) -> list[str]:
        total = len(images)
        if self.count > 1 and len(self.out) <= 1:
            return [f"{self.label}[{number}]" for number in range(total)]
        if len(self.out) > 1:
            good = [name for number, name in enumerate(self.out) if number not in outcome.failures]
            if len(good) == total:
                return good
        if len(self.out) <= 1:
            return [*(f"{self.label} ({number} of {total})" for number in range(1, total)), self.label]
        return [f"_img ({number} of {total})" for number in range(1, total + 1)]

    def check(self, images: list[GeneratedImage]) -> None:
        """End the cell red where there were several names and another number of pictures.

        Raises:
            PromptError: what came is bound to ``_img``.
        """
        if len(self.out) > 1 and not any(image.name in self.out for image in images):
            came = f"{len(images)} picture" + ("s" if len(images) > 1 else "")
            raise PromptError(
                f"{came} came for {len(self.out)} names; _img is the last.",
                hint=f"Add -n {len(self.out)} for one take each.",
            )

    def variables(self, images: list[GeneratedImage]) -> dict[str, object]:
        """Variable -> value; ``_img`` is always the last result."""
        if len(self.out) > 1:
            fits = {image.name: image for image in images if image.name in self.out}
            return {**fits, "_img": images[-1]}
        return dict.fromkeys([*self.out, "_img"], self.value(images))

    def value(self, images: list[GeneratedImage]) -> GeneratedImage | Takes:
        """What one name stands for: the last picture of the answer, or all takes."""
        return Takes(images) if self.count > 1 else images[-1]
