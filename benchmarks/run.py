"""All benchmarks: python benchmarks/run.py [--quick]. Prints the table and writes benchmarks/RESULTS.md.

Every measurement is a process of its own; the clients take turns; what counts is the ratio within one run.
Peers live in environments of their own, made once and kept where ``--peers`` says. There are two, because
litellm pins an older release of the OpenAI library than the current one, and both are of interest.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
OURS = "gemimg_magic"
OPENAI = ("openai 3", "openai 2")
PEERS = {
    "openai 3": "peers",
    "openai 2": "litellm",
    "google-genai": "peers",
    "gemimg": "peers",
    "litellm": "litellm",
    "requests": "peers",
    "httpx": "peers",
}
"""Clients, and the file beside this one that lists what is in the environment of each."""


@dataclass(frozen=True)
class Scenario:
    """One job that several clients do.

    Args:
        title: for the table.
        job, reply: what ``measure.py`` is asked for.
        figure: which of its figures counts.
        clients: who takes part, besides us.
        goal: how many times less than both releases of the OpenAI library, or at most ``limit`` if given.
        limit: an absolute limit in the figure's unit.
        per: the figure is divided by this for the table, such as the bytes of the picture.
        unit: for the table.
    """

    title: str
    job: str
    reply: str
    figure: str
    clients: tuple[str, ...]
    goal: float | None = None
    limit: float | None = None
    per: float = 0.001
    unit: str = "ms"
    count: int = 5


PICTURE = 18.5e6
REFERENCES = 58e6
ALL = ("raw socket", *PEERS)
STREAMED = (*OPENAI, "litellm", "httpx", "requests")
SCENARIOS = (
    Scenario("4K, whole reply: CPU", "receive", "whole", "cpu", ALL, goal=4.5),
    Scenario(
        "4K, whole reply: peak memory", "receive", "whole", "memory", ALL, limit=1.15, per=PICTURE, unit="x"
    ),
    Scenario("4K, one event: CPU", "receive", "event", "cpu", STREAMED, goal=20, count=2),
    Scenario(
        "4K, one event: peak memory",
        "receive",
        "event",
        "memory",
        STREAMED,
        limit=1.15,
        per=PICTURE,
        unit="x",
        count=2,
    ),
    Scenario("4K, 4 kB deltas: CPU", "receive", "deltas", "cpu", (*OPENAI, "httpx"), goal=7, count=3),
    Scenario(
        "4K, 4 kB deltas: peak memory",
        "receive",
        "deltas",
        "memory",
        (*OPENAI, "httpx"),
        limit=1.15,
        per=PICTURE,
        unit="x",
        count=3,
    ),
    Scenario(
        "14 references up: CPU",
        "send",
        "small",
        "cpu",
        ("raw socket", *OPENAI, "litellm", "httpx"),
        goal=10,
        count=3,
    ),
    Scenario(
        "14 references up: peak memory",
        "send",
        "small",
        "memory",
        (*OPENAI, "litellm", "httpx"),
        limit=0.1,
        per=REFERENCES,
        unit="x",
        count=3,
    ),
    Scenario("last byte -> picture", "last", "paused", "wait", (*OPENAI, "httpx"), limit=3),
    Scenario(
        "64 x 1K at 2 s latency: wall",
        "many",
        "slow",
        "wall",
        OPENAI,
        limit=1.25,
        per=2.0,
        unit="x ideal",
    ),
    Scenario("64 x 1K: longest stall of the loop", "many", "slow", "stall", OPENAI, limit=50),
    Scenario("loading on top of a kernel", "load", "-", "cpu", OPENAI, goal=20),
    Scenario("cell with a 1K picture, store on: CPU", "cell", "middle", "cpu", (), limit=60),
    Scenario(
        "ten 4K pictures in a notebook",
        "weight",
        "-",
        "bytes",
        ("PIL as last value",),
        limit=2.5,
        per=1e6,
        unit="MB",
    ),
)


def environment(folder: Path, name: str) -> Path:
    """The interpreter of an environment for peers, which is made when it is missing or not as listed."""
    wanted = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    python, made = folder / name / "bin" / "python", folder / name / "made.txt"
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        print(f"making an environment for peers: {name} …", file=sys.stderr)
        venv.create(folder / name, with_pip=True, clear=True)
        packages = ["-r", str(HERE / f"{name}.txt"), "ipython", "ipykernel", "pillow"]
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
        made.write_text(wanted, encoding="utf-8")
    return python


def environments(folder: Path) -> dict[str, Path]:
    """For each client, the interpreter that runs it."""
    return {client: environment(folder, name) for client, name in PEERS.items()}


@contextmanager
def server() -> Iterator[str]:
    """The prebuilt replies, served by a process of their own."""
    process = subprocess.Popen([sys.executable, str(HERE / "server.py")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def measured(
    python: Path, job: str, client: str, url: str, reply: str, count: int
) -> dict[str, float] | None:
    """One measurement, or None where the client cannot do it here."""
    command = [str(python), str(HERE / "measure.py"), job, client, url, reply, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        print(f"{client} cannot do {job} {reply}: {last}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


Figures = dict[tuple[str, str, str], list[dict[str, float]]]


def run(url: str, peers: dict[str, Path], scenarios: tuple[Scenario, ...], rounds: int) -> Figures:
    """Every job of every client, in turns."""
    figures: Figures = {}
    jobs = {(s.job, s.reply, client): s.count for s in scenarios for client in (OURS, *s.clients)}
    for number in range(rounds):
        for (job, reply, client), count in jobs.items():
            if (job, reply, client) in figures and not figures[job, reply, client]:
                continue
            found = figures.setdefault((job, reply, client), [])
            print(f"round {number + 1}: {job} {reply} {client}", file=sys.stderr)
            python = peers.get(client, Path(sys.executable))
            figure = measured(python, job, client, url, reply, count)
            if figure is not None:
                found.append(figure)
    return figures


def table(figures: Figures, scenarios: tuple[Scenario, ...]) -> list[str]:
    """The table in Markdown: ours, the others as a multiple of it, and the goal."""
    rows = ["| | gemimg_magic (min - max) | others, as a multiple of it | goal | |", "|---|---|---|---|---|"]
    for scenario in scenarios:
        values = {
            client: [f[scenario.figure] / scenario.per for f in figures[scenario.job, scenario.reply, client]]
            for client in (OURS, *scenario.clients)
        }
        if not values[OURS]:
            rows.append(f"| {scenario.title} | failed | | | NO |")
            continue
        rows.append(_row(scenario, {client: v for client, v in values.items() if v}))
    return rows


def _row(scenario: Scenario, values: dict[str, list[float]]) -> str:
    ours = statistics.median(values[OURS])
    others = ", ".join(
        f"{client} {statistics.median(them) / ours if ours else float('inf'):.2g}"
        for client, them in values.items()
        if client != OURS
    )
    span = f"{ours:.3g} {scenario.unit} ({min(values[OURS]):.3g} - {max(values[OURS]):.3g})"
    if scenario.limit is not None:
        goal, verdict = (
            f"at most {scenario.limit:g} {scenario.unit}",
            "yes" if ours <= scenario.limit else "NO",
        )
    else:
        goal = f"openai at least {scenario.goal:g}"
        met = [
            c for c in OPENAI if c in values and statistics.median(values[c]) >= ours * (scenario.goal or 0)
        ]
        verdict = "yes" if len(met) == len(OPENAI) else f"only {met[0]}" if met else "NO"
    return f"| {scenario.title} | {span} | {others} | {goal} | {verdict} |"


def main() -> None:
    """Run what was asked for and write the table."""
    parser = argparse.ArgumentParser(description="Compare with peers on the same replies.")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--rounds", type=int, default=5, help="how often each client has its turn")
    parser.add_argument("--only", default="", help="scenarios whose title holds this")
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gemimg-magic-benchmarks"
    parser.add_argument("--peers", type=Path, default=default, help="folder of the peers' environments")
    given = parser.parse_args()
    scenarios = tuple(s for s in SCENARIOS if given.only in s.title)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    with server() as url:
        figures = run(url, environments(given.peers), scenarios, 1 if given.quick else given.rounds)
    lines = table(figures, scenarios)
    print("\n".join(lines))
    if not given.only:
        rounds = len(figures[SCENARIOS[0].job, SCENARIOS[0].reply, OURS])
        about = (
            f"Python {platform.python_version()}, {os.cpu_count()} cores, loopback;"
            f" medians of {rounds} rounds in turns."
        )
        lists = [(HERE / f"{name}.txt").read_text(encoding="utf-8") for name in dict.fromkeys(PEERS.values())]
        peers = ", ".join(sorted({line for text in lists for line in text.split()}))
        text = [
            "# Results",
            "",
            "Written by `python benchmarks/run.py`.",
            "",
            about,
            f"Load of the machine before the run: {load:.1f}. CPU is that of the client's process; what is",
            "measured in wall time (last byte, 64 pictures, stall) needs an idle machine.",
            "",
            "`raw socket` has no HTTP library and no event loop: one buffer, and the decoder. A goal",
            "against openai is met where it holds for both releases.",
            "",
            f"Peers: {peers}.",
            "",
            *lines,
            "",
        ]
        (HERE / "RESULTS.md").write_text("\n".join(text))


if __name__ == "__main__":
    main()
