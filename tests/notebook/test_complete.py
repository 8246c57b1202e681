"""What Tab offers in our magics, asked as a kernel asks: the whole cell, and the cursor (written |) in it."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.completer import CompletionContext, provisionalcompleter, rectify_completions
from PIL import Image

from gemimg_magic.core.options import options_at


class Trap:
    """A value that notices whoever looks inside."""

    touched: list[str] = []  # noqa: RUF012  shared on purpose

    @property
    def bomb(self):
        Trap.touched.append("bomb")
        raise RuntimeError

    def __getattr__(self, name):
        Trap.touched.append(name)
        raise AttributeError(name)

    def __repr__(self):
        Trap.touched.append("repr")
        return "trap"

    __len__ = __bool__ = __eq__ = __hash__ = __repr__


def offered(shell, cell):
    """What a kernel would reply: (the text after choosing it, the kind) for each offer."""
    cursor, cell = cell.index("|"), cell.replace("|", "", 1)
    with provisionalcompleter():
        found = list(rectify_completions(cell, shell.Completer.completions(cell, cursor)))
    return [
        (cell[: one.start] + one.text + cell[one.end :], (one.type or "").replace("\xa0", " "))
        for one in found
    ]


def tab(shell, cell):
    """The words that can stand at the cursor, in order."""
    before, after = cell.split("|", 1)
    words = []
    for text, _ in offered(shell, cell):
        assert text.endswith(after)
        start = len(before) - len(before.split("\n")[-1].split(" ")[-1])
        words.append(text[start : len(text) - len(after)])
    return words


def ours(shell, cell):
    """The offers of our matcher alone."""
    before = cell.split("|", 1)[0].split("\n")
    context = CompletionContext("", cell.replace("|", "", 1), len(before[-1]), len(before) - 1, None)
    return [one.text for one in shell.Completer.custom_matchers[-1](context)["completions"]]


@pytest.fixture
def notebook(shell, private_place):
    """A shell with some variables and a folder with some files."""
    shell.run("%imagine -q -o fox a red fox")
    shell.user_ns |= {
        "title": "Snow",
        "crops": {"top left": shell.user_ns["fox"], "b": 1},
        "photo": Image.new("RGB", (2, 2)),
        "pixels": np.zeros((2, 2, 3)),
        "numbers": np.zeros(5),
        "sketches": [shell.user_ns["fox"]],
        "logo_file": Path("logo.png"),
        "notes_file": Path("notes.txt"),
        "trap": Trap(),
        "box": SimpleNamespace(inner=SimpleNamespace(deep=1)),
        "_private": photo_like(),
    }
    for name in ("logo.png", "my logo.png", "odd (1).webp", "notes.txt", ".hidden.png"):
        Path(name).write_bytes(b"x")
    Path("photos").mkdir()
    Path("photos/lake.jpg").write_bytes(b"x")
    Trap.touched.clear()
    return shell


def photo_like():
    return Image.new("RGB", (2, 2))


def test_every_flag_with_its_help(shell):
    words = tab(shell, "%%imagine -|")

    assert words == [flag for option in options_at("cell") for flag in option.flags[:2]]
    assert ("%%imagine --aspect", "aspect ratio") in offered(shell, "%%imagine --as|")
    assert tab(shell, "%%imagine |")[0].startswith("--")


def test_flags_that_are_used_up_are_not_offered_again(shell):
    assert "--out" not in tab(shell, "%%imagine -o fox --|")
    assert "--image" in tab(shell, "%%imagine -i fox --|")


ONE = {
    "%%imagine --asp|": "--aspect",
    "%%imagine --aspect-r|": "--aspect-ratio",
    "%%imagine -o fox -q --asp| -i photo\na fox": "--aspect",
    '%%imagine -i crops["top left"] --asp|': "--aspect",
    "%%imagine --param user ann --asp|": "--aspect",
    "%%imagine -n4 --asp|": "--aspect",
    "\n\n%%imagine --asp|\nx": "--aspect",
    "%%time\n%%imagine --asp|\nx": "--aspect",
    "x = 1\n%imagine --asp|\ny = 2": "--aspect",
    "fox = %imagine --asp|": "--aspect",
    "for i in range(3):\n    %imagine --asp|": "--aspect",
    "%%imagine -a 16|": "16:9",
    "%%imagine --aspect=16|": "--aspect=16:9",
    "%%imagine -a 16|\na fox": "16:9",
    "%%imagine -s 2|": "2K",
    "%%imagine -m nano-banana-p|": "nano-banana-pro",
    "%%imagine -p openr|": "openrouter",
    "%%imagine --embed f|": "full",
    "%%imagine --mode rep|": "replay",
    "%gemimg stat|": "status",
    "x = 1\n%gemimg doc|": "doctor",
    "%gemimg use vllm|": "vllm-omni",
    "%gemimg recipe fo|": "fox",
}


def test_the_one_word_that_fits(notebook):
    assert {cell: tab(notebook, cell) for cell in ONE} == {cell: [word] for cell, word in ONE.items()}


def test_ratios_and_sizes_are_those_of_the_model(shell, monkeypatch):
    assert "8:1" in tab(shell, "%%imagine -a |")
    assert "8:1" not in tab(shell, "%%imagine -m gemini-2.5-flash-image -a |")
    assert tab(shell, "%%imagine -m flash -s |") == ["512", "1K", "2K", "4K"]
    monkeypatch.setenv("GEMIMG_MODEL", "gemini-2.5-flash-image")
    assert tab(shell, "%%imagine -s |") == ["1K"]
    shell.run("%config ImagineMagics.model = 'pro'")
    assert tab(shell, "%%imagine -s |") == ["1K", "2K", "4K"]
    assert "1:1" in tab(shell, "%%imagine -m my-own-model -a |")


def test_styles_are_those_that_are_defined(notebook):
    notebook.run("%config ImagineMagics.styles = {'ink': 'in black ink'}")
    notebook.user_ns["styles"] = {"oil": "in oil"}

    assert offered(notebook, "%%imagine --style in|") == [("%%imagine --style ink", "in black ink")]
    assert "oil" in tab(notebook, "%%imagine --style |")


def test_references_are_pictures_then_files_then_the_rest(notebook):
    words = tab(notebook, "%%imagine -i |")

    pictures = {"fox", "photo", "pixels", "sketches", "logo_file", "_img"}
    assert set(words[:6]) == pictures
    assert words.index("logo.png") < words.index("title")
    assert "_private" not in words
    assert "notes.txt" not in words
    assert tab(notebook, "%%imagine -e fo|") == ["fox"]
    assert ("%%imagine -e fox", "picture 1024×1024") in offered(notebook, "%%imagine -e fo|")


FILES = {
    "%%imagine -i lo|": ["%%imagine -i logo_file", "%%imagine -i logo.png"],
    "%%imagine -i pho|": ["%%imagine -i photo", "%%imagine -i photos/"],
    "%%imagine -i photos/|": ["%%imagine -i photos/lake.jpg"],
    "%%imagine -i ./lo|": ["%%imagine -i ./logo.png"],
    '%%imagine -i "my|': ['%%imagine -i "my logo.png"'],
    "%%imagine -i my|": ['%%imagine -i "my logo.png"'],
    "%%imagine -i .h|": ["%%imagine -i .hidden.png"],
    "%%imagine --save photos/|": ["%%imagine --save photos/lake.jpg"],
    "%%imagine\nby ![logo](lo|)": ["%%imagine\nby ![logo](logo.png)", "%%imagine\nby ![logo](logo_file)"],
    "%%imagine\nby ![](my l|) and": ["%%imagine\nby ![](my logo.png) and"],
    "%%imagine\nby ![](<my|>)": ["%%imagine\nby ![](<my logo.png>)"],
    "%%imagine\nby ![](od|)": ["%%imagine\nby ![](<odd (1).webp>)"],
    "%%imagine\n{{fox}} by ![](photos/|": ["%%imagine\n{{fox}} by ![](photos/lake.jpg"],
    "%imagine by ![](photos/|": ["%imagine by ![](photos/lake.jpg"],
}


def test_files(notebook):
    assert {cell: [text for text, _ in offered(notebook, cell)] for cell in FILES} == FILES


def test_inside_braces_pictures_come_first(notebook):
    words = tab(notebook, "%%imagine\nMake {{|}} grey")

    assert len(words) == len(set(words))
    assert {word.removeprefix("{{") for word in words[:6]} == {
        *("fox", "photo", "pixels", "sketches", "logo_file", "_img")
    }
    assert "{{title" in words
    assert not any(word in words for word in ("{{In", "{{get_ipython", "{{_private", "{{len"))


EXPRESSIONS = {
    "%%imagine\nMake {{cro|}} grey\nplease": ["%%imagine\nMake {{crops}} grey\nplease"],
    "%%imagine -o x\none\ntwo {{tit|": ["%%imagine -o x\none\ntwo {{title"],
    "%imagine Make {{tit|}} grey": ["%imagine Make {{title}} grey"],
    "%%imagine\n{{fox}} {{sketches[0], tit|": ["%%imagine\n{{fox}} {{sketches[0], title"],
    "%%imagine\n{{\ntit|": ["%%imagine\n{{\ntitle"],
    "%%imagine\n{{fox.capt|": ["%%imagine\n{{fox.caption"],
    "%%imagine\n{{box.inner.|": ["%%imagine\n{{box.inner.deep"],
    "%%imagine\n{{fox.completion.usage.c|": [
        "%%imagine\n{{fox.completion.usage.completion_tokens",
        "%%imagine\n{{fox.completion.usage.cost",
    ],
    "%%imagine\n{{crops['t|": ["%%imagine\n{{crops['top left']"],
    "%%imagine -i box.inn|": ["%%imagine -i box.inner"],
    "%%imagine\n{{enumera|": ["%%imagine\n{{enumerate"],
}


def test_expressions(notebook):
    assert {cell: [text for text, _ in offered(notebook, cell)] for cell in EXPRESSIONS} == EXPRESSIONS


NOT_OURS = [
    "%%imagine\na fo|",
    "%%imagine\n{{fox}} and fo|",
    "%%imagine\n\\{{fo|",
    "%%imagine --raw\na {{fo|",
    "%%imagine -t 0|",
    "%%imagine -i https://example.org/fo|",
    "%%imagine -i //server/fo|",
    "%%imagine stray fo|",
    "%%imagine\n{{'a fo|",
    "%imagine a red fo|",
    "%gemimg nothing fo|",
    "%%imagine\n{{fox.pil.si|",
    "%%imagine\n{{undefined.|",
    "%%imagine\n![a](logo.png) and lo|",
]


def test_where_nothing_of_ours_fits_ipython_decides(notebook):
    assert {cell: ours(notebook, cell) for cell in NOT_OURS} == {cell: [] for cell in NOT_OURS}


def test_ordinary_code_is_left_to_ipython(notebook):
    assert tab(notebook, "titl|") == ["title"]
    assert tab(notebook, "%%imag|") == ["%%imagine"]
    assert "%%imagine" not in tab(notebook, "'%imagine'\nprin|")


def test_nothing_is_run_or_sent(notebook, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("Tab opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("GEMIMG_API_KEY", "canary-91be55aa")
    for cell in ("%%imagine -i |", "%%imagine\n{{|", "%%imagine\n{{tra|", "%gemimg recipe |"):
        ours(notebook, cell)
    assert ours(notebook, "%%imagine\n{{trap.bo|") == ["bomb"]
    assert ours(notebook, "%%imagine\n{{trap.bomb.x|") == []

    assert Trap.touched == []


def test_odd_values_do_no_harm(notebook, capsys):
    class Worst:
        __class__ = property(lambda self: 1 / 0)
        __dir__ = property(lambda self: 1 / 0)

    notebook.user_ns |= {"worst": Worst(), "empty": [], "shapeless": np.array(3), "0odd": 1}

    assert ours(notebook, "%%imagine\n{{wor|") == ["worst"]
    assert ours(notebook, "%%imagine\n{{worst.|") == []
    for path in ("~nobody-of-that-name/", "no/such/folder/", "\0/"):
        assert ours(notebook, f"%%imagine -i {path}|") == []
    assert capsys.readouterr() == ("", "")


def test_every_cursor_in_a_long_cell_is_answered(notebook, capsys):
    cell = """%%imagine -o x --aspect=16:9 -i crops["top left"] --system "be 'brief" -n4 -t
{"json": {"a": {"b": 1}}} \\{{ {{ {"k": fox}["k"] }} ![a](b(c).png) {{fox.size[0]}}
%imagine in the text {{crops['top left'].pil}} ![](<x>) }} {{ not closed"""
    from gemimg_magic.notebook.complete import _Finder

    finder = _Finder(notebook.magics_manager.registry["ImagineMagics"])
    for at in range(len(cell)):
        before = cell[:at].split("\n")
        fragment, _ = finder.at(cell, len(before) - 1, before[-1])
        assert before[-1].endswith(fragment)
        finder.at(cell[at:], 0, cell[at:].split("\n")[0])
    assert capsys.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_old_way_of_asking(notebook):
    line = "%%imagine --asp"
    assert notebook.complete("", line, len(line)) == ("--asp", ["--aspect"])


def test_terminal_ipython_shows_the_help_beside(notebook):
    from IPython.terminal.ptutils import IPythonPTCompleter
    from prompt_toolkit.document import Document

    [found] = IPythonPTCompleter(notebook.Completer).get_completions(Document("%%imagine --asp"), None)

    assert found.text == "--aspect"
    assert found.display_meta_text.split() == ["aspect", "ratio"]


def test_unloading_takes_it_away(shell):
    before = len(shell.Completer.custom_matchers)
    shell.run("%reload_ext gemimg_magic")
    assert len(shell.Completer.custom_matchers) == before

    shell.run("%unload_ext gemimg_magic")
    assert len(shell.Completer.custom_matchers) == before - 1
    assert tab(shell, "%%imagine --asp|") == []


def test_tab_is_quick_and_loads_nothing_heavy(shell):
    code = (
        "import sys, time\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "config = Config()\n"
        "config.HistoryManager.enabled = False\n"
        "shell = InteractiveShell.instance(config=config)\n"
        "shell.run_line_magic('load_ext', 'gemimg_magic')\n"
        "shell.complete('', '%%imagine --asp', 15)\n"
        "print([name for name in ('PIL', 'httpx', 'numpy', 'ipywidgets') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"

    shell.user_ns |= {f"picture_{number}": photo_like() for number in range(300)}
    began = time.perf_counter()
    offered(shell, "%%imagine\n{{|")
    assert time.perf_counter() - began < 0.2


def test_help_has_three_examples(shell):
    shown = []
    shell.set_hook("show_in_pager", lambda self, data, start=0, screen_lines=0: shown.append(data))
    for question in ("%%imagine?", "?%%imagine", "%imagine?", "?%imagine"):
        shell.run(question)

    assert len(shown) == 4
    [text] = {one["text/plain"] if isinstance(one, dict) else one for one in shown}
    assert text.count("%%imagine -o") + text.count("%imagine -o cat") >= 3
    assert "{{fox}}" in text
    assert "--aspect" in text


def test_shift_tab_shows_the_help(shell):
    from IPython.utils.tokenutil import token_at_cursor

    for cell in ("%%imagine -o fox\na fox", "%imagine a fox", "x = %imagine a fox"):
        name = token_at_cursor(cell, cell.index("imagine") + 3)
        assert "{{fox}}" in shell.object_inspect_mime(name)["text/plain"]
