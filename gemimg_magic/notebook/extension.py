"""What ``%load_ext gemimg_magic`` sets up in a shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleMatcherResult, context_matcher
from IPython.core.interactiveshell import InteractiveShell

from .magic import ImagineMagics

# What a line returns, by module and name, so that nothing is loaded yet.
_RESULTS = (
    ("gemimg_magic.core.completions", "GeneratedImage"),
    ("gemimg_magic.core.takes", "Takes"),
    ("gemimg_magic.grid", "Grid"),
    ("gemimg_magic.jobs", "Job"),
)
_MATCHER = "gemimg_magic.matcher"


def load(shell: InteractiveShell) -> None:
    """Register the magics, what Tab offers in them, and how a line's value is shown."""
    magics = ImagineMagics(shell)
    shell.register_magics(magics)
    shell.Completer.custom_matchers.append(_matcher(magics))
    formatter: Any = shell.display_formatter
    for result in _RESULTS:
        formatter.ipython_display_formatter.for_type_by_name(*result, _shower(magics))


def unload(shell: InteractiveShell) -> None:
    """Undo what ``load`` did."""
    magics = shell.magics_manager.registry.pop("ImagineMagics", None)
    if magics is None:
        return
    magics.close()
    shell.configurables.remove(magics)
    for kind, name in (("line", "imagine"), ("cell", "imagine"), ("line", "gemimg")):
        shell.magics_manager.magics[kind].pop(name, None)
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "matcher_identifier", "") != _MATCHER]
    formatter: Any = shell.display_formatter
    for result in _RESULTS:
        formatter.ipython_display_formatter.pop(".".join(result), None)


def _matcher(magics: ImagineMagics) -> Any:
    """What IPython asks at every Tab. The rest is loaded at the first one in a magic of ours."""

    def match(context: CompletionContext) -> SimpleMatcherResult:
        if "%imagine" not in context.full_text and "%gemimg" not in context.full_text:
            return {"completions": []}
        from .complete import matches

        return matches(magics, context)

    return context_matcher(identifier=_MATCHER)(match)


def _shower(magics: ImagineMagics) -> Callable[[Any], None]:
    """What shows a result that is the value of a line, or declines where IPython does that well."""

    def show(value: Any) -> None:
        from .terminal import is_terminal, show_value

        if is_terminal(magics.ip):
            show_value(magics, value)
        else:
            magics.already_shown(value)

    return show
