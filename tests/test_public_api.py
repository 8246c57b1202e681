"""The names that users import, and what importing them costs."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import subprocess
import sys

import pytest

import gemimg_magic

PUBLIC = [
    "Completion",
    "Engine",
    "GeneratedImage",
    "Grid",
    "Session",
    "__version__",
    "errors",
    "imagine",
    "load_ipython_extension",
    "panel",
    "read_provenance",
    "sweep",
]
HEAVY = ["PIL", "anywidget", "asyncio", "httpx", "ipywidgets", "numpy", "pybase64"]


def test_all_is_this_list():
    assert sorted(gemimg_magic.__all__) == PUBLIC
    assert set(PUBLIC) <= set(dir(gemimg_magic))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_explained(name):
    value = getattr(gemimg_magic, name)

    assert name == "__version__" or inspect.getdoc(value)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="imagin_"):
        gemimg_magic.imagin_  # noqa: B018


def test_the_version_is_the_installed_one():
    assert importlib.metadata.version("gemimg-magic") == gemimg_magic.__version__


def loaded_after(source: str, names: list[str]) -> list[str]:
    """Which of the modules a fresh interpreter has loaded after running a source, and had not before it."""
    found = f"[name for name in {names!r} if name in sys.modules and name not in before]"
    code = f"import json, sys\n{source}\nprint(json.dumps({found}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_import_is_light():
    """`import gemimg_magic` stands at the top of scripts that may never make a picture."""
    assert loaded_after("before = ()\nimport gemimg_magic", [*HEAVY, "IPython", "traitlets"]) == []


def test_loading_the_extension_is_light():
    """People put `%load_ext` in a startup file; a session without a picture must not pay for one."""
    source = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "config = Config()\n"
        "config.HistoryManager.enabled = False\n"
        "shell = InteractiveShell.instance(config=config)\n"
        "shell.run_cell('1')\n"
        "before = set(sys.modules)\n"  # IPython itself needs asyncio
        "shell.run_line_magic('load_ext', 'gemimg_magic')\n"
        "assert 'imagine' in shell.magics_manager.magics['cell']\n"
        "assert 'imagine' in shell.magics_manager.magics['line']\n"
        "import threading\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )

    assert loaded_after(source, [*HEAVY, "gemimg_magic.core.pictures"]) == []
