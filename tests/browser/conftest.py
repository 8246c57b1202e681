"""Fixtures for tests that open a notebook in a real JupyterLab in a real Chromium.

    def test_it(lab):
        nb = lab(["%load_ext gemimg_magic", "%%imagine -o fox\\na red fox"])
        nb.run_all()
        assert nb.pixels(1).width > 0
        assert nb.eval("fox.size") == [1024, 1024]

The browser is Debian's (`apt-get install chromium`), or the one in $GEMIMG_CHROMIUM. Without a browser
these tests are skipped; with GEMIMG_REQUIRE_BROWSER=1 they fail instead. When a test fails, what the
screen showed and what the console said are in `test-artifacts/`.

`pytest tests/browser --screenshots DIR` puts pictures for the documentation in that folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.lab import CHROMIUM_ARGS, WAIT, NotebookPage, Server, find_chromium

HERE = Path(__file__).parent
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Last, because Playwright leaves an event loop running in this thread: asyncio.run() fails after it.
    def in_browser(item: pytest.Item) -> bool:
        return HERE in item.path.parents

    items.sort(key=in_browser)
    for item in filter(in_browser, items):
        item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def jupyter_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One `jupyter lab` for all tests, with folders, settings and a token of its own."""
    server = Server(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """One Chromium for all tests."""
    program = find_chromium()
    if program is None:
        reason = "no Chromium found: install it (apt-get install chromium) or set GEMIMG_CHROMIUM"
        if os.environ.get("GEMIMG_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser_context(chromium) -> Iterator:
    """One set of cookies and cache for all tests: the second page loads in a third of the time."""
    context = chromium.new_context(
        viewport={"width": 1100, "height": 900},
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(WAIT * 1000)
    yield context
    context.close()


@pytest.fixture
def lab(
    browser_context, jupyter_server: Server, request: pytest.FixtureRequest
) -> Iterator[Callable[..., NotebookPage]]:
    """`lab(cells, name="notebook.ipynb")` opens a new notebook with its own kernel; see support/lab.py."""
    artifacts = request.config.rootpath / "test-artifacts"
    chosen = request.config.getoption("--screenshots")
    shots = request.config.invocation_params.dir / chosen if chosen else artifacts
    opened: list[NotebookPage] = []

    def open_notebook(cells: list[str], name: str = "notebook.ipynb", ui: str = "lab") -> NotebookPage:
        path = jupyter_server.write(cells, name)
        opened.append(NotebookPage(jupyter_server, browser_context.new_page(), path, shots))
        return opened[-1].open(ui)

    yield open_notebook

    whole = [page for page in opened if page.page.evaluate("() => !!window.nb")]
    errors = [error for page in whole for error in page.callback_errors]
    failed = request.node.stash.get(FAILED, False) or errors
    for number, page in enumerate(opened):
        if failed:
            page.shots, name = artifacts, f"{request.node.name}-{number}"
            with suppress(Exception):  # the failure to report is the test's
                page.shot(name)
                (artifacts / f"{name}.console.txt").write_text("\n".join(page.console))
        page.close()
    assert not errors, f"errors in widget callbacks: {errors}"
