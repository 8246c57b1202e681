"""What the site adds to Sphinx: tables read from the code, pages of the root, cells that read as prompts.

In a page, ``<!-- table: options -->`` becomes the table of that name (see TABLES), and
``<!-- page: SECURITY.md -->`` the text of a file in the root of the repository.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from gemimg_magic.core.models import ALIASES, MODELS
from gemimg_magic.core.options import OPTIONS, Option
from gemimg_magic.core.profiles import PROFILES, Profile
from gemimg_magic.notebook.manage import COMMANDS
from gemimg_magic.settings import Settings

ROOT = Path(__file__).parents[2]
PICTURES = ("image/png", "image/jpeg")
NOT_RUN = re.compile(r"^<!-- not run: (.+?) -->$", re.MULTILINE)
MARK = re.compile(r"^<!-- (table|page): (\S+) -->$", re.MULTILINE)


def bring_notebooks(source: Path, target: Path) -> None:
    """Make `target` hold the notebooks and pictures of `source`, and nothing else; write what changed."""
    wanted = {
        path.relative_to(source): path
        for pattern in ("*.ipynb", "*.md", "*.jpg", "*.png", "pictures/*")
        for path in source.glob(pattern)
    }
    for path in [p for p in target.rglob("*") if p.is_file()]:
        if path.relative_to(target) not in wanted:
            path.unlink()
    for name, path in wanted.items():
        to = target / name
        if not to.is_file() or to.read_bytes() != path.read_bytes():
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return re.sub(r"([\\`*_\[\]<>{}!#])", r"\\\1", text)


def _code(*words: str) -> str:
    return " ".join(f"`{word}`" for word in words if word)


GROUPS = {
    "request": "What is asked for",
    "pictures": "Pictures and words",
    "binding": "Names and files",
    "sending": "Sending, keeping, spending",
    "showing": "Showing",
}


def _options() -> str:
    """Every option, by group."""
    blocks = []
    for group in dict.fromkeys([*GROUPS, *(option.group for option in OPTIONS)]):
        of_group = [option for option in OPTIONS if option.group == group]
        if of_group:
            rows = ([_code(*o.flags), _code(o.metavar), _meaning(o), _where(o)] for o in of_group)
            title = GROUPS.get(group, group.capitalize())
            blocks.append(f"## {title}\n\n" + _table(["option", "value", "", "where"], rows))
    return "\n\n".join(blocks)


def _meaning(option: Option) -> str:
    known = f" (known: {_code(*option.values)})" if option.values and "|" not in option.metavar else ""
    return _plain(option.help) + known + ("; may be given several times" if option.repeat else "")


def _where(option: Option) -> str:
    return "cell" if option.places == {"cell"} else "cell, command line"


def _settings() -> str:
    """Every setting: its name, its variable, its default."""
    from dataclasses import fields

    rows = (
        [_code(field.name), _code(field.metadata.get("env", "")), _default(field.default), _plain(text)]
        for field in fields(Settings)
        if (text := field.metadata.get("help", ""))
    )
    return _table(["`%config ImagineMagics.…`", "environment", "default", ""], rows)


def _default(value: Any) -> str:
    return _code(repr(value)) if value not in (None, "") else ""


def _profiles() -> str:
    """Every gateway's row: how a request is spelled for it."""
    head = ["`-p`", "address, and the variable of its key", "`-a 16:9 -s 2K` is sent as", ""]
    return _table(head, ([*_profile(profile)] for profile in PROFILES))


def _profile(profile: Profile) -> Iterator[str]:
    yield _code(profile.name)
    where = "inside this process" if profile.name == "sketch" else _code(profile.base_url) or "set it"
    key = _code(profile.key_variable) + ("" if profile.needs_key else " if it wants one")
    yield f"{where}, {key}" if profile.key_variable else where
    yield _code(json.dumps(profile.spell_size("16:9", "2K")))
    again = "" if profile.assistant_images else "earlier pictures go back as a user part"
    yield "; ".join(filter(None, [profile.note, again]))


def _models() -> str:
    """What is known of each model."""
    head = ["model", "short", "ratios", "sizes", "references", "US dollars a picture"]
    rows = (
        [
            _code(model.id),
            _code(*(name for name, target in ALIASES.items() if target == model.id)),
            str(len(model.ratios)) if model.ratios else "",
            " ".join(model.sizes),
            str(model.max_images),
            f"shut down {model.retired}"
            if model.retired
            else ", ".join(f"{price:g} ({size})" for size, price in model.prices.items()),
        ]
        for model in MODELS
    )
    return _table(head, rows)


def _commands() -> str:
    """Every ``%gemimg`` command."""
    return _table(["command", ""], ([_code(f"%gemimg {c.name}"), _plain(c.help)] for c in COMMANDS))


TABLES = {
    "options": _options,
    "settings": _settings,
    "profiles": _profiles,
    "models": _models,
    "commands": _commands,
}


def _fill(app: Sphinx, name: str, source: list[str]) -> None:
    """Put tables and pages of the root where their marks stand."""
    if name.startswith("notebooks/"):
        return
    here = "../" * name.count("/")

    def text(mark: re.Match[str]) -> str:
        kind, what = mark.groups()
        if kind == "table":
            return TABLES[what]()
        app.env.note_dependency(str(ROOT / what))
        return _moved((ROOT / what).read_text(encoding="utf-8"), here)

    source[0] = NOT_RUN.sub(r"*The tests do not run this block: \1.*", MARK.sub(text, source[0]))


def _moved(text: str, here: str) -> str:
    """The text of a file in the root, with its links as they are on the site."""
    pages = {"README.md": "index.md", "benchmarks/RESULTS.md": "project/benchmarks.md"}
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        pages[name] = f"project/{name.lower()}"

    def link(found: re.Match[str]) -> str:
        target = found[1]
        return f"]({here}{pages.get(target, target.removeprefix('docs/'))}"

    return re.sub(r"\]\((?!https?:|#)([^)#\s]+)", link, text)


def _read_cells_as_prompts(app: Sphinx, tree: nodes.document) -> None:
    """A prompt is no Python: show cells with our magics as the Markdown that they hold."""
    for block in tree.findall(nodes.literal_block):
        if block.parent is not None and "cell_output" in block.parent.get("classes", []):
            continue
        text = block.astext()
        if re.match(r"%%(imagine|writefile)\b", text):
            block["language"] = "markdown"
        elif re.match(r"%%(bash|sh)\b", text):
            block["language"] = "bash"
        elif re.search(r"^(?:\w+ = )?%\w", text, re.MULTILINE) or block.get("language") == "ipython":
            block["language"] = "text" if "%imagine" in text else "ipython3"


def _give_pictures_their_words(app: Sphinx, tree: nodes.document) -> None:
    """The text alternative that a saved output carries goes to its picture on the page."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    words = dict(_alternatives(json.loads(path.read_text(encoding="utf-8"))))
    for picture in tree.findall(nodes.image):
        digest = Path(picture["uri"]).stem
        if digest in words:
            picture["alt"] = words[digest]


def _alternatives(notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for kind in PICTURES:
                alt = output.get("metadata", {}).get(kind, {}).get("alt")
                if alt:
                    data = b64decode("".join(output["data"][kind]))
                    yield hashlib.sha256(data).hexdigest(), alt


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _fill)
    app.connect("doctree-read", _read_cells_as_prompts)
    app.connect("doctree-read", _give_pictures_their_words)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
