"""The panel in a real JupyterLab and a real Notebook 7."""

from __future__ import annotations

import base64
import io
import random
import time

import pytest
from nbconvert import HTMLExporter
from PIL import Image

from support.gateway import completion, png

LOAD = "%load_ext gemimg_magic"
OPEN = "from gemimg_magic import panel\np = panel(); p"
KEY = "canary-key-0123456789"


@pytest.fixture(params=["lab", "notebook"])
def nb(lab, request):
    """A notebook with an open panel ``p`` in cell 1, and a cell to run beside it."""
    page = lab([LOAD, OPEN, "40 + 2"], name="panel.ipynb", ui=request.param)
    return opened(page)


@pytest.fixture(params=["lab", "notebook"])
def paid(lab, gateway, request):
    """The same, with a gateway that wants a key; ``gateway`` answers."""
    where = (
        f"import os\nos.environ['GEMIMG_BASE_URL'] = {gateway.base_url!r}\n"
        "os.environ['GEMIMG_API_KEY'] = open('key.txt').read()\n"
    )
    gateway.models = ["gemini-3-pro-image", "my-image-model", "gpt-5"]
    page = lab([where + LOAD, OPEN, "40 + 2"], name="paid.ipynb", ui=request.param)
    (page.server.root / page.path).with_name("key.txt").write_text(KEY)
    return opened(page)


def opened(page):
    page.run(0)
    page.run(1)
    button(page, "Generate").wait_for()
    return page


def button(nb, name):
    return nb.page.get_by_role("button", name=name, exact=True)


def control(nb, label):
    return nb.page.locator(".gemimg-panel").get_by_label(label, exact=True)


def large(nb):
    """The chosen picture, in large."""
    return nb.page.locator(".gemimg-large")


def generate(nb, prompt, number):
    """Type a prompt, click, and wait until there are so many pictures."""
    control(nb, "Prompt").fill(prompt)
    button(nb, "Generate").click()
    nb.poll("[p.error, len(p.images), p.busy]", ["", number, False])


def asked(gateway):
    """The requests that cost something."""
    return [request for request in gateway.requests if request.method == "POST"]


def test_type_click_and_see_the_picture(nb):
    control(nb, "Variable").fill("fox")
    generate(nb, "a red fox in the snow", 1)

    seen = nb.pixels(large(nb))
    assert seen.width == 1024
    assert seen.coloured > 0.02
    assert large(nb).get_attribute("alt") == "a red fox in the snow"
    assert nb.eval("fox == _img == p.result") is True
    # The static twin in the output, for whoever opens the file without a kernel.
    outputs = nb.save().cells[1].outputs
    assert [output.output_type for output in outputs] == ["execute_result", "display_data"]
    assert {"image/png", "image/jpeg"} & outputs[1].data.keys()
    assert outputs[1].data["text/plain"] == "fox · 1024×1024 · sketch, no model"


def test_edit_by_keyboard_alone(nb):
    generate(nb, "a red fox in the snow", 1)
    button(nb, "Edit this").focus()
    nb.page.keyboard.press("Enter")
    nb.page.locator(".gemimg-card").wait_for()
    assert nb.page.evaluate("document.activeElement.className") == "gemimg-prompt"
    nb.page.keyboard.type("Make it greyscale")
    nb.page.keyboard.press("Control+Enter")
    nb.poll("[p.error, len(p.images)]", ["", 2])

    nb.wait_for("() => document.querySelector('.gemimg-large').alt === 'Make it greyscale'", "the edit")
    assert nb.pixels(large(nb)).coloured < 0.005
    assert nb.js("return cells.length;") == 3, "the key ran no cell and made none"
    assert nb.eval("p.images[1].parents == (p.images[0],)") is True

    # The row of pictures is one stop of Tab; the arrows choose.
    nb.page.locator(".gemimg-thumb[aria-selected=true]").focus()
    nb.page.keyboard.press("ArrowRight")
    nb.poll("p.selected", 0)
    nb.page.keyboard.press("d")
    nb.page.keyboard.press("d")
    assert nb.js("return cells.length;") == 3, "no shortcut of the notebook deletes the cell"


