"""The command line: ``python -m gemimg_magic "a red fox" -o fox.png``, and the commands beside it."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .core.errors import GemimgError, PromptError, SettingsError
from .core.export import check_suffix, suffix_of
from .core.line import refuse_key
from .core.names import slug
from .core.options import Option, options_at, values_of_params
from .core.text import inert


class _Parser(argparse.ArgumentParser):
    """argparse with our own kind of error: one line, then how to get help."""

    def error(self, message: str) -> NoReturn:
        raise PromptError(
            f"{message[0].upper()}{message[1:]}.", hint=f"{self.prog} --help lists the options."
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after the program's name; those of the process unless given.

    Returns:
        The exit code: 0 done, 1 the request failed, 2 the call was wrong, 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        refuse_key("\n".join(words))
        command = COMMANDS.get(words[0]) if words else None
        return command(words[1:]) if command else _imagine(words)
    except (PromptError, SettingsError) as problem:
        return _failed(problem, 2)
    except GemimgError as problem:
        return _failed(problem, 1)
    except KeyboardInterrupt:
        print("Interrupted: the request was cancelled.", file=sys.stderr)
        return 130


def _failed(problem: GemimgError, code: int) -> int:
    print(f"{type(problem).__name__}: {' '.join(str(problem).split())}", file=sys.stderr)
    return code


def _imagine(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="python -m gemimg_magic",
        description="Make a picture from a prompt. Other commands: serve, doctor, check, store.",
        epilog="Keys come from the environment: GEMIMG_API_KEY, with GEMIMG_BASE_URL or GEMIMG_PROFILE.",
        allow_abbrev=False,
    )
    parser.add_argument("prompt", help="what to draw; - reads it from standard input")
    parser.add_argument("-o", "--out", metavar="FILE", help="file to write; - is standard output")
    parser.add_argument("--version", action="version", version=f"gemimg_magic {__version__}")
    parser.add_argument(
        "--overwrite", action="store_true", default=None, help="replace the file; else fox-2.png is written"
    )
    for option in options_at("command"):
        _add(parser, option)
    given = {name: value for name, value in vars(parser.parse_args(words)).items() if value is not None}
    return _draw(given.pop("prompt"), given.pop("out", None), given)


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    keywords: dict[str, Any] = {"help": option.help.replace("%", "%%"), "default": None, "dest": option.name}
    if not option.metavar:
        name, value = option.sets or (option.name, True)
        parser.add_argument(*option.flags, action="store_const", const=value, **keywords | {"dest": name})
        return
    if option.words > 1:
        keywords |= {"nargs": option.words, "metavar": tuple(option.metavar.split())}
    else:
        keywords |= {"metavar": option.metavar, "type": _typed(option.read)}
    parser.add_argument(*option.flags, action="append" if option.repeat else "store", **keywords)


def _typed(reader: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return reader(text)
        except ValueError as expected:
            raise argparse.ArgumentTypeError(f"{text!r} is not right: it takes {expected}") from None

    return read


def _draw(prompt: str, out: str | None, options: dict[str, Any]) -> int:
    from .engine import Engine

    if out and out != "-":
        check_suffix(Path(out).suffix)
    text = sys.stdin.read() if prompt == "-" else prompt
    engine = Engine(**{name: options.pop(name) for name in ("profile", "model") if name in options})
    saving = {"metadata": options.pop("metadata", True), "overwrite": options.pop("overwrite", False)}
    if "param" in options:
        options["params"] = values_of_params(options.pop("param"))
    if options.pop("dry_run", False):
        options.pop("max_cost", None)
        print(engine.plan(text, **options))
        return 0
    job = engine.start(text, **options)
    try:
        for _ in job.follow():
            pass
    except KeyboardInterrupt:
        job.cancel()
        raise
    completion = job.result()
    image = completion.image
    if out == "-":
        sys.stdout.buffer.write(image.data)
        sys.stdout.buffer.flush()
        return 0
    path = image.save(out or slug(text) + suffix_of(image.media_type), **saving)
    for warning in completion.warnings:
        print(f"Note: {inert(warning)}", file=sys.stderr)
    print(f"{path} · {image.width}×{image.height} · {image.model}")
    return 0


def _serve(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="python -m gemimg_magic serve", description="Serve the sketch server on this machine."
    )
    parser.add_argument("--port", type=int, default=8808, help="port (default 8808); 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address (default 127.0.0.1)")
    from .wire.sketch import running
    from .wire.sketch.trouble import KINDS, Plan, read_trouble

    kinds = "; ".join(f"{kind}: {told}" for kind, (_, told) in KINDS.items())
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:VALUE][@SHARE]",
        type=_typed(read_trouble),
        help=f"break replies, all or a share of them (0 to 1); may be repeated. {kinds}",
    )
    parser.add_argument("--seed", type=int, default=0, help="which requests fall into a share (default 0)")
    given = parser.parse_args(words)
    try:
        with running(given.host, given.port, plan=Plan(given.fault, given.seed)) as base_url:
            print(f"The sketch server (no model) answers at {base_url} until Ctrl-C.", flush=True)
            for trouble in given.fault:
                print(f"Fault: {trouble.kind} {trouble.share:.0%} of requests", flush=True)
            print(f"In another terminal: GEMIMG_BASE_URL={base_url} jupyter lab", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("Stopped.")
    except (OSError, ValueError) as problem:
        raise SettingsError(f"The server cannot listen on {given.host}:{given.port}: {problem}.") from None
    return 0


def _doctor(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="python -m gemimg_magic doctor", description="Look at the gateway; draws one picture."
    )
    parser.add_argument("-p", "--profile", help="gateway profile")
    parser.add_argument("-m", "--model", help="model id or alias")
    parser.add_argument("--stream", action="store_true", help="try a streamed reply, too")
    given = parser.parse_args(words)
    from .doctor import examine
    from .engine import Engine

    for line in examine(Engine(profile=given.profile, model=given.model), stream=given.stream):
        print(inert(line), flush=True)
    return 0


def _check(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="python -m gemimg_magic check",
        description="Look for API keys in notebooks, stores, sources and pictures; exit code 1 if any.",
        epilog="A line with the words 'pragma: allowlist secret' is passed over.",
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, help="files and folders; the current folder unless given"
    )
    given = parser.parse_args(words)
    from .check import check

    lines, clean = check(given.paths or [Path()], os.environ)
    for line in lines:
        print(line)
    return 0 if clean else 1


def _store(words: Sequence[str]) -> int:
    """``store verify|stats|cost|prune|sheet|slim``; what they do is in store_commands."""
    parser = _Parser(prog="python -m gemimg_magic store", description="Look after the store of answers.")
    parser.add_argument("--store", default="", metavar="FOLDER", help="the store; found upwards unless given")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    commands.add_parser("verify", help="look at every file; exit code 1 if one is damaged, missing or edited")
    commands.add_parser("stats", help="how much is in it")
    commands.add_parser("cost", help="what the answers cost, by model and by notebook")
    prune = commands.add_parser("prune", help="remove what no notebook's output came from")
    prune.add_argument(
        "notebooks", nargs="*", type=Path, help="those beside the store and below unless given"
    )
    prune.add_argument("--yes", action="store_true", help="remove; else only tell")
    commands.add_parser("sheet", help="write sheet.md into the store: every picture with its prompt")
    slim = commands.add_parser("slim", help="make notebooks light: previews in place of originals")
    slim.add_argument("notebooks", nargs="+", type=Path)
    given = parser.parse_args(words)
    lines, sound = _of_store(given)
    for line in lines:
        print(line)
    return 0 if sound else 1


def _of_store(given: argparse.Namespace) -> tuple[list[str], bool]:
    from . import store_commands as work
    from .engine import Engine

    if given.command == "slim":
        return [work.slim(path) for path in given.notebooks], True
    store = Engine(store=given.store or None, mode="replay").store
    if given.command == "verify":
        return work.verify(store)
    if given.command == "stats":
        return work.stats(store), True
    if given.command == "cost":
        return work.cost(store), True
    if given.command == "sheet":
        return [work.write_sheet(store)], True
    notebooks = given.notebooks or work.notebooks_near(store)
    return work.prune(store, notebooks, really=given.yes), True


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "serve": _serve,
    "doctor": _doctor,
    "check": _check,
    "store": _store,
}


if __name__ == "__main__":
    raise SystemExit(main())
