"""What people ask of a store as a whole: verify, stats, cost, prune, sheet, slim. Each gives lines."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from .core.canonical import prompt_of
from .core.errors import PromptError
from .core.ledger import ledger
from .core.text import inert, shorten
from .wire.store import Store
from .wire.store.audit import check, keys_in, measure, unneeded
from .wire.store.files import write_atomic

# GitHub warns at 50 MB and refuses 100 MB; a history full of pictures is slow to clone long before.
_LARGE_FILE = 10_000_000
_LARGE_STORE = 50_000_000


def verify(store: Store) -> tuple[list[str], bool]:
    """What is the matter with a store, as lines, and whether it is sound."""
    if not store.root.is_dir():
        return [f"There is no store {store.root.name!r} here."], True
    findings = list(check(store))
    faults = [finding for finding in findings if finding.is_fault]
    lines = [f"{'FAULT' if f.is_fault else 'note '} {f.file}: {inert(f.what)}" for f in findings]
    stats = measure(store)
    counts = f"{stats.records} records, {stats.pictures} pictures, {len(faults)} faults"
    waiting = f", {stats.waiting} in the journal (%gemimg recover)" if stats.waiting else ""
    return [*lines, counts + waiting], not faults


def stats(store: Store) -> list[str]:
    """How much is in a store, as lines."""
    found = measure(store)
    lines = [
        f"records   {found.records}" + (f", {' to '.join(found.days)}" if found.days else ""),
        f"pictures  {found.pictures}, {found.picture_bytes / 1e6:.1f} MB with previews",
        f"journal   {found.waiting}",
    ]
    lines += [f"model     {inert(model)}: {count}" for model, count in sorted(found.models.items())]
    if found.picture_bytes > _LARGE_STORE or found.largest > _LARGE_FILE:
        lines.append('hint      this is much for git: git lfs track "imagined/pictures/**"')
    return lines


def prune(store: Store, notebooks: Iterable[Path], *, really: bool) -> list[str]:
    """Remove what no output of these notebooks came from.

    Args:
        store: the store.
        notebooks: the files that may refer to it.
        really: False only tells what would go.

    Raises:
        PromptError: a notebook cannot be read; nothing was removed.
    """
    paths = sorted(notebooks)
    keys = {key for path in paths for key in keys_in(_notebook(path))}
    gone = unneeded(store, keys)
    size = sum(path.stat().st_size for path in gone)
    if really:
        for path in gone:
            path.unlink(missing_ok=True)
    verb = "removed" if really else "would go (add --yes to remove)"
    records = sum(path.suffix == ".json" for path in gone)
    read = f"{len(paths)} notebooks refer to {len(keys)} records"
    return [read, f"{records} records and {len(gone) - records} pictures, {size / 1e6:.1f} MB, {verb}"]


def cost(store: Store) -> list[str]:
    """What the answers in a store cost, by model and by notebook, as lines.

    A notebook is known by the outputs that were saved in it, and by the name that its kernel knew then.
    """
    shown = {}
    for path in sorted(notebooks_near(store)):
        with contextlib.suppress(PromptError):  # a notebook that cannot be read tells nothing
            shown[path.relative_to(store.root.parent).as_posix()] = keys_in(_notebook(path))
    return ledger(store.records(), shown).lines()


def _notebook(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise PromptError(f"The notebook {path.name} cannot be read: {problem}.") from None


def notebooks_near(store: Store) -> list[Path]:
    """The notebooks in the store's folder and below, without checkpoints."""
    found = store.root.parent.rglob("*.ipynb")
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def sheet(store: Store) -> Iterator[str]:
    """A page in Markdown with every recorded picture, its prompt and its record, for review.

    The addresses of the pictures are relative to the store's folder.
    """
    yield "# Recorded pictures\n"
    for record in store.records():
        result = record["result"]
        yield f"## {record['key'][:12]} · {inert(record['request']['model'])} · {record['recorded_at']}\n"
        # Indented, so that no prompt and no answer is read as Markdown.
        yield "\n".join(f"    {line}" for line in inert(prompt_of(record["request"])).splitlines()) + "\n"
        if result["outcome"]["kind"] != "ok":
            yield f"    {inert(shorten(result['outcome']['message']))}\n"
        for entry in result["images"]:
            small = entry["preview"]
            path = (
                store.preview_path(entry["sha256"], small["media_type"])
                if small
                else store.picture_path(entry["sha256"], entry["media_type"])
            )
            size = f"{entry['width']}×{entry['height']}"
            yield f"![{entry['role']} {size}]({path.relative_to(store.root).as_posix()})\n"


def write_sheet(store: Store) -> str:
    """Write the page into the store; where, as a line."""
    pages = list(sheet(store))
    if len(pages) == 1:
        return f"There is nothing in the store {store.root.name!r}."
    write_atomic(store.root / "sheet.md", "\n".join(pages).encode())
    return f"{store.root.name}/sheet.md"


def slim(path: Path) -> str:
    """Make a notebook light: originals in its outputs give way to previews.

    Raises:
        PromptError: it cannot be read or written, or is no notebook.
    """
    from .core.slim import slim as lighter

    try:
        before = path.read_bytes()
        text, count = lighter(before.decode())
        if count:
            mode = path.stat().st_mode
            write_atomic(path, text.encode())
            path.chmod(mode)
    except (OSError, ValueError) as problem:
        raise PromptError(f"The notebook {path.name} cannot be made light: {problem}.") from None
    after = path.stat().st_size
    pictures = f"{count} picture" + ("" if count == 1 else "s")
    return f"{path.name}: {pictures}, {len(before) / 1e6:.2f} MB -> {after / 1e6:.2f} MB"
