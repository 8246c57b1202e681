"""The commands of ``%gemimg`` about the store and the making of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from IPython.display import display

from ..core.completions import GeneratedImage
from ..core.cost import dollars
from ..core.errors import GemimgError, PromptError, StoreError
from ..core.export import TOOL, read_provenance
from ..core.preview import mime_bundle
from ..core.provenance import Facts, facts_of
from ..core.recipe import recipe, tree
from ..core.text import inert, shorten
from ..store_commands import cost, verify
from ..wire.store import Answer, Entry, Store
from .command import Command, tell
from .names import Names

if TYPE_CHECKING:
    from .magic import ImagineMagics

# A reply that grew in the last seconds is most likely still arriving in some kernel.
_RECENT = 10.0


def _recipe(magics: ImagineMagics, words: str) -> None:
    tell(inert(recipe(_facts(magics, words))))


def _tree(magics: ImagineMagics, words: str) -> None:
    tell(inert(tree(_facts(magics, words))))


def _facts(magics: ImagineMagics, words: str) -> Facts:
    """The facts of a picture in a variable or a file."""
    if not words:
        raise PromptError("Which picture?", hint="Name a variable or a file.")
    file = Path(words.strip("\"'")).expanduser()
    if words not in magics.ip.user_ns and file.is_file():
        facts = read_provenance(file)
        if facts is None:
            raise PromptError(f"{file.name} does not say how it was made.")
        return facts
    value = Names(magics.ip.user_ns, {}).evaluate(words, "after %gemimg")
    if not isinstance(value, GeneratedImage):
        raise PromptError(f"{words} is not a picture made here.", hint="Name a result, or a saved file.")
    return facts_of(value, TOOL)


def _verify(magics: ImagineMagics, words: str) -> None:
    lines, sound = verify(magics.engine().store)
    tell("\n".join(lines))
    if not sound:
        raise StoreError("The store is damaged.", hint="Restore the files from version control.")


def _cost(magics: ImagineMagics, words: str) -> None:
    spending = magics.spending
    lines = cost(magics.engine().store)
    total = spending.total
    asked = f"{total.count} answer" + ("" if total.count == 1 else "s")
    limit = "" if spending.limit is None else f" of {dollars(spending.limit)}"
    tell("\n".join([*lines, f"session   {asked}   {total}{limit}"]))


def _recover(magics: ImagineMagics, words: str) -> None:
    """List and show; with a number, that one; with a number and a name, bind it and file it as a record."""
    store = magics.engine().store
    found = store.journaled()
    number, _, name = words.partition(" ")
    if words == "clear":
        for entry in found:
            entry.remove()
        tell(f"{len(found)} replies removed.")
        return
    if not found:
        tell("The journal is empty: every reply is recorded.")
    elif not words:
        for position, entry in enumerate(found, 1):
            _show(position, entry)
    elif not number.isdigit() or not 1 <= int(number) <= len(found):
        raise PromptError(f"There is no reply {number}.", hint=f"The journal holds 1 to {len(found)}.")
    elif not name:
        _show(int(number), found[int(number) - 1])
    elif not name.isidentifier():
        raise PromptError(f"{name!r} is not a variable name.")
    else:
        magics.ip.user_ns[name] = _bound(store, found[int(number) - 1], name)


def _show(number: int, entry: Entry) -> None:
    """One line on a reply, and its pictures."""
    try:
        images = entry.read().images
        state = f"{len(images)} whole" if images else "no picture"
    except GemimgError as problem:
        images, state = (), shorten(problem.message, 80)
    arriving = ", may still be arriving" if entry.age < _RECENT else ""
    what = f"{entry.day} · {entry.model} · {entry.size / 1e6:.2f} MB · {state}{arriving}"
    tell(inert(f"{number}  {what} · {shorten(entry.prompt, 60)}"))
    for image in images:
        data, metadata = mime_bundle(image)
        display(data, metadata=metadata, raw=True)


def _bound(store: Store, entry: Entry, name: str) -> GeneratedImage:
    """The last picture of a reply; its record is made up for, and the reply leaves the journal."""
    completion = entry.read()
    if store.lookup(entry.form) is None:
        store.record(entry.form, Answer(completion))
        tell("Recorded: the cell that asked for it replays it from now on.")
    entry.remove()
    tell(f"{name} is bound.")
    return completion.image


STORE_COMMANDS = (
    Command("recipe", "how a picture was made, all the way up: a variable or a saved file", _recipe),
    Command("tree", "the pictures that a picture was made from, one line each", _tree),
    Command("cost", "what the answers cost: by model, by notebook, and in this session", _cost),
    Command("verify", "look at every file of the store", _verify),
    Command(
        "recover", "replies that were cut or not understood: list, or NUMBER NAME to bind, or clear", _recover
    ),
)
