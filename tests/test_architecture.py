"""Imports only point down: front ends, engine, wire, core. And each foreign library has one floor."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gemimg_magic

ROOT = Path(gemimg_magic.__file__).parent
CORE, WIRE, ENGINE, FRONT = range(4)
FLOORS = {"core": CORE, "wire": WIRE, "notebook": FRONT, "__main__": FRONT}  # any other module is engine
AT_HOME = dict.fromkeys(("httpx", "httpcore"), "wire") | dict.fromkeys(
    ("IPython", "ipykernel", "ipywidgets", "traitlets", "anywidget"), "notebook"
)
# Files, network, clock, chance and threads: what core is handed by the floors above it.
NOT_IN_CORE = {"asyncio", "concurrent.futures", "http", "multiprocessing", "random", "secrets", "select"}
NOT_IN_CORE |= {"shutil", "socket", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request"}


def imports(source: str, module: list[str], is_package: bool = False) -> list[str]:
    """Every dotted name that a source imports, `from a import b` as `a.b`; wherever it stands in the file."""
    here = module if is_package else module[:-1]
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else []
            base = [*base, *filter(None, [node.module])]
            names += [".".join([*base, alias.name]) for alias in node.names]
    return names


def violations(source: str, module: list[str], is_package: bool = False) -> list[str]:
    """What a module imports and must not."""
    place = module[1]
    floor = FLOORS.get(place, ENGINE)
    bad = []
    for name in imports(source, module, is_package):
        top, *rest = name.split(".")
        if top == "gemimg_magic":
            # A public name may come from any floor, so only front ends go through the front door.
            inside = rest and (
                (ROOT / rest[0]).is_dir() or (ROOT / f"{rest[0]}.py").exists() or rest[0] in FLOORS
            )
            allowed = rest == ["__version__"] or (FLOORS.get(rest[0], ENGINE) if inside else FRONT) <= floor
        else:
            heads = {name[:end] for end, c in enumerate(name + ".") if c == "."}
            allowed = AT_HOME.get(top, place) == place and not (floor == CORE and heads & NOT_IN_CORE)
        if not allowed:
            bad.append(name)
    return bad


# The public door alone opens to every floor.
INSIDE = sorted(set(ROOT.rglob("*.py")) - {ROOT / "__init__.py"})


@pytest.mark.parametrize("file", INSIDE, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_down(file):
    module = [ROOT.name, *file.relative_to(ROOT).with_suffix("").parts]
    is_package = module[-1] == "__init__"
    module = module[:-1] if is_package else module

    assert violations(file.read_text(encoding="utf-8"), module, is_package) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.reply", "import httpx"),
        ("core.reply", "from time import monotonic"),
        ("core.reply", "import urllib.request"),
        ("core.reply", "from urllib import request"),
        ("core.reply", "def f():\n    from ..wire import client"),
        ("core.reply", "from ..wire.client import Client"),
        ("core.reply", "from gemimg_magic import Engine"),
        ("wire.client", "import gemimg_magic.engine"),
        ("wire.client", "from .. import engine"),
        ("wire.client", "from IPython import get_ipython"),
        ("engine", "from .notebook.magic import ImagineMagics"),
        ("engine", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import httpx"),
        ("settings", "import traitlets.config"),
        ("__main__", "import ipywidgets"),
        ("notebook.view", "import httpx._client"),
    ],
)
def test_a_violation_is_noticed(module, source):
    assert violations(source, ["gemimg_magic", *module.split(".")])


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "core.reply",
            "import json\nfrom urllib.parse import quote\nfrom . import errors\nfrom .. import __version__",
        ),
        ("wire.client", "import asyncio, time, httpx\nfrom ..core.reply import read"),
        ("engine", "from .wire.client import Client\nfrom . import core"),
        (
            "notebook.magic",
            "from IPython.core.magic import Magics\nfrom .. import engine\nfrom . import view",
        ),
        ("__main__", "from .wire import sketch\nfrom gemimg_magic import imagine"),
    ],
)
def test_what_is_allowed_is_not_noticed(module, source):
    assert violations(source, ["gemimg_magic", *module.split(".")]) == []