def test_a_large_photo_is_uploaded(nb, tmp_path):
    noise = random.Random(1).randbytes(3 * 2900 * 2900)
    Image.frombytes("RGB", (2900, 2900), noise).save(tmp_path / "my photo.png", compress_level=0)
    assert (tmp_path / "my photo.png").stat().st_size > 25_000_000

    nb.page.get_by_label("Picture files").set_input_files(tmp_path / "my photo.png")
    nb.poll("[p.error, [r.media_type for r in p.references]]", ["", ["image/jpeg"]])
    nb.pixels(nb.page.locator(".gemimg-card img[src]"))
    generate(nb, "Make it greyscale", 1)

    assert "-e uploads/my-photo.jpg" in nb.eval("p.cell")
    assert nb.pixels(large(nb)).coloured < 0.005
    assert nb.eval("p.images[0].parents == p.references") is True


def test_a_picture_is_pasted_and_dropped(nb):
    blob = base64.b64encode(png("orange", (64, 48))).decode()
    nb.page.evaluate(
        """async (data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const item = new ClipboardItem({'image/png': new Blob([bytes], {type: 'image/png'})});
          await navigator.clipboard.write([item]); }""",
        blob,
    )
    control(nb, "Prompt").click()
    nb.page.keyboard.press("Control+V")
    nb.poll("[p.error, p.cell]", ["", "%%imagine -e uploads/pasted.png\n"])

    blob = base64.b64encode(png("teal", (64, 48))).decode()
    nb.page.evaluate(
        """(data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0)), carried = new DataTransfer();
          carried.items.add(new File([bytes], 'sea.png', {type: 'image/png'}));
          const drop = new DragEvent('drop', {dataTransfer: carried, bubbles: true, cancelable: true});
          document.querySelector('.gemimg-panel').dispatchEvent(drop); }""",
        blob,
    )
    nb.poll("[p.error, p.cell]", ["", "%%imagine -i uploads/pasted.png -i uploads/sea.png\n"])
    assert nb.page.locator(".gemimg-card img").count() == 2


def test_cancel_ends_a_silent_request_within_a_second(paid, gateway):
    gateway.reply(hang=True)
    control(paid, "Prompt").fill("a fox")
    button(paid, "Generate").click()
    paid.poll("p.busy", True)
    deadline = time.monotonic() + 10
    while not asked(gateway) and time.monotonic() < deadline:
        paid.page.wait_for_timeout(20)

    began = time.monotonic()
    button(paid, "Cancel").click()
    assert gateway.disconnected.wait(1), "the server still waits"
    assert time.monotonic() - began < 1
    paid.poll("[p.busy, p.error, len(p.images)]", [False, "", 0])
    paid.page.get_by_text("Cancelled after").wait_for()


def test_other_cells_run_while_a_picture_is_made(paid, gateway):
    gateway.reply(completion(png("red", (640, 480))), delay=3)
    control(paid, "Prompt").fill("a fox")
    button(paid, "Generate").click()
    paid.poll("p.busy", True)

    [answer] = paid.run(2)
    assert answer["data"]["text/plain"] == "42"
    assert paid.eval("p.busy") is True
    # A cell that holds the kernel keeps no picture from being shown.
    cell = paid.append("import time; time.sleep(20)")
    paid.start(cell)
    large(paid).wait_for(timeout=6000)
    assert paid.running(cell)
    assert paid.pixels(large(paid)).width == 640
    # And one that holds the kernel keeps no request from being cancelled.
    gateway.reply(hang=True)
    control(paid, "Prompt").fill("an ox")
    button(paid, "Generate").click()
    button(paid, "Cancel").wait_for()
    deadline = time.monotonic() + 5
    while len(asked(gateway)) < 2 and time.monotonic() < deadline:
        paid.page.wait_for_timeout(20)
    button(paid, "Cancel").click()
    assert gateway.disconnected.wait(1)
    assert paid.running(cell)
    paid.interrupt()
    paid.wait(cell)


