// The pictures that go with the prompt: a strip of them, and the ways in: files, paste, drop, the notebook.

const CHUNK = 512 * 1024; // A server drops messages of more than 10 MiB without a word.
const KINDS = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff";

/** Send a file in pieces; `tell` hears how far it is. */
async function upload(send, file, tell) {
  const count = Math.max(1, Math.ceil(file.size / CHUNK)), id = unique("upload") + Math.random();
  const name = !file.name || file.name === "image.png" ? "pasted.png" : file.name;
  for (let i = 0; i < count; i++) {
    const piece = await file.slice(i * CHUNK, (i + 1) * CHUNK).arrayBuffer();
    send("chunk", { upload: id, i, n: count, name }, [piece]);
    tell(i + 1 < count ? `Sending ${name}: ${Math.round((100 * (i + 1)) / count)} %` : `Reading ${name} …`);
  }
}

const picturesIn = (transfer) =>
  [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));

/** Pictures of the notebook to choose from, and a field for any other name. */
function makeChooser(model, send, book) {
  const grid = h("div", { className: "gemimg-offered", role: "group", "aria-label": "Pictures of this notebook" });
  const typed = h("input", { type: "text", placeholder: "or a variable, expression or file", spellcheck: false });
  typed.setAttribute("aria-label", "Variable, expression or file");
  const use = (source) => {
    send("use", { source });
    typed.value = "";
  };
  typed.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    use(typed.value);
  });
  const node = h("div", { className: "gemimg-chooser", hidden: true }, grid,
    h("div", { className: "gemimg-line" }, typed, button("Add", () => use(typed.value))));
  const receive = (message) => {
    if (message.kind !== "offered") return;
    grid.replaceChildren(...message.pictures.map((picture) =>
      h("button", { type: "button", className: "gemimg-offer", onclick: () => use(picture.label) },
        book.show(h("img", { alt: "" }), picture.id), h("span", { textContent: picture.label }))));
    if (!message.pictures.length)
      grid.replaceChildren(h("span", { className: "gemimg-note", textContent: "No variable holds a picture yet." }));
  };
  model.on("msg:custom", receive);
  return {
    node,
    toggle() {
      node.hidden = !node.hidden;
      if (!node.hidden) {
        send("offer");
        typed.focus();
      }
      return !node.hidden;
    },
    dispose: () => model.off("msg:custom", receive),
  };
}

/** One reference: the picture, its name, and what can be done with it. */
function makeCard(picture, number, region, send, book, paint) {
  const label = picture.label;
  const actions = h("div", { className: "gemimg-card-actions" });
  if (number === 0)
    actions.append(button("Region", () => paint(picture),
      { title: "choose what of this picture may change", "aria-pressed": String(Boolean(region)) }));
  else actions.append(button("First", () => send("first", { number }), { title: "make it the picture that is edited" }));
  actions.append(button("✕", () => send("remove", { number }), { "aria-label": `Remove ${label}`, title: "remove" }));
  return h("li", { className: "gemimg-card", title: picture.note ? `${label}: ${picture.note}` : label },
    book.show(h("img", { alt: `Reference ${label}` }), picture.id),
    h("span", { className: "gemimg-card-name", textContent: label }), actions);
}

/** The strip of references. */
function makeReferences(model, el, send, book) {
  const strip = h("ul", { className: "gemimg-strip", "aria-label": "References" });
  const note = h("span", { className: "gemimg-note", role: "status" });
  const file = h("input", { type: "file", accept: KINDS, multiple: true, className: "gemimg-offscreen", tabIndex: -1 });
  file.setAttribute("aria-label", "Picture files");
  const painter = makePainter(model, send, book);
  const chooser = makeChooser(model, send, book);
  const take = (files) => files.forEach((one) => upload(send, one, (words) => { note.textContent = words; }));
  file.addEventListener("change", () => {
    take([...file.files]);
    file.value = "";
  });
  const fromNotebook = button("From notebook", () => {
    fromNotebook.setAttribute("aria-expanded", String(chooser.toggle()));
  }, { "aria-expanded": "false" });
  const fill = () => {
    const pictures = model.get("_strip"), most = model.get("_controls").images?.most;
    const region = model.get("region");
    strip.replaceChildren(...pictures.map((picture, number) =>
      makeCard(picture, number, region, send, book, painter.open)));
    strip.hidden = !pictures.length;
    const many = most && pictures.length > most ? `This model takes at most ${most}.` : "";
    const where = /^[\d.,% ]+$/.test(region) ? `the box ${region}` : "the painted area";
    const only = region && pictures.length ? `Only ${where} of ${pictures[0].label} changes.` : "";
    note.textContent = many || only || pictures.map((picture) => picture.note).find(Boolean) || "";
    if (!pictures.length) painter.close();
  };
  const over = (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    el.classList.toggle("gemimg-dropping", event.type === "dragover");
  };
  el.addEventListener("dragover", over);
  el.addEventListener("dragleave", over);
  el.addEventListener("drop", (event) => {
    over(event);
    take(picturesIn(event.dataTransfer));
  });
  el.addEventListener("paste", (event) => {
    const pasted = picturesIn(event.clipboardData);
    if (!pasted.length) return;
    event.preventDefault();
    event.stopPropagation();
    take(pasted);
  });
  model.on("change:_strip", fill);
  model.on("change:_controls", fill);
  model.on("change:region", fill);
  model.on("change:error", () => { if (model.get("error")) note.textContent = ""; });
  fill();
  const node = h("div", { className: "gemimg-references", role: "group", "aria-label": "Reference pictures" },
    h("div", { className: "gemimg-buttons" },
      h("span", { className: "gemimg-label", textContent: "References" }),
      button("Upload", () => file.click()), fromNotebook, file,
      h("span", { className: "gemimg-note", textContent: "or paste, or drop" })),
    strip, note, chooser.node, painter.node);
  return { node, dispose: chooser.dispose };
}
