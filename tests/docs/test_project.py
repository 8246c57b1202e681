"""What people meet who want to join: workflows that call our scripts, forms, a release that is checked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from support.pages import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(workflow: Path) -> list[dict]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job.get("steps", [])]


def test_the_matrix_comes_from_the_classifiers():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = subprocess.run(
        [sys.executable, ROOT / ".ci" / "pythons"], capture_output=True, text=True, check=True
    )

    pythons = json.loads(listed.stdout)

    assert pythons[0] == project["requires-python"].removeprefix(">=")
    assert [f"Programming Language :: Python :: {python}" for python in pythons] == [
        line for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)
    ]
    assert "needs.build.outputs.pythons" in (ROOT / ".github" / "workflows" / "test.yml").read_text()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_our_scripts_and_pin_actions(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    scripts = {name for step in steps(workflow) for name in re.findall(r"\.ci/[\w-]+", step.get("run", ""))}

    assert scripts
    assert [name for name in sorted(scripts) if not (ROOT / name).is_file()] == []
    assert [use for use in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", use)] == []
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {}


def test_three_systems_are_tried():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))["jobs"]

    assert jobs["wheel"]["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=str)
def test_forms_are_forms(form):
    read = yaml.safe_load(form.read_text(encoding="utf-8"))

    assert {"name", "description", "body"} <= read.keys()
    assert all(field["type"] in ("markdown", "input", "textarea") for field in read["body"])


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script for the machine that releases")
def test_a_release_is_checked(tmp_path):
    def check(tag: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", ".ci/release-check", tag, str(tmp_path / "dist")]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    (tmp_path / ".ci").mkdir()
    (tmp_path / "dist").mkdir()
    script = (ROOT / ".ci" / "release-check").read_bytes()
    (tmp_path / ".ci" / "release-check").write_bytes(script)
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n")

    assert "no" in check("v1.2.3").stderr
    for name in ("gemimg_magic-1.2.3-py3-none-any.whl", "gemimg_magic-1.2.3.tar.gz"):
        (tmp_path / "dist" / name).touch()
    assert "CHANGELOG.md has no section [1.2.3]" in check("v1.2.3").stderr
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.3] - 2027-01-01\n")
    assert check("v1.2.3").returncode == 0
