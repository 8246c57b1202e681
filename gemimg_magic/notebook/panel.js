// The face of the panel: a plain ES module that anywidget loads as it is.
//
// The kernel holds the truth. Its traits are read with `model.get`; everything that is done here goes out as
// one message with the whole form in it, because messages may arrive in any order. Pictures come as binary
// messages by id and are kept as blob addresses. Nothing is ever set as HTML.

const CHUNK = 512 * 1024; // A server drops messages of more than 10 MiB without a word.
const PICTURES = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff";

/** An element with properties, attributes and listeners (`onclick`), and its children. */
function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

let uniques = 0;
const unique = (word) => `gemimg-${word}-${++uniques}`;

/** A control with its label above it, and what it is for as its description. */
function field(label, control, className = "") {
  control.id = unique("field");
  return h("div", { className: `gemimg-field ${className}` },
    h("label", { htmlFor: control.id, textContent: label }), control);
}

const button = (text, onclick, properties = {}) =>
  h("button", { type: "button", textContent: text, onclick, ...properties });

/**
 * Sends messages, each with what was typed, and a number by which the kernel tells the newest form.
 * A kernel that was restarted no longer knows this panel, and that is said.
 */
function sender(model, form, lost) {
  const view = unique("view");
  let at = 0;
  return (kind, fields = {}, buffers = []) => {
    try {
      model.send({ kind, form: form(), view, at: at++, ...fields }, undefined, buffers);
    } catch {
      lost();
    }
  };
}

/** The pictures that the kernel has sent, as addresses that an <img> can show. */
function pictureBook(model, send) {
  const urls = new Map(), waiting = new Map(), asked = new Set();
  const receive = (message, buffers) => {
    if (message.kind !== "picture") return;
    if (!urls.has(message.id))
      urls.set(message.id, URL.createObjectURL(new Blob([buffers[0]], { type: message.type })));
    for (const image of waiting.get(message.id) ?? []) image.src = urls.get(message.id);
    waiting.delete(message.id);
  };
  model.on("msg:custom", receive);
  return {
    /** Show a picture in an <img>, now or as soon as it is here. */
    show(image, id) {
      if (urls.has(id)) image.src = urls.get(id);
      else {
        waiting.set(id, [...(waiting.get(id) ?? []), image]);
        if (!asked.has(id)) send("picture", { id });
        asked.add(id);
      }
      return image;
    },
    dispose() {
      model.off("msg:custom", receive);
      for (const url of urls.values()) URL.revokeObjectURL(url);
    },
  };
}

/** Put text on the clipboard, also where the page is not allowed to do so by script. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { value: text, className: "gemimg-offscreen" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** The notebook's cells where the front end lets a widget add one (JupyterLab and Notebook 7), or null. */
const cellsOf = (model) => {
  const shared = model.widget_manager?.context?.model?.sharedModel;
  return typeof shared?.insertCell === "function" ? shared : null;
};

/** Insert a code cell below the one that this panel stands in. */
function insertBelow(model, el, source) {
  const cells = cellsOf(model), cell = el.closest(".jp-Cell");
  const listed = cell?.getAttribute("data-windowed-list-index");
  const beside = cell ? [...cell.parentElement.children].filter((node) => node.matches(".jp-Cell")) : [];
  const at = listed !== null && listed !== undefined ? Number(listed) : beside.indexOf(cell);
  const end = cells.cells?.length ?? 0;
  cells.insertCell(at >= 0 ? at + 1 : end, { cell_type: "code", source });
}