def test_the_copied_cell_replays_without_paying(paid, gateway):
    gateway.reply(completion(png("red", (640, 480))))
    gateway.reply(completion(png("green", (640, 480))))
    blob = base64.b64encode(png("orange", (64, 48))).decode()
    paid.eval(
        f"p.references.__class__ and p._held.keep(__import__('base64').b64decode({blob!r}), 'a.png').sha256"
    )
    control(paid, "Ratio").select_option("16:9")
    generate(paid, "a {{40 + 2}} fox", 1)
    button(paid, "Copy as cell").click()
    paid.page.get_by_text("Copied.").wait_for()
    first = paid.page.evaluate("navigator.clipboard.readText()")
    assert "-a 16:9" in first

    button(paid, "Use as reference").click()
    paid.page.locator(".gemimg-card").wait_for()
    generate(paid, "bluer", 2)
    button(paid, "Insert cell").click()
    paid.page.get_by_text("Inserted below.").wait_for()
    assert paid.js("return cells.length;") == 4
    second = paid.js("return cells[2].model.sharedModel.getSource();")
    assert second.startswith("%%imagine -e imagined/pictures/")

    for source, number in ((first, 0), (second, 1)):
        cell = paid.append(source)
        paid.run(cell)
        assert paid.eval(f"_img == p.images[{number}]") is True
    assert len(asked(gateway)) == 2


def test_saved_and_opened_again_the_pictures_are_there(paid, gateway, lab):
    gateway.reply(completion(png("red", (640, 480))))
    generate(paid, "a fox", 1)
    saved = paid.save()
    paid.server.end_kernel_of(paid.path)
    paid.page.reload(wait_until="domcontentloaded")

    picture = paid.page.locator(".jp-OutputArea img[src^=data]")
    assert paid.pixels(picture).width == 640
    [held] = [o for o in saved.cells[1].outputs if "image/png" in o.data]
    page, _ = HTMLExporter().from_notebook_node(saved)
    assert held.data["image/png"].replace("\n", "") in page.replace("\n", "")
    assert Image.open(io.BytesIO(base64.b64decode(held.data["image/png"]))).size == (640, 480)


def test_no_key_is_in_any_saved_state(paid, gateway):
    gateway.reply(completion(png("red", (640, 480))))
    generate(paid, "a fox", 1)

    assert "key from GEMIMG_API_KEY" in paid.page.locator(".gemimg-footer").inner_text()
    state = paid.eval("__import__('ipywidgets').Widget.get_manager_state()")
    panel_state = next(s for s in state["state"].values() if s["state"].get("prompt") == "a fox")
    assert KEY not in str(state)
    assert "base64" not in str(panel_state.keys())
    assert sorted(panel_state["state"]["_models"]) == ["gemini-3-pro-image", "my-image-model"]
    paid.js("await app.commands.execute('jupyter-widgets:saveWidgetState').catch(() => null);")
    assert KEY not in str(paid.save())


def test_a_restarted_kernel_is_told(nb):
    nb.js("await nb.kernel().restart();".replace("nb.kernel()", "panel.sessionContext.session.kernel"))
    nb.wait_kernel()
    control(nb, "Prompt").fill("a fox")
    button(nb, "Generate").click()

    nb.page.get_by_role("alert").filter(has_text="Run its cell again").wait_for()


def test_voila_serves_the_panel(browser_context, jupyter_server):
    pytest.importorskip("voila")
    path = jupyter_server.write([LOAD, "%gemimg panel"], "page.ipynb")
    page = browser_context.new_page()
    page.goto(f"{jupyter_server.url}/voila/render/{path}?token={jupyter_server.token}")
    page.get_by_label("Prompt", exact=True).fill("a red fox")
    page.get_by_role("button", name="Generate").click()
    picture = page.locator(".gemimg-large")
    picture.wait_for()
    picture.evaluate("(img) => img.decode()")
    assert picture.evaluate("(img) => img.naturalWidth") == 1024
    assert not page.get_by_role("button", name="Insert cell").is_visible()
    page.close()


@pytest.mark.parametrize("ui", ["lab", "notebook"])
def test_compare_live_and_without_a_kernel(lab, ui):
    cells = [LOAD, "%imagine -q -o fox a red fox", "%imagine -q -e fox -o grey Make it greyscale"]
    nb = lab([*cells, "%gemimg compare fox grey"], name="compare.ipynb", ui=ui)
    nb.run_all()
    twin = nb.output(3).locator("img[src^=data]")
    first, second = (
        nb.page.get_by_alt_text(alt) for alt in ("Second: Make it greyscale", "First: a red fox")
    )
    assert nb.pixels(first).coloured < 0.005
    assert nb.pixels(second).coloured > 0.02
    twin.wait_for(state="hidden")
    slider = nb.page.get_by_label("How much of the first picture shows")
    slider.focus()
    nb.page.keyboard.press("End")
    assert second.evaluate("(img) => img.style.clipPath") == "inset(0px 0% 0px 0px)"

    saved = nb.save()
    assert saved.cells[3].outputs[-1].data["text/plain"] == "fox | grey"
    nb.server.end_kernel_of(nb.path)
    nb.page.reload(wait_until="domcontentloaded")
    assert nb.pixels(nb.page.locator(".jp-OutputArea img[src^=data]")).width == 2 * 512 + 8


