"""The magics ``%%imagine``, ``%imagine`` and ``%gemimg``, and their settings for ``%config``.

``%load_ext`` costs what loading this module costs, so it imports next to nothing; the first cell loads more.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from ..core.options import options_at, usage
from ..settings import Settings
from .history import History
from .traits import SettingTraits

if TYPE_CHECKING:
    from ..budget import Spending
    from ..core.messages import ImagePart
    from ..engine import Engine


@magics_class
class ImagineMagics(SettingTraits, Magics):
    """Make pictures from cells. Every trait is a default that an option of the cell overrides."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.ip = shell
        self.history = History()
        self._engines: dict[Settings, Engine] = {}
        self._spending: Spending | None = None
        self._returned: tuple[int, object] | None = None

    def engine(self, **options: Any) -> Engine:
        """The engine for the settings of ``%config``, the environment and the cell.

        Args:
            options: fields that the cell sets.
        """
        from ..engine import Engine

        settings = Settings.load(config=self.configured(), **options)
        self.spending.limit = settings.max_cost
        if settings not in self._engines:
            self._engines[settings] = Engine(settings, spending=self.spending)
        return self._engines[settings]

    @property
    def spending(self) -> Spending:
        """What this session has spent, whatever engine it went through."""
        from ..budget import Spending

        if self._spending is None:
            self._spending = Spending()
        return self._spending

    def picture_at(self, reference: str) -> ImagePart:
        """The picture at an address, where the settings allow to fetch it."""
        picture: ImagePart = self.engine().picture_at(reference)
        return picture

    def close(self) -> None:
        """Close all connections."""
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def imagine(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Filled in below from the table of options."""
        from ..jobs import Job
        from .cell import draw, in_one_line

        with in_one_line(self):
            result = draw(self, line, cell, local_ns or {})
        # A cell has shown what it made; only the job of one that goes on in the background is of use.
        if cell is not None and not isinstance(result, Job):
            return None
        self._returned = (self.ip.execution_count, result)
        return result

    @no_var_expand
    @line_magic
    def gemimg(self, line: str) -> None:
        """Manage: %gemimg help lists the commands."""
        from .cell import in_one_line
        from .manage import run_command

        with in_one_line(self):
            run_command(self, line)

    def already_shown(self, value: object) -> None:
        """Keep IPython from showing the value of a ``%imagine`` line again, right after we did.

        Raises:
            NotImplementedError: it is another value; IPython goes on to show it.
        """
        returned, self._returned = self._returned, None
        ours = returned is not None and returned[0] == self.ip.execution_count and returned[1] is value
        # Who names the picture wants to see it, above all after -q.
        if not ours or _ends_with_a_name(self.ip):
            raise NotImplementedError


def _ends_with_a_name(shell: InteractiveShell) -> bool:
    """Whether the last line of the cell that runs is just a name."""
    source = (shell.user_ns.get("_ih") or [""])[-1]
    try:
        last = ast.parse(source).body[-1]
    except (SyntaxError, IndexError):
        return False
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Name)


_HELP = """Make a picture from the text below, and bind it.

    %%imagine -o fox -a 16:9
    a red fox in the snow

    %%imagine -o grey
    Make {{{{fox}}}} greyscale, with the logo ![logo](logo.png) in a corner

    %imagine -o cat it's a cat

The text goes out as typed. {{{{expression}}}} puts the value of a Python expression there: a picture becomes
a picture at that place. \\{{{{ is a literal {{{{. The last result is always _img.

Options:
{options}
"""
ImagineMagics.imagine.__doc__ = _HELP.format(options=usage(options_at("cell")))
