"""A real JupyterLab and a notebook open in a real browser, driven from Python.

Questions about cells go to JupyterLab's own model (`window.jupyterapp`), not to its HTML: class names
change between releases. Waits end when the thing waited for has happened; none is a fixed pause.
"""

from __future__ import annotations

import ast
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from support import foreign

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

WAIT = 30.0  # seconds; for every wait that names no other

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
CHROMIUM_ARGS = [
    "--no-sandbox",  # root in a container has no namespace to make one in
    "--disable-dev-shm-usage",  # /dev/shm of a container is small
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # loopback only
]

# What JupyterLab would otherwise do by itself, in the middle of a test.
LAB_SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "notebook-extension/tracker": {"windowingMode": "none"},  # else cells out of sight are not drawn
    "docmanager-extension/plugin": {"autosave": False},
    "codemirror-extension/plugin": {"defaultConfig": {"autoClosingBrackets": False}},
}


def find_chromium() -> str | None:
    """Where the browser is: $GEMIMG_CHROMIUM, or the first known name on PATH."""
    if chosen := os.environ.get("GEMIMG_CHROMIUM"):
        return shutil.which(chosen)
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


class Server:
    """`jupyter lab` on a free loopback port; all its folders are below `base`."""

    def __init__(self, base: Path) -> None:
        self.root = base / "notebooks"
        self.log = base / "server.log"
        places = {f"JUPYTER_{name}_DIR": base / name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
        places |= {"HOME": base / "home", "IPYTHONDIR": base / "ipython"}
        places |= {
            "JUPYTERLAB_SETTINGS_DIR": base / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": base / "workspaces",
        }
        for place in (self.root, *places.values()):
            place.mkdir()
        for name, value in LAB_SETTINGS.items():
            file = base / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value))
        environment = {k: v for k, v in os.environ.items() if k not in foreign(os.environ)}
        self.token = secrets.token_hex(16)
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--LabApp.expose_app_in_browser=True"]
        command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={self.root}"]
        command += [f"--IdentityProvider.token={self.token}", "--LabApp.extension_manager=readonly"]
        command += ["--LanguageServerManager.autodetect=False", "--MappingKernelManager.shutdown_wait_time=1"]
        command += ["--JupyterNotebookApp.expose_app_in_browser=True"]  # Notebook 7, where it is installed
        command += ["--allow-root"] if os.geteuid() == 0 else []
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=base,
                env=environment | {name: str(place) for name, place in places.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # The server picks its port and writes it here: no port can be taken between choosing and using.
        self._wait_for(base / "runtime" / f"jpserver-{self.process.pid}.json")

    def _wait_for(self, info: Path) -> None:
        deadline = time.monotonic() + 2 * WAIT
        while True:
            # The file is there before it is whole, and the port is open before it answers.
            with suppress(OSError, ValueError):
                self.url = f"http://127.0.0.1:{json.loads(info.read_text())['port']}"
                self.api("GET", "status")
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def api(self, method: str, path: str) -> Any:
        """Ask the server's REST API."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.loads(answer.read() or "null")

    def write(self, cells: list[str], name: str) -> str:
        """Write a notebook in a folder of its own, so that no two share an `imagined/`; gives its path."""
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        path = f"{uuid.uuid4().hex[:8]}/{name}"
        (self.root / path).parent.mkdir()
        nbformat.write(notebook, self.root / path)
        return path

    def end_kernel_of(self, path: str) -> None:
        """Shut the notebook's kernel down."""
        for session in self.api("GET", "sessions"):
            if session["path"] == path:
                with suppress(urllib.error.HTTPError):
                    self.api("DELETE", f"sessions/{session['id']}")

    def stop(self) -> None:
        """End the server and its kernels."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass(frozen=True)
class Pixels:
    """What a picture on screen is made of, read back through a canvas."""

    width: int
    height: int
    colours: int  # how many different ones (counting stops at 1000)
    coloured: float  # the share of pixels that are clearly not grey


class NotebookPage:
    """A notebook open in JupyterLab. Cells are addressed by their number, from 0."""

    def __init__(self, server: Server, page: Page, path: str, shots: Path) -> None:
        self.server, self.page, self.path, self.shots = server, page, path, shots
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))

    def open(self, ui: str = "lab") -> NotebookPage:
        """Load the page in JupyterLab or in Notebook 7 (`ui="notebook"`); the kernel is idle afterwards."""
        place = {"lab": "doc/tree", "notebook": "notebooks"}[ui]
        url = f"{self.server.url}/{place}/{self.path}?token={self.server.token}"
        self.page.goto(url, wait_until="domcontentloaded")
        self.wait_for("() => window.jupyterapp", "the application")
        self.page.evaluate("async () => { await window.jupyterapp.restored; }")
        self.page.evaluate(_HELPERS)
        self.wait_for(
            "() => { const w = nb.panel(); return w?.context.isReady && w.content.widgets.length; }",
            "the cells",
        )
        self.page.evaluate("() => nb.watch()")
        self.wait_kernel()
        return self

    def wait_for(self, condition: str, what: str, *, arg: Any = None, timeout: float = WAIT) -> None:
        """Wait until a JavaScript function is true. A timeout says how things stood."""
        from playwright.sync_api import TimeoutError as TooLate

        try:
            self.page.wait_for_function(condition, arg=arg, timeout=timeout * 1000)
        except TooLate:
            state = self.page.evaluate("() => window.nb?.state()")
            log = self.server.log.read_text()[-1500:]
            raise AssertionError(f"waited {timeout:g} s for {what}\n{state}\n{log}") from None

    def wait_kernel(self) -> None:
        """Connected and idle: before that, a run command may be lost."""
        self.wait_for(
            "() => nb.kernel()?.connectionStatus === 'connected' && nb.kernel().status === 'idle'",
            "the kernel",
        )

    def js(self, body: str, arg: Any = None) -> Any:
        """Run JavaScript with `app`, `panel` (NotebookPanel), `cells` (their widgets) and `arg` in scope."""
        head = "const app = window.jupyterapp, panel = nb.panel(), cells = panel.content.widgets;"
        return self.page.evaluate(f"async (arg) => {{ {head} {body} }}", arg)

    # Running

    def append(self, source: str) -> int:
        """Add a code cell at the end; gives its number."""
        self.js("panel.content.model.sharedModel.addCell({cell_type: 'code', source: arg});", source)
        return self.js("return cells.length - 1;")

    def start(self, cell: int) -> None:
        """Run a cell and do not wait for it."""
        self.js("nb.run(arg);", cell)

    def wait(self, cell: int, timeout: float = WAIT) -> None:
        """Wait until a started cell has its reply and its outputs."""
        self.wait_for("(i) => nb.runs[i] === 'done'", f"cell {cell} to finish", arg=cell, timeout=timeout)

    def run(self, cell: int, *, fails: bool = False, timeout: float = WAIT) -> list[dict[str, Any]]:
        """Run a cell to its end; gives its outputs. It must fail if, and only if, the test says so."""
        self.start(cell)
        self.wait(cell, timeout)
        outputs = self.outputs(cell)
        text = self.text(cell)
        # IPython prints its own UsageError ("magic not found") instead of failing.
        failed = any(output["output_type"] == "error" for output in outputs) or text.startswith("UsageError")
        assert failed == fails, f"cell {cell}: {text or 'no error'}"
        return outputs

    def running(self, cell: int) -> bool:
        """Whether a started cell still runs."""
        return self.page.evaluate("(i) => nb.runs[i] === 'running'", cell)

    def run_all(self) -> None:
        """Run every cell, in order."""
        for cell in range(self.js("return cells.length;")):
            self.run(cell)

    def wait_busy(self) -> None:
        """Wait until the kernel works on something."""
        self.wait_for("() => nb.kernel().status === 'busy'", "a busy kernel")

    def interrupt(self) -> None:
        """What the stop button does."""
        self.js("void app.commands.execute('notebook:interrupt-kernel');")

    # Looking

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """The outputs of a cell as the notebook file would hold them."""
        return self.js("return cells[arg].model.outputs?.toJSON() ?? [];", cell)

    def text(self, cell: int) -> str:
        """Everything a cell printed, showed as text or failed with; without colours."""
        said: list[str] = []
        for output in self.outputs(cell):
            lines = output.get("text") or output.get("traceback") or output["data"].get("text/plain", "")
            joint = "\n" if output["output_type"] == "error" else ""
            said.append(lines if isinstance(lines, str) else joint.join(lines))
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(said))

    def cell(self, number: int) -> Locator:
        """Where a cell is on the page."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, cell: int) -> Locator:
        """Where the outputs of a cell are on the page."""
        return self.cell(cell).locator(".jp-Cell-outputArea")

    def pixels(self, picture: Locator | int) -> Pixels:
        """Decode a picture (or the first of a cell) as the browser does, and look at its pixels."""
        where = self.output(picture).locator("img").first if isinstance(picture, int) else picture
        where.wait_for(timeout=WAIT * 1000)
        return Pixels(**where.evaluate(_PIXELS))

    def eval(self, expression: str) -> Any:
        """The value of an expression in the kernel, by way of JSON; nothing is shown or counted."""
        reply = self.js(
            "const ask = {code: '', silent: true, store_history: false, user_expressions: {x: arg}};"
            "return (await nb.kernel().requestExecute(ask).done).content.user_expressions.x;",
            f"__import__('json').dumps({expression})",
        )
        assert reply["status"] == "ok", f"{expression}: {reply.get('ename')}: {reply.get('evalue')}"
        return json.loads(ast.literal_eval(reply["data"]["text/plain"]))

    def poll(self, expression: str, value: Any, timeout: float = WAIT) -> None:
        """Wait until an expression has a value: what a widget sends arrives some time after the click."""
        deadline = time.monotonic() + timeout
        while (got := self.eval(expression)) != value:
            assert time.monotonic() < deadline, f"{expression} is {got!r}, not {value!r}"
            self.page.wait_for_timeout(50)

    @property
    def callback_errors(self) -> list[str]:
        """Errors in widget callbacks. A notebook shows them nowhere; the `lab` fixture fails the test."""
        return self.page.evaluate("() => nb.errors")

    def forgive_callback_errors(self) -> None:
        """For a test that wants one."""
        self.page.evaluate("() => { nb.errors.length = 0; }")

    # Keeping

    def save(self) -> nbformat.NotebookNode:
        """Save, and read the file back."""
        self.js("await panel.context.save();")
        return nbformat.read(self.server.root / self.path, as_version=4)

    def shot(self, name: str, cells: range | None = None) -> Path:
        """A screenshot of the page as it is, or of some cells in full."""
        self.shots.mkdir(parents=True, exist_ok=True)
        file = self.shots / f"{name}.png"
        if cells is None:
            self.page.screenshot(path=file)
            return file
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": before["width"], "height": 4000})
        self.js("panel.content.activeCellIndex = 0; cells[0].node.scrollIntoView();")  # no frame, no tool bar
        boxes = [self.cell(number).bounding_box() for number in cells]
        top, bottom = boxes[0]["y"], boxes[-1]["y"] + boxes[-1]["height"]
        clip = {"x": boxes[0]["x"], "y": top, "width": boxes[0]["width"], "height": bottom - top}
        self.page.screenshot(path=file, clip=clip)
        self.page.set_viewport_size(before)
        return file

    def close(self) -> None:
        """Close the page and end its kernel."""
        self.page.close(run_before_unload=False)
        self.server.end_kernel_of(self.path)


_HELPERS = """() => { window.nb = {
  runs: {}, errors: [],
  panel: () => { const s = window.jupyterapp.shell, w = s.currentWidget ?? [...s.widgets('main')][0];
                 return w?.content?.widgets && w.context ? w : null; },
  kernel: () => nb.panel()?.sessionContext?.session?.kernel,
  // The promise of the run command: reply and idle of this very run. A kernel's status is shared.
  run: (i) => { nb.panel().content.activeCellIndex = i; nb.runs[i] = 'running';
                const end = () => { nb.runs[i] = 'done'; };
                window.jupyterapp.commands.execute('notebook:run-cell').finally(end); },
  watch: () => nb.panel().sessionContext.iopubMessage.connect((_, m) => {
                if (m.parent_header?.msg_type === 'execute_request') return;
                if (m.header.msg_type === 'error') nb.errors.push(m.content.ename + ': ' + m.content.evalue);
                // A kernel without widgets complains about JupyterLab asking for them.
                if (m.header.msg_type === 'stream' && m.content.name === 'stderr'
                    && !m.content.text.startsWith('No such comm')) nb.errors.push(m.content.text); }),
  state: () => JSON.stringify({ ready: nb.panel()?.context.isReady, runs: nb.runs, errors: nb.errors,
                kernel: [nb.kernel()?.connectionStatus, nb.kernel()?.status],
                dialog: document.querySelector('.jp-Dialog')?.innerText }),
}; }"""

_PIXELS = """async (img) => {
  await img.decode();
  const canvas = new OffscreenCanvas(img.naturalWidth, img.naturalHeight), pen = canvas.getContext('2d');
  pen.drawImage(img, 0, 0);
  const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height), seen = new Set();
  let coloured = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = data.subarray(i, i + 3);
    if (Math.max(r, g, b) - Math.min(r, g, b) > 16) coloured++;
    if (seen.size < 1000) seen.add((r << 16) | (g << 8) | b);
  }
  return { width, height, colours: seen.size, coloured: coloured / (width * height) };
}"""
