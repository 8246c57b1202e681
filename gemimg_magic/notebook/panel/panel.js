// The face of the panel. Together with the parts that face.py lists, put in front of it as they are, it is
// one plain ES module without a build step.
//
// The kernel holds the truth. Its traits are read with `model.get`; everything that is done here goes out as
// one message with the whole form in it, because messages may arrive in any order. Pictures come as binary
// messages by id and are kept as blob addresses. Nothing is ever set as HTML.

/** Generate, Cancel, what is going on and what went wrong. */
function makeRunner(model, send) {
  const go = button("Generate", () => send("submit"), { className: "gemimg-primary", title: "Ctrl+Enter or ⌘+Enter" });
  const more = button("Another take", () => send("another"),
    { title: "ask for a fresh variant; Generate shows again what is recorded" });
  const stop = button("Cancel", () => send("cancel"), { title: "Esc" });
  const price = h("span", { className: "gemimg-price" });
  const bar = h("div", { className: "gemimg-bar", role: "progressbar", "aria-label": "Progress" }, h("i"));
  const said = h("span", { role: "status", "aria-live": "polite" });
  const clock = h("span", { role: "timer", className: "gemimg-clock" });
  const error = h("div", { className: "gemimg-error", role: "alert" });

  const tick = () => {
    const runs = model.get("_runs");
    clock.textContent = runs.length
      ? runs.map((run) => facts(run)).join("; ") : "";
  };
  const facts = (run) => {
    const seconds = Math.max(0, Math.round(Date.now() / 1000 - run.started));
    const parts = [`${seconds} s`];
    if (run.bytes) parts.push(`${(run.bytes / 1e6).toFixed(1)} MB`);
    if (run.total > 1) parts.push(`${run.done} of ${run.total}`);
    if (run.note) parts.push(run.note);
    return parts.join(" · ");
  };
  const update = () => {
    const runs = model.get("_runs"), busy = model.get("busy");
    const total = runs.reduce((sum, run) => sum + run.total, 0);
    const done = runs.reduce((sum, run) => sum + run.done, 0);
    stop.hidden = bar.hidden = !busy;
    more.hidden = busy || !model.get("_gallery").length;
    bar.classList.toggle("gemimg-waiting", total <= 1);
    bar.firstChild.style.width = total > 1 ? `${Math.max(4, (100 * done) / total)}%` : "";
    if (total > 1) bar.setAttribute("aria-valuenow", Math.round((100 * done) / total));
    else bar.removeAttribute("aria-valuenow");
    said.textContent = busy && runs.length
      ? `Making ${runs.length > 1 ? `${runs.length} requests` : `“${runs[0].label}”`} …` : model.get("_said");
    error.textContent = model.get("error");
    error.hidden = !error.textContent;
    price.textContent = model.get("_price");
    tick();
  };
  for (const name of ["busy", "error", "_runs", "_said", "_price", "_gallery"]) model.on(`change:${name}`, update);
  const timer = setInterval(tick, 1000);
  update();
  const node = h("div", { className: "gemimg-run" },
    h("div", { className: "gemimg-buttons" }, go, more, stop, price), bar,
    h("div", { className: "gemimg-status" }, said, clock), error);
  return {
    node,
    lost() {
      error.hidden = false;
      error.textContent = "The kernel no longer knows this panel. Run its cell again.";
    },
    dispose: () => clearInterval(timer),
  };
}

/** The cell that does what a click does. */
function makeCell(model, el, send) {
  const text = h("pre", { className: "gemimg-code", tabIndex: 0, "aria-label": "The same as a cell" });
  const note = h("span", { className: "gemimg-note", role: "status" });
  const say = (words) => {
    note.textContent = words;
    setTimeout(() => { note.textContent = ""; }, 3000);
  };
  const settle = () => send("settle");
  const copyIt = button("Copy", async () => { settle(); await copy(model.get("_cell")); say("Copied."); },
    { "aria-label": "Copy the cell" });
  const insert = button("Insert below", () => { settle(); insertBelow(model, el, model.get("_cell")); say("Inserted."); },
    { title: "as a new cell of the notebook", hidden: !cellsOf(model) });
  const fill = () => { text.textContent = model.get("_cell"); };
  model.on("change:_cell", fill);
  fill();
  return h("details", { className: "gemimg-fold gemimg-cell" }, h("summary", { textContent: "As a cell" }),
    text, h("div", { className: "gemimg-buttons" }, copyIt, insert, note));
}

/** Where requests go and where the key comes from. */
function makeFooter(model) {
  const text = h("span"), hint = h("span", { className: "gemimg-hint" });
  const missing = h("div", { className: "gemimg-warning", role: "note" });
  const fill = () => {
    const where = model.get("_where");
    text.textContent = where.text ?? "";
    hint.textContent = where.hint ?? "";
    missing.textContent = where.missing ?? "";
    missing.hidden = !missing.textContent;
  };
  model.on("change:_where", fill);
  fill();
  return { missing, footer: h("div", { className: "gemimg-footer" }, text, hint) };
}

/**
 * Keep plain keys from the notebook: with the focus on a button here, "d d" would delete the cell and arrows
 * would leave it. The notebook listens on the document, before any element, so this looks before that.
 * Keys with Ctrl or ⌘ are the notebook's, such as to save; but Enter is ours.
 */
function guard(el) {
  const mark = "data-lm-suppress-shortcuts";
  const look = (event) => {
    if (!el.contains(event.target)) return;
    const ours = event.key === "Enter" || !(event.ctrlKey || event.metaKey || event.altKey);
    if (ours) event.target.setAttribute(mark, "true");
    else event.target.removeAttribute(mark);
  };
  window.addEventListener("keydown", look, true);
  return () => window.removeEventListener("keydown", look, true);
}

function render({ model, el }) {
  el.classList.add("gemimg-panel");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", "Make pictures");
  let runner = null, form = null, due = 0;
  const typed = () => {
    clearTimeout(due);
    return form ? form.read() : {};
  };
  const send = sender(model, typed, () => runner?.lost());
  const later = () => {
    clearTimeout(due);
    due = setTimeout(() => send("form"), 150);
  };
  form = makeForm(model, later);
  const book = pictureBook(model, send);
  runner = makeRunner(model, send);
  const references = makeReferences(model, el, send, book);
  const results = makeResults(model, el, send, book);
  const { missing, footer } = makeFooter(model);

  const keys = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send("submit");
    else if (event.key === "Escape" && model.get("busy")) send("cancel");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  el.addEventListener("keydown", keys);
  const guarded = guard(el);
  const body = h("div", { className: "gemimg-body" },
    h("div", { className: "gemimg-form" }, missing, form.promptField, references.node, form.settings, form.advanced,
      runner.node, makeCell(model, el, send)),
    results.node);
  el.append(body, footer);
  // The second one comes when JupyterLab has the shell for widgets ready, which answers while a cell runs.
  send("hello");
  const again = setTimeout(() => send("hello"), 1500);
  return () => {
    clearTimeout(due);
    guarded();
    clearTimeout(again);
    for (const part of [runner, references, results]) part.dispose();
    book.dispose();
  };
}

export default { render };
