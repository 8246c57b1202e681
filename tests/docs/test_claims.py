"""What README says of speed is what benchmarks/RESULTS.md shows."""

from __future__ import annotations

import re

import pytest

from support.pages import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("claim", "row", "times"),
    [
        ("at most a third of the CPU time", "4K, whole reply: CPU", 3),
        ("a third of the CPU time and of the memory", "4K, whole reply: peak memory", 3),
        ("a twentieth of the time to import that SDK", "loading on top of a kernel", 20),
    ],
)
def test_a_claim_of_readme_stands_in_the_results(claim, row, times):
    [line] = [line for line in RESULTS.splitlines() if line.startswith(f"| {row} |")]
    releases = re.findall(r"\bopenai(?: \d+)? ([\d.e+]+)(?=,| \|)", line)

    assert claim in " ".join(README.split())
    assert releases
    assert min(map(float, releases)) >= times
