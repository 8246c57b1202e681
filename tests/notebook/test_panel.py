"""The panel driven from Python and by the messages of its face; the browser is in tests/browser."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from PIL import Image
from traitlets import TraitError

from gemimg_magic import GeneratedImage, errors, panel
from gemimg_magic.core.canonical import key
from support.gateway import completion, png, reply

KEY = "canary-key-0123456789"


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    """A shell whose pictures come from the gateway, and cost something."""
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", KEY)
    return shell


class Face:
    """Plays the browser: sends what it sends, and keeps what it is sent."""

    def __init__(self, made, monkeypatch):
        self.panel, self.sent, self._at = made, [], 0
        monkeypatch.setattr(
            made, "send", lambda content, buffers=None: self.sent.append((content, buffers or []))
        )

    def __call__(self, kind, buffers=(), form=None, **fields):
        self._at += 1
        message = {"kind": kind, "form": form or {}, "view": "a", "at": self._at, **fields}
        self.panel._heard(self.panel, message, [memoryview(buffer) for buffer in buffers])

    def answers(self, kind):
        return [content for content, _ in self.sent if content["kind"] == kind]


@pytest.fixture
def face(remote, monkeypatch):
    return Face(panel(), monkeypatch)


def run(made, **traits):
    """Set traits, submit, and wait for the end."""
    for name, value in traits.items():
        setattr(made, name, value)
    made.submit()
    assert made.wait(20)


def test_python_does_what_the_mouse_does(shell):
    made = panel(prompt="a red fox", aspect="16:9", bind_to="fox")
    seen = []
    made.observe(
        lambda change: seen.append((change["name"], threading.current_thread().name)), ["result", "busy"]
    )

    began = time.monotonic()
    made.submit()
    assert time.monotonic() - began < 0.5
    assert made.busy is True
    assert made.wait(20)

    fox = shell.user_ns["fox"]
    assert isinstance(fox, GeneratedImage)
    assert fox.size == (1376, 768)
    assert made.result is fox is shell.user_ns["_img"] is made.images[0]
    assert (made.selected, made.busy, made.error) == (0, False, "")
    assert [name for name, _ in seen] == ["busy", "result", "busy"]
    assert shell.screen[-1].text == "fox · 1376×768 · sketch, no model"
    assert [one.name for one in shell.magics_manager.registry["ImagineMagics"].history.made] == ["fox"]


def test_the_same_run_as_a_cell_has_the_same_key(face, remote, gateway):
    gateway.otherwise = lambda request: reply(completion(png("red", (64, 48))))
    made = face.panel
    remote.user_ns["lake"] = Image.new("RGB", (40, 30), "navy")
    typed = {"prompt": "in {{6 * 7}} colours\n\nwith \\{{braces}}", "system": "Be bold", "bind_to": "boat"}
    chosen = {"n": 2, "aspect": "4:3", "size": "2K", "model": "pro", "temperature": 0.5}
    run(made, references=["lake"], **typed, **chosen)
    assert made.error == ""
    assert len(gateway.requests) == 2
    assert made.cell == made._cell

    first = key(made.images[0].provenance.request)
    face("cell_of", picture=made.images[0].sha256[:16])
    remote.run(made.cell)
    assert key(remote.user_ns["boat"][0].provenance.request) == first
    remote.run(face.answers("cell_of")[0]["text"])
    assert key(remote.user_ns["_img"].provenance.request) == first
    assert len(gateway.requests) == 2, "both replay from the store"


def test_an_upload_is_a_file_beside_the_notebook_and_its_cell_replays_after_a_restart(
    face, gateway, bare_shell
):
    gateway.reply(completion(png("red", (64, 48))))
    photo = io.BytesIO()
    noise = Image.effect_noise((900, 700), 80)
    exif = noise.getexif()
    exif[0x010F] = "A camera with a serial number"
    noise.save(photo, "JPEG", quality=95, exif=exif)
    data = photo.getvalue()
    pieces = [data[at : at + 50_000] for at in range(0, len(data), 50_000)]
    order = [*range(1, len(pieces)), 0]  # messages may overtake each other
    for at in order:
        face("chunk", [pieces[at]], upload="u1", i=at, n=len(pieces), name="../my photo.JPG")
    assert face.panel.error == ""
    assert [file.name for file in Path("uploads").iterdir()] == ["my-photo.jpg"]
    assert b"serial number" not in Path("uploads/my-photo.jpg").read_bytes()

    run(face.panel, prompt="make it red")
    assert face.panel.cell == "%%imagine -e uploads/my-photo.jpg\nmake it red"
    bare_shell.user_ns.pop("_img")
    bare_shell.run(face.panel.cell)
    assert len(gateway.requests) == 1

    # The same file again is not kept twice, and one that was used is not taken away.
    face("chunk", [data], upload="u2", i=0, n=1, name="my photo.jpg")
    face("remove", number=0)
    assert [file.name for file in Path("uploads").iterdir()] == ["my-photo.jpg"]


def test_an_upload_that_was_never_used_goes_with_its_card(face):
    face("chunk", [png()], upload="u", i=0, n=1, name="a.png")
    assert Path("uploads/a.png").exists()
    face("remove", number=0)
    assert not Path("uploads/a.png").exists()
    face("chunk", [b"no picture"], upload="u", i=0, n=1, name="a.png")
    assert "is not a picture" in face.panel.error
    assert face.panel.references == ()
    assert not list(Path("uploads").iterdir())


def test_what_fails_is_told_on_the_panel(face, gateway):
    gateway.reply({"error": {"message": "no credit"}}, status=402)
    made = face.panel
    run(made, prompt="a fox")
    assert "no credit" in made.error
    assert made.busy is False

    face("submit", form={"prompt": "   "})
    assert "prompt is empty" in made.error
    face("submit", form={"prompt": "{{nothing}}"})
    assert "'nothing' is not defined" in made.error
    face("form", form={"size": "9 metres"})
    assert "size" in made.error
    face("nonsense")
    assert "nonsense" in made.error
    face("submit", form={"prompt": "use sk-0123456789abcdefXYZ0123"})
    assert "key" in made.error
    assert "0123456789abcdef" not in made.error
    assert len(gateway.requests) == 1
    gateway.reply(completion(png()))
    face("submit", form={"prompt": "a fox"})
    assert made.wait(10)
    assert (made.error, len(made.images)) == ("", 1)


def test_an_older_form_does_not_undo_a_newer_one(face):
    send = face.panel._heard
    send(None, {"kind": "form", "form": {"prompt": "new"}, "view": "a", "at": 5}, [])
    send(None, {"kind": "form", "form": {"prompt": "old"}, "view": "a", "at": 4}, [])

    assert face.panel.prompt == "new"


def test_a_double_click_pays_once_and_other_prompts_queue(face, gateway):
    gateway.otherwise = lambda request: reply(
        completion(png("red" if b"fox" in request.body else "blue")), delay=0.3
    )
    for _ in range(2):
        face("submit", form={"prompt": "a fox"})
    face("submit", form={"prompt": "an ox"})

    assert len(face.panel._runs) == 2
    assert face.panel.wait(10)
    assert len(gateway.requests) == 2
    assert {image.data for image in face.panel.images} == {png("red"), png("blue")}


def test_cancel_frees_the_connection(face, gateway):
    gateway.reply(hang=True)
    face("submit", form={"prompt": "a fox"})
    deadline = time.monotonic() + 5
    while not gateway.requests and time.monotonic() < deadline:
        time.sleep(0.01)

    face("cancel")

    assert gateway.disconnected.wait(1)
    assert face.panel.wait(5)
    assert (face.panel.busy, face.panel.error, face.panel.images) == (False, "", ())


def test_another_take_asks_again_and_generate_does_not(face, gateway):
    for colour in ("red", "green", "blue"):
        gateway.reply(completion(png(colour)))
    run(face.panel, prompt="a fox")
    run(face.panel)
    assert len(gateway.requests) == 1
    assert "nothing was sent or paid" in face.panel._said

    face("another")
    assert face.panel.wait(10)
    assert face.panel.take == 1
    face("another")
    assert face.panel.wait(10)
    assert face.panel.take == 2
    assert len(gateway.requests) == 3
    assert [image.data for image in face.panel.images] == [png("red"), png("green"), png("blue")]


def test_the_gallery_can_be_used(face, remote, gateway):
    for colour in ("red", "green"):
        gateway.reply(completion(png(colour)))
    made = face.panel
    run(made, prompt="a fox")
    about = {"picture": made.images[0].sha256[:16]}

    face("bind", **about, name="fox")
    assert remote.user_ns["fox"] == made.images[0]
    assert made.images[0].name == "fox"
    face("bind", **about, name="not a name")
    assert "cannot be a variable" in made.error
    face("save", **about, path="fox.png")
    face("save", **about, path="fox.png")
    assert sorted(path.name for path in Path().glob("fox*")) == ["fox-2.png", "fox.png"]
    assert made._said == "Saved as fox-2.png."
    face("recipe", **about)
    assert "a fox" in face.answers("recipe")[0]["text"]

    face("edit", **about)
    assert (made.prompt, made.references) == ("", (made.images[0],))
    assert made._cell == "%%imagine -e fox\n"
    run(made, prompt="greener")
    face("use_image", picture=made.images[1].sha256[:16])
    assert made._cell.startswith("%%imagine -i fox -i imagined/pictures/")
    face("first", number=1)
    assert made.references == (made.images[1], made.images[0])

    face("offer")
    assert [one["label"] for one in face.answers("offered")[0]["pictures"]] == ["fox"]
    made.references = ()
    face("use", source="fox")
    assert made.references == (made.images[0],)
    face("use", source="fxo")
    assert "Did you mean fox?" in made.error


def test_pictures_go_to_the_face_as_bytes_and_no_secret_does(face, remote, gateway):
    gateway.reply(completion(png("red", (2400, 1800))))
    run(face.panel, prompt="a fox")

    [(content, [data])] = [one for one in face.sent if one[0]["kind"] == "picture"]
    assert max(Image.open(io.BytesIO(data)).size) == 1024
    assert content["type"] in ("image/png", "image/jpeg")
    state = json.dumps(face.panel.get_state())
    assert KEY not in state
    assert len(state) < 120_000
    assert "key from GEMIMG_API_KEY" in state


def test_a_missing_key_is_explained(shell, monkeypatch):
    monkeypatch.setenv("GEMIMG_PROFILE", "anyfast")
    made = panel(prompt="a fox")
    assert "Set ANYFAST_API_KEY or GEMIMG_API_KEY" in made._where["missing"]

    run(made)
    assert "needs a key and none is set" in made.error

    monkeypatch.setenv("GEMIMG_MODE", "record")
    assert "needs a key" in panel().error


def test_only_what_the_model_knows_is_offered(shell):
    made = panel(size="4K", aspect="1:8")
    assert "1:8" in made._controls["aspect"]["values"]

    made.model = "gemini-2.5-flash-image"
    assert made._controls["size"]["values"] == ["1K"]
    assert (made.size, made.aspect) == (None, None)
    made.model = "somebody/else"
    made.size = "4K"
    assert made.size == "4K"


def test_wrong_values_from_python_are_errors(shell):
    made = panel()
    with pytest.raises(TraitError, match="0 to 2"):
        made.temperature = 5
    with pytest.raises(TraitError):
        made.n = 0
    with pytest.raises(TraitError, match="not a picture"):
        made.references = [object()]
    with pytest.raises(TypeError, match="colour"):
        panel(colour="red")


def test_a_panel_starts_from_a_picture_or_its_file(remote, gateway):
    for colour in ("red", "green"):
        gateway.reply(completion(png(colour)))
    remote.run("%%imagine -q -o fox\na fox")
    remote.run(
        "%%imagine -q -o grey -e fox -a 16:9 -m pro --system 'Be bold' -t 0.5\ngrey, with \\{{braces}}"
    )

    made = panel("grey")
    assert made.prompt == "grey, with \\{{braces}}"
    assert (made.aspect, made.model, made.system, made.temperature) == (
        "16:9",
        "gemini-3-pro-image",
        "Be bold",
        0.5,
    )
    assert made.references == (remote.user_ns["fox"],)
    run(made)
    assert (len(gateway.requests), made.error, made.result) == (2, "", remote.user_ns["grey"])

    remote.user_ns["grey"].save("grey.png")
    run(again := panel("grey.png"))
    assert again.cell == made.cell
    assert (len(gateway.requests), again.result) == (2, remote.user_ns["grey"])

    with pytest.raises(errors.PromptError, match="not made here"):
        panel(GeneratedImage.of(png()))
    Path("plain.png").write_bytes(png())
    with pytest.raises(errors.PromptError, match="does not tell how"):
        remote.run("%gemimg panel --from plain.png")


def test_a_region_on_the_panel(face, gateway):
    gateway.reply(completion(png("red", (200, 100))))
    gateway.reply(completion(png("blue", (200, 100))))
    made = face.panel
    run(made, prompt="a fox")
    face("edit", picture=made.images[0].sha256[:16])
    face("region", region="50%,0%,90")
    assert "X,Y,W,H" in made.error
    face("region", region="100,0,100,100")
    run(made, prompt="bluer")

    assert made.error == ""
    assert "--region 100,0,100,100" in made.cell
    pixels = made.images[1].pil
    assert pixels.getpixel((50, 50)) == (255, 0, 0)
    assert pixels.getpixel((150, 50)) == (0, 0, 255)

    mask = Image.new("RGBA", (100, 50), (0, 0, 0, 0))
    mask.paste((255, 0, 90, 255), (0, 0, 40, 50))
    painted = io.BytesIO()
    mask.save(painted, "PNG")
    face("mask", [painted.getvalue()])
    assert made.region == "uploads/mask.png"
    gateway.reply(completion(png("lime", (200, 100))))
    run(made)
    assert made.error == ""
    assert made.images[2].pil.getpixel((20, 50)) == (0, 255, 0)
    assert made.images[2].pil.getpixel((150, 50)) == (255, 0, 0)


def test_a_panel_starts_from_a_part_and_from_pictures_inside_a_prompt(remote, gateway):
    for colour in ("red", "green", "blue"):
        gateway.reply(completion(png(colour, (200, 100))))
    remote.run("%%imagine -q -o fox\na fox")
    cells = [
        "%%imagine -o part -e fox --region 50%,0%,50%,100%\nbluer",
        "%%imagine -o inside\n{{fox}}, but blue",
    ]
    for name, cell in zip(("part", "inside"), cells, strict=True):
        remote.run(cell)
        made = panel(name, bind_to=name)
        assert made.cell == cell
        run(made)
        assert (made.error, made.result) == ("", remote.user_ns[name])
    assert len(gateway.requests) == 3


def test_in_plain_python(monkeypatch, private_place):
    import IPython

    assert IPython.get_ipython() is None
    made = panel(prompt="a red fox")
    made.submit()
    assert made.wait(20)
    assert made.error == ""
    assert made.result.size == (1024, 1024)


CELLS = ["%load_ext gemimg_magic", "%gemimg panel", "from gemimg_magic import panel\nmade = panel(); made"]
CELLS += ["import ipywidgets\nbox = ipywidgets.VBox([made])"]
CELLS += ["made.prompt = 'a red fox'\nmade.submit()\nmade.wait(20), made.error, made.result.size"]


@pytest.mark.parametrize("tool", ["execute", "papermill", "nbconvert"])
def test_a_run_from_end_to_end_prints_one_line(private_place, tool):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, "a.ipynb")
    command = {
        "execute": ["jupyter", "execute", "a.ipynb", "--output=b.ipynb"],
        "papermill": ["papermill", "a.ipynb", "b.ipynb", "--no-progress-bar"],
        "nbconvert": [
            "jupyter",
            "nbconvert",
            "--to",
            "notebook",
            "--execute",
            "a.ipynb",
            "--output",
            "b.ipynb",
        ],
    }[tool]
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr

    cells = nbformat.read("b.ipynb", as_version=4).cells
    for cell in cells[1:3]:
        [output] = cell.outputs
        assert output.output_type == "stream"
        assert output.text.count("\n") == 1
        assert "%%imagine" in output.text
    assert "(True, '', (1024, 1024))" in [o.data["text/plain"] for o in cells[4].outputs if "data" in o]


def test_compare_shows_both_side_by_side(shell):
    shell.user_ns["first"] = Image.new("RGB", (400, 200), "red")
    shell.user_ns["second"] = Image.new("RGBA", (100, 100), (0, 0, 255, 255))
    [shown] = shell.run("%gemimg compare first second").shown

    assert shown.text == "first | second"
    assert shown.metadata["gemimg"]["alt"] == "first beside second"
    sheet = Image.open(io.BytesIO(shown.data["image/jpeg"]))
    assert sheet.size == (200 + 8 + 100, 100)
    assert sheet.getpixel((20, 50))[0] > 200
    assert sheet.getpixel((280, 50))[2] > 200
    for line in ("first", "first second first", "first nothing"):
        assert len(shell.run(f"%gemimg compare {line}", fails=True).traceback.splitlines()) == 1