def test_a_part_is_chosen_and_changed(nb):
    generate(nb, "a red fox in the snow", 1)
    button(nb, "Edit this").click()
    button(nb, "Region").click()
    stage = nb.page.locator(".gemimg-stage canvas").bounding_box()
    nb.page.mouse.move(stage["x"] + stage["width"] * 0.25, stage["y"] + stage["height"] * 0.25)
    nb.page.mouse.down()
    nb.page.mouse.move(stage["x"] + stage["width"] * 0.75, stage["y"] + stage["height"] * 0.75, steps=4)
    nb.page.mouse.up()
    button(nb, "Use this region").click()
    nb.page.get_by_text("Only the box").wait_for()
    generate(nb, "Make it greyscale", 2)
    box = [int(number) for number in nb.eval("p.region").split(",")]
    assert all(abs(number - wanted) < 16 for number, wanted in zip(box, [256, 256, 512, 512], strict=True))
    both = "[image.pil.convert('RGB') for image in p.images]"
    difference = "__import__('PIL.ImageChops').ImageChops.difference"
    left, top, right, bottom = nb.eval(f"{difference}(*{both}).getbbox()")
    assert (left, top) >= (box[0], box[1])
    assert right <= box[0] + box[2]
    assert bottom <= box[1] + box[3]

    # The brush: what is painted becomes a mask.
    button(nb, "Region").click()
    button(nb, "Brush").click()
    stage = nb.page.locator(".gemimg-stage canvas").bounding_box()
    nb.page.mouse.move(stage["x"] + stage["width"] * 0.5, stage["y"] + stage["height"] * 0.5)
    nb.page.mouse.down()
    nb.page.mouse.move(stage["x"] + stage["width"] * 0.6, stage["y"] + stage["height"] * 0.5, steps=4)
    nb.page.mouse.up()
    button(nb, "Use this region").click()
    nb.poll("p.region", "uploads/mask.png")
    generate(nb, "Make it greyscale", 3)


def test_for_the_documentation(lab):
    """Both themes, narrow and wide: everything is on the page and nothing sticks out."""
    nb = opened(lab([LOAD, OPEN], name="panel.ipynb"))
    control(nb, "Ratio").select_option("4:3")
    control(nb, "Variable").fill("harbour")
    generate(nb, "a lighthouse at dusk, with the word HARBOUR", 1)
    button(nb, "Edit this").click()
    control(nb, "Variable").fill("sepia")
    generate(nb, "Make it sepia", 2)
    nb.page.locator(".gemimg-panel summary", has_text="As a cell").click()
    nb.pixels(nb.page.locator(".gemimg-card img[src]"))
    nb.page.set_viewport_size({"width": 1100, "height": 960})
    for theme, light in (("Dark", "false"), ("Light", "true")):
        nb.js("await app.commands.execute('apputils:change-theme', {theme: arg});", f"JupyterLab {theme}")
        nb.wait_for("(light) => document.body.dataset.jpThemeLight === light", "the theme", arg=light)
        nb.page.wait_for_selector("#jupyterlab-splash", state="detached")
        prompt = control(nb, "Prompt").evaluate(
            "(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
            ".map((c) => c.match(/[\\d.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 3)"
        )
        assert abs(prompt[0] - prompt[1]) > 120, "text and ground are far apart"
        nb.shot(f"panel-{theme.lower()}")
    for width in (400, 700, 1600):
        nb.page.set_viewport_size({"width": width, "height": 900})
        nb.page.wait_for_timeout(200)
        stuck = nb.page.evaluate(
            """() => {
              const panel = document.querySelector('.gemimg-panel');
              const { right } = panel.getBoundingClientRect();
              return [...panel.querySelectorAll('button, input, select, textarea, img, pre')]
                .filter((node) => node.getBoundingClientRect().right > right + 1)
                .map((node) => node.outerHTML.slice(0, 80)); }"""
        )
        assert stuck == []
