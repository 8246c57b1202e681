"""What Tab offers in our magics: options and their values, commands, variables, files.

Nothing here runs what was typed, asks a gateway or raises. Values are looked at from outside: their type,
their attributes as they are stored.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult

from ..core.models import ALIASES, DEFAULT_MODEL, MODELS, known_model, resolve_alias
from ..core.options import Option, options_at
from ..core.profiles import PROFILES
from ..core.text import shorten
from .cursor import Spot, read_line
from .variables import attributes, is_made, is_picture, keys, lookup, variables

if TYPE_CHECKING:
    from .magic import ImagineMagics

# What can be inserted, with a word that front ends show beside it.
Offers = list[tuple[str, str]]

_CELL = re.compile(r"[ \t]*%%imagine(?=\s|$)")
_LINE = re.compile(r"[ \t]*(?:[^%=\n]+=[ \t]*)?%(imagine|gemimg)(?=[ \t])")
_FILE = re.compile(r"(?<!\\)!\[[^\[\]\n]*\]\([ \t]*(?P<angle><?)(?P<path>[^()<>\n]*)$")
_BRACES = re.compile(r"\\?\{\{|\}\}")
_DOTTED = re.compile(r"(?<![\w.)\]])(?P<root>(?:[^\W\d]\w*\.)*)(?P<name>(?:[^\W\d]\w*)?)$")
_KEY = re.compile(r"(?<![\w.)\]])(?P<root>[^\W\d][\w.]*)\[(?P<quote>['\"])(?P<key>[^'\"\]]*)$")
_PICTURE_FILES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
_NO_BREAK = "\u00a0"  # the list of JupyterLab has one line for each offer
_NOT_FILES = ("//", "\\\\", "http:", "https:", "data:")  # the first two may be other computers


def matches(magics: ImagineMagics, context: CompletionContext) -> SimpleMatcherResult:
    """What fits at the cursor, for IPython; nothing where the cursor is not in one of our magics."""
    try:
        fragment, offers = _Finder(magics).at(
            context.full_text, context.cursor_line, context.text_until_cursor
        )
    except Exception:  # noqa: BLE001  whatever odd values the notebook holds, Tab must go on to work
        fragment, offers = "", []
    if not offers:
        return {"completions": []}
    known = [SimpleCompletion(text, type=shorten(word, 50).replace(" ", _NO_BREAK)) for text, word in offers]
    return {"completions": known, "matched_fragment": fragment, "ordered": True, "suppress": True}


class _Finder:
    """Finds offers for one press of Tab."""

    def __init__(self, magics: ImagineMagics) -> None:
        self._magics = magics
        self._names: dict[str, Any] = magics.ip.user_ns

    def at(self, text: str, row: int, before: str) -> tuple[str, Offers]:
        """The fragment that is to be replaced, and what can stand in its place.

        Args:
            text: the whole cell.
            row: the line with the cursor.
            before: that line up to the cursor.
        """
        lines = text.split("\n")
        head = 0
        # Blank lines, and magics such as %%time, may stand before ours.
        while head < row and not _CELL.match(lines[head]) and re.match(r"\s*(%%|$)", lines[head]):
            head += 1
        if found := _CELL.match(before if head == row else lines[head]):
            line = (before if head == row else lines[head])[found.end() :]
            if head == row:
                return self._on_line(line, body=False) if line else ("", [])
            body = "\n".join([*lines[head + 1 : row], before])
            return ("", []) if "raw" in read_line(line + " ").typed else self._in_prompt(body)
        if found := _LINE.match(before):
            rest = before[found.end() :]
            return self._on_line(rest, body=True) if found[1] == "imagine" else self._command(rest)
        return "", []

    def _on_line(self, line: str, *, body: bool) -> tuple[str, Offers]:
        spot = read_line(line)
        if spot.option is not None:
            return self._value(spot.option, spot)
        if spot.kind == "flag":
            return spot.word, _flags(spot)
        return self._in_prompt(spot.word) if body and "raw" not in spot.typed else ("", [])

    def _value(self, option: Option, spot: Spot) -> tuple[str, Offers]:
        """The values of an option; by its name where they depend on other things, else from the table."""
        find = _VALUES.get(option.name)
        found = find(self._magics, spot.typed) if find else []
        if known := found or [(value, option.name) for value in option.values]:
            return spot.word, _starting(spot.word, known)
        match option.metavar.split("[")[0]:
            case "REF":
                return self._reference(spot.word)
            case "NAME":
                word = spot.word.rpartition(",")[2]
                return word, _starting(word, self._variables(is_made))
            case "NAME=EXPR" if "=" not in spot.word:
                settable = [option for option in options_at("cell") if option.group == "request"]
                return spot.word, _starting(spot.word, [(f"{one.name}=", one.help) for one in settable])
            case "ROWS":
                return spot.word, _starting(spot.word, self._variables())
            case "PATH":
                return spot.word, _files(spot.word, pictures=False)
        return spot.word, []

    def _reference(self, word: str) -> tuple[str, Offers]:
        """What can follow ``-i``: variables and expressions, and files."""
        if word[:1] in ("'", '"'):
            return word, [
                (word[0] + path + ("" if path.endswith("/") else word[0]), kind)
                for path, kind in _files(word[1:])
            ]
        files = [(f'"{path}"' if " " in path else path, kind) for path, kind in _files(word)]
        if "/" in word or word.startswith((".", "~")):
            return word, files
        fragment, offers = self._expression(word)
        if fragment != word:
            return (fragment, offers) if offers else (word, files)
        known = _starting(word, self._variables())
        pictures = [offer for offer in known if is_picture(self._names[offer[0]])]
        return word, [*pictures, *files, *known[len(pictures) :]]

    def _in_prompt(self, body: str) -> tuple[str, Offers]:
        """Inside ``{{`` an expression, inside ``![](`` a picture."""
        opened = -1
        for brace in _BRACES.finditer(body):
            opened = brace.end() if brace[0] == "{{" else -1 if brace[0] == "}}" else opened
        # What is far away was not closed because it is no expression.
        if opened >= 0 and len(body) - opened < 400:
            return self._expression(body[opened:])
        if found := _FILE.search(body):
            path = found["path"]
            odd = "" if found["angle"] else r'[()<>]|\s"'
            files = [
                (f"<{file}>" if odd and re.search(odd, file) else file, kind) for file, kind in _files(path)
            ]
            return path, [*files, *_starting(path, self._variables(is_picture))]
        return "", []

    def _expression(self, source: str) -> tuple[str, Offers]:
        if found := _KEY.search(source):
            value, known = lookup(self._names, found["root"])
            offers = _starting(found["key"], keys(value)) if known else []
            return found["key"], [(text + found["quote"] + "]", kind) for text, kind in offers]
        unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", source)
        found = _DOTTED.search(source)
        if found is None or "'" in unquoted or '"' in unquoted:
            return "", []
        name = found["name"]
        if found["root"]:
            value, known = lookup(self._names, found["root"][:-1])
            return name, _starting(name, attributes(value, private=name.startswith("_"))) if known else []
        own = _starting(name, self._variables())
        # Names of Python itself only once something is typed: the notebook's own are what is looked for.
        taken = {text for text, _ in own}
        python = [(text, "builtin") for text in dir(builtins) if text.islower() and text not in taken]
        return name, own + (_starting(name, python) if name else [])

    def _command(self, line: str) -> tuple[str, Offers]:
        from .manage import COMMANDS

        name, space, words = line.lstrip().partition(" ")
        if not space:
            return name, _starting(name, [(command.name, command.help) for command in COMMANDS])
        word = re.split(r"[ \t]", words)[-1]
        if name == "use":
            return word, _starting(word, _profiles(self._magics, {}))
        if name in ("show", "recipe", "tree", "cell"):
            return word, _starting(word, self._variables(is_made))
        return word, []

    def _variables(self, keep: Callable[[Any], bool] | None = None) -> Offers:
        return variables(self._names, self._magics.ip.user_ns_hidden, keep)


def _starting(word: str, offers: Offers) -> Offers:
    return [offer for offer in offers if offer[0].startswith(word)]


def _flags(spot: Spot) -> Offers:
    """The spellings of all options that can still be given, short ones first; others only when typed."""
    free = [option for option in options_at("cell") if option.repeat or option.name not in spot.typed]
    usual = [(flag, option.help) for option in free for flag in option.flags[:2]]
    usual = [offer for offer in usual if spot.word or offer[0].startswith("--")]
    return _starting(spot.word, usual) or _starting(
        spot.word, [(flag, option.help) for option in free for flag in option.flags]
    )


def _files(typed: str, *, pictures: bool = True) -> Offers:
    """Folders, and files, whose path begins as typed."""
    if typed.startswith(_NOT_FILES):
        return []
    folder, slash, stem = typed.rpartition("/")
    try:
        entries = sorted(os.scandir(Path(folder + slash or ".").expanduser()), key=lambda entry: entry.name)
    except (OSError, ValueError, RuntimeError):
        return []  # no such folder, not ours to read, no such ~user
    named = [e for e in entries if e.name.startswith(stem) and (stem[:1] == "." or e.name[0] != ".")]
    files = [
        (folder + slash + entry.name, "file")
        for entry in named
        if entry.is_file() and (not pictures or entry.name.lower().endswith(_PICTURE_FILES))
    ]
    return [*files, *((f"{folder}{slash}{entry.name}/", "folder") for entry in named if entry.is_dir())]


def _models(magics: ImagineMagics, typed: dict[str, str]) -> Offers:
    aliases = [(alias, meaning) for alias, meaning in ALIASES.items()]
    return [*aliases, *((model.id, "model") for model in MODELS if not model.retired)]


def _profiles(magics: ImagineMagics, typed: dict[str, str]) -> Offers:
    return [(profile.name, profile.note or profile.base_url or "profile") for profile in PROFILES]


def _styles(magics: ImagineMagics, typed: dict[str, str]) -> Offers:
    names = magics.ip.user_ns
    held = names.get("styles")
    styles = {**(held if type(held) is dict else {}), **(magics.styles or {})}
    texts = variables(names, magics.ip.user_ns_hidden, lambda value: type(value) in (str, dict))
    return [*((str(name), str(text)) for name, text in styles.items()), *texts]


def _of_model(field: str) -> Callable[[ImagineMagics, dict[str, str]], Offers]:
    """The ratios or sizes of the model that the cell, the configuration or the environment chooses."""

    def find(magics: ImagineMagics, typed: dict[str, str]) -> Offers:
        name = typed.get("model") or magics.configured().get("model") or os.environ.get("GEMIMG_MODEL")
        model = known_model(resolve_alias(name or DEFAULT_MODEL))
        return [(value, field[:-1]) for value in getattr(model, field, ())]

    return find


_VALUES: dict[str, Callable[[ImagineMagics, dict[str, str]], Offers]] = {
    "model": _models,
    "profile": _profiles,
    "style": _styles,
    "aspect": _of_model("ratios"),
    "size": _of_model("sizes"),
}
