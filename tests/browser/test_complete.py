"""Tab in a real JupyterLab: the pop-up, what is chosen from it, and the help."""

LOAD = "%load_ext gemimg_magic"
POPUP = ".jp-Completer:not(.lm-mod-hidden)"


def focus(nb, cell):
    """Put the cursor at the end of a cell."""
    nb.js(
        "panel.content.activeCellIndex = arg; panel.content.mode = 'edit'; cells[arg].editor.focus();", cell
    )
    nb.js(
        "const e = cells[arg].editor, end = e.model.sharedModel.getSource().length;"
        "e.setCursorPosition(e.getPositionAt(end));",
        cell,
    )


def type_and_tab(nb, cell, text):
    """Type at the end of a cell and press Tab; gives the items of the pop-up."""
    focus(nb, cell)
    nb.page.keyboard.type(text)
    nb.page.keyboard.press("Tab")
    popup = nb.page.locator(POPUP)
    popup.wait_for()
    return popup.locator(".jp-Completer-item .jp-Completer-match").all_inner_texts()


def source(nb, cell):
    return nb.js("return cells[arg].model.sharedModel.getSource();", cell)


def test_options_variables_files_and_help(lab):
    cells = [LOAD, "%%imagine -q -o fox\na red fox", "%%imagine -o grey", "%%imagine\nMake ", "%%imagine"]
    nb = lab(cells, name="completion.ipynb")
    nb.run(0)
    nb.run(1)
    (nb.server.root / nb.path).with_name("logo.png").write_bytes(b"")

    assert type_and_tab(nb, 2, " --a") == ["--alt", "--aspect"]
    nb.shot("completion")
    nb.page.keyboard.press("ArrowDown")
    nb.page.keyboard.press("Enter")
    assert source(nb, 2) == "%%imagine -o grey --aspect"
    assert type_and_tab(nb, 2, " ")[:3] == ["1:1", "2:3", "3:2"]
    nb.page.keyboard.press("Escape")

    assert type_and_tab(nb, 3, "{{")[:2] == ["fox", "_img"]
    nb.page.keyboard.press("Enter")
    assert type_and_tab(nb, 3, "}} grey, by ![](l") == ["logo.png"]
    nb.page.keyboard.press("Enter")
    assert source(nb, 3) == "%%imagine\nMake {{fox}} grey, by ![](logo.png"

    focus(nb, 4)
    nb.page.keyboard.press("Shift+Tab")
    tip = nb.page.locator(".jp-Tooltip")
    tip.wait_for()
    assert "Make {{fox}} greyscale" in tip.inner_text()
