"""Fixtures for every test: a private place to run in, a recording shell, a loopback gateway."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import foreign
from support.gateway import Gateway


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", metavar="DIR", help="where browser tests put the pictures for the documentation"
    )


def pytest_configure(config: pytest.Config) -> None:
    # For the whole run, not per test: the kernels that execute notebooks inherit this environment.
    import tempfile

    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    place = tempfile.TemporaryDirectory(prefix="gemimg-tests-")
    config.add_cleanup(place.cleanup)
    for name in foreign(os.environ):
        patch.delenv(name)
    for name in (
        "IPYTHONDIR",
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "MPLCONFIGDIR",
    ):
        patch.setenv(name, str(Path(place.name, name.lower())))
    patch.setenv("MPLBACKEND", "agg")
    patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else every kernel warns about frozen modules


@pytest.fixture(autouse=True)
def private_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No key, no proxy, and a folder of its own to run in: a test may leave an `imagined/` store there."""
    for name in foreign(os.environ):
        if not name.startswith(("JUPYTER", "IPYTHON")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A loopback server that records requests and answers as told; see support/gateway.py."""
    with Gateway() as server:
        yield server


@pytest.fixture
def bare_shell(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """A new InteractiveShell without our extension; see support/shell.py."""
    from traitlets.config import Config

    from support.shell import RecordingShell

    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell replaces it
    monkeypatch.setattr(sys, "path", list(sys.path))
    config = Config()
    config.HistoryManager.enabled = False
    shell = RecordingShell.instance(config=config)
    try:
        yield shell
    finally:
        for name in list(shell.extension_manager.loaded):
            shell.extension_manager.unload_extension(name)
        atexit.unregister(shell.atexit_operations)
        shell.atexit_operations()
        RecordingShell.clear_instance()


@pytest.fixture
def shell(bare_shell):
    """A new InteractiveShell after `%load_ext gemimg_magic`."""
    bare_shell.run("%load_ext gemimg_magic")
    return bare_shell
