"""Helpers that tests import: a loopback gateway, a recording shell, a driven JupyterLab.

pytest imports test files by path, so they cannot import each other. `pythonpath = ["tests"]` in
pyproject.toml makes this one package importable: `from support.gateway import png`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable


def until(condition: Callable[[], object], what: str = "the condition", *, timeout: float = 5.0) -> None:
    """Wait for something that another thread or process does; fail with a sentence if it does not."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:g} s for {what}"
        time.sleep(0.005)


# What a test must not inherit from the machine it runs on. The names kept choose what else is tested.
KEPT = (
    "GEMIMG_CHROMIUM",
    "GEMIMG_FUZZ_SECONDS",
    "GEMIMG_GATEWAY_VENV",
    "GEMIMG_REQUIRE_BROWSER",
    "GEMIMG_REQUIRE_EXIFTOOL",
    "GEMIMG_REQUIRE_GATEWAY",
)


def foreign(names: Iterable[str]) -> list[str]:
    """The environment variables that would make a test depend on its machine."""
    return [
        name
        for name in names
        if name not in KEPT
        and (
            name.startswith(("GEMIMG_", "JUPYTER", "IPYTHON"))
            or name.endswith("_API_KEY")
            or name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        )
    ]
