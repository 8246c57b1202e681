"""Markup in a model's words makes no request and runs no script: in JupyterLab, panel and export."""

from __future__ import annotations

from nbconvert import HTMLExporter

from support.gateway import completion, png, reply

MARKUP = (
    "<img src='https://evil.example/a.png' onerror='window.pwned=1'><script>window.pwned=2</script>"
    "<svg onload='window.pwned=3'></svg> ![beacon](https://evil.example/b.png) "
    "[click](javascript:window.pwned=4) <iframe srcdoc='<script>parent.pwned=5</script>'></iframe> $$x$$"
)
# Without what reads as the address of a picture, which would be an answer of another kind.
REFUSAL = MARKUP[MARKUP.index("<script>") :].replace("![beacon](https://evil.example/b.png)", "")
LOAD = """
import os
os.environ['GEMIMG_BASE_URL'] = {base_url!r}
os.environ['GEMIMG_' + 'API_KEY'] = 'canary-inert'
%load_ext gemimg_magic
%config ImagineMagics.retries = 0
"""
CELLS = [
    "%%imagine -o fox --mode off\na fox",
    "%%imagine --mode off\nrefuse",
    "%%imagine --mode off\nfail",
    "fox",
    "%gemimg history",
    "from gemimg_magic import panel\np = panel(prompt='a fox', bind_to='hare'); p",
    "p.submit(); p.wait(20); print(p.error or 'made')",
    "p.prompt = 'refuse'; p.submit(); p.wait(20); print(p.error)",
]


def answer(request):
    asked = str(request.json["messages"])
    if "refuse" in asked:
        return reply(completion(text=REFUSAL, model=MARKUP))
    if "fail" in asked:
        return reply({"error": {"message": MARKUP, "code": MARKUP, "type": MARKUP}}, status=400)
    return reply(completion(png("red"), text=MARKUP, model=MARKUP))


def watched(page):
    seen = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("dialog", lambda dialog: (seen.append("evil dialog"), dialog.dismiss()))
    return seen


def harmless(page, seen):
    assert page.evaluate("() => window.pwned ?? null") is None
    assert [url for url in seen if "evil" in url or url.startswith("javascript:")] == []
    assert page.locator("iframe[srcdoc*='pwned'], a[href^='javascript:'], img[src*='evil']").count() == 0


def test_O1_markup_in_a_models_words_makes_no_request_and_runs_no_script(lab, gateway, browser_context):
    gateway.otherwise = answer
    nb = lab([LOAD.format(base_url=gateway.base_url), *CELLS], name="inert.ipynb")
    seen = watched(nb.page)
    nb.run(0)
    for number, cell in enumerate(CELLS, 1):
        nb.run(number, fails=("refuse\n" in cell + "\n" and cell.startswith("%%")) or cell.endswith("\nfail"))
    nb.page.wait_for_timeout(500)  # what a script would have done by now

    assert "onerror='window.pwned=1'" in nb.text(1)
    assert "window.pwned=2" in nb.text(2)
    harmless(nb.page, seen)
    assert seen, "no request was seen at all: the test watches nothing"

    page, _ = HTMLExporter().from_notebook_node(nb.save())
    export = browser_context.new_page()
    try:
        seen = watched(export)
        export.set_content(page, wait_until="load")
        assert "window.pwned=2" in export.locator("body").inner_text()
        harmless(export, seen)
    finally:
        export.close()