/** Prompt, settings and name: every control reads and writes one trait. */
function makeForm(model, changed) {
  const ratio = h("select"), size = h("select");
  const prompt = h("textarea", {
    rows: 4, className: "gemimg-prompt", placeholder: "A red fox in the snow, morning light",
    spellcheck: true,
  });
  const names = h("datalist", { id: unique("models") });
  const modelName = h("input", { type: "text", autocomplete: "off", spellcheck: false });
  modelName.setAttribute("list", names.id);
  const takes = h("input", { type: "number", min: 1, max: 64, step: 1 });
  const bindTo = h("input", { type: "text", placeholder: "_img", autocomplete: "off", spellcheck: false });
  const temperature = h("input", { type: "number", min: 0, max: 2, step: 0.1, placeholder: "auto" });
  const system = h("input", { type: "text", placeholder: "none", autocomplete: "off" });
  const take = h("input", { type: "number", min: 0, step: 1 });
  const controls = {
    prompt, model: modelName, aspect: ratio, size, n: takes, bind_to: bindTo, temperature, system, take,
  };
  const optional = new Set(["aspect", "size", "temperature"]), numbers = new Set(["n", "take", "temperature"]);
  const least = { n: 1, take: 0 };

  const value = (name) => {
    const typed = controls[name].value;
    if (optional.has(name) && typed === "") return null;
    return numbers.has(name) ? (typed === "" ? least[name] : Number(typed)) : typed;
  };
  // What was typed or chosen here, until the kernel says otherwise: the rest is the kernel's to know.
  const touched = new Set();
  const read = () => Object.fromEntries([...touched].map((name) => [name, value(name)]));

  /** Fill a <select> with what the chosen model knows. */
  const offer = (select, values, chosen) => {
    const all = chosen && !values.includes(chosen) ? [...values, chosen] : values;
    select.replaceChildren(h("option", { value: "", textContent: "auto" }),
      ...all.map((one) => h("option", { value: one, textContent: one })));
    select.value = chosen ?? "";
  };
  const write = (name) => {
    const held = model.get(name);
    const known = model.get("_controls")[name] ?? {};
    if (name === "aspect" || name === "size") offer(controls[name], known.values ?? [], held);
    else if (String(controls[name].value) !== String(held ?? "")) controls[name].value = held ?? "";
  };
  const help = { bind_to: "out" };
  const explain = () => {
    for (const [name, control] of Object.entries(controls)) {
      const row = model.get("_controls")[help[name] ?? name];
      if (row) control.title = `${row.help} (${row.flag})`;
    }
    write("aspect");
    write("size");
  };
  const list = () => names.replaceChildren(...model.get("_models").map((name) => h("option", { value: name })));

  for (const [name, control] of Object.entries(controls)) {
    model.on(`change:${name}`, () => {
      touched.delete(name);
      write(name);
    });
    control.addEventListener("input", () => touched.add(name));
    const late = name === "model" || control.tagName === "SELECT";
    control.addEventListener(late ? "change" : "input", changed);
    write(name);
  }
  model.on("change:_controls", explain);
  model.on("change:_models", list);
  explain();
  list();

  const settings = h("div", { className: "gemimg-settings" },
    field("Model", modelName, "gemimg-wide"), names, field("Ratio", ratio), field("Size", size),
    field("Takes", takes, "gemimg-narrow"), field("Variable", bindTo, "gemimg-medium"));
  const advanced = h("details", { className: "gemimg-fold" }, h("summary", { textContent: "Advanced" }),
    h("div", { className: "gemimg-settings" }, field("Temperature", temperature, "gemimg-medium"),
      field("Take number", take, "gemimg-medium"), field("System text", system, "gemimg-wide")));
  return { read, prompt, promptField: field("Prompt", prompt), settings, advanced };
}

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

/** The chosen picture in large, and all of them as a row to choose from. */
function makeGallery(model, send, book) {
  const large = h("img", { className: "gemimg-large" });
  const caption = h("figcaption");
  const figure = h("figure", { className: "gemimg-figure" }, large, caption);
  const empty = h("div", { className: "gemimg-empty" },
    h("strong", { textContent: "No picture yet" }),
    h("span", { textContent: "Describe one and press Generate. To change a picture of yours, drop it here." }));
  const row = h("div", { className: "gemimg-gallery", role: "listbox", "aria-label": "Pictures made here" });

  const choose = (number) => {
    model.set("selected", number);
    send("select", { number });
    mark();
  };
  const thumb = (picture, number) => h("button", {
    type: "button", className: "gemimg-thumb", role: "option", title: picture.caption,
    onclick: () => choose(number),
  }, book.show(h("img", { alt: picture.alt }), picture.id));
  const mark = () => {
    const pictures = model.get("_gallery"), chosen = model.get("selected"), picture = pictures[chosen];
    [...row.children].forEach((node, place) => {
      const is = pictures.length - 1 - place === chosen;
      node.setAttribute("aria-selected", String(is));
      node.tabIndex = is || (chosen < 0 && place === 0) ? 0 : -1;
    });
    figure.hidden = !picture;
    empty.hidden = Boolean(pictures.length);
    row.hidden = pictures.length < 2;
    if (!picture) return;
    if (large.dataset.id !== picture.id) {
      large.removeAttribute("src");
      large.width = picture.width;
      large.height = picture.height;
      large.dataset.id = picture.id;
      book.show(large, picture.id);
    }
    large.alt = picture.alt;
    const cost = !picture.cost ? "" : ` · $${picture.cost}`;
    caption.textContent = picture.caption + cost + (picture.replayed ? " · from the store" : "");
  };
  const fill = () => {
    const pictures = model.get("_gallery");
    // The newest first.
    row.replaceChildren(...pictures.map(thumb).reverse());
    mark();
  };
  row.addEventListener("keydown", (event) => {
    const step = { ArrowRight: -1, ArrowDown: -1, ArrowLeft: 1, ArrowUp: 1 }[event.key];
    const count = model.get("_gallery").length;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    choose(Math.min(count - 1, Math.max(0, model.get("selected") + step)));
    row.querySelector("[aria-selected=true]")?.focus();
  });
  model.on("change:_gallery", fill);
  model.on("change:selected", mark);
  fill();
  return { node: h("div", { className: "gemimg-results" }, empty, figure, row), figure };
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
  const gallery = makeGallery(model, send, book);
  const { missing, footer } = makeFooter(model);

  const keys = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send("submit");
    else if (event.key === "Escape" && model.get("busy")) send("cancel");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  el.addEventListener("keydown", keys);
  const body = h("div", { className: "gemimg-body" },
    h("div", { className: "gemimg-form" }, missing, form.promptField, form.settings, form.advanced,
      runner.node, makeCell(model, el, send)),
    gallery.node);
  el.append(body, footer);
  send("hello");
  return () => {
    clearTimeout(due);
    runner.dispose();
    book.dispose();
  };
}

export default { render };
