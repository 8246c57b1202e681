// What every part of the panel's face uses: elements, messages, pictures, the clipboard, the notebook's cells.

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
    if (!urls.has(message.picture))
      urls.set(message.picture, URL.createObjectURL(new Blob([buffers[0]], { type: message.type })));
    for (const image of waiting.get(message.picture) ?? []) image.src = urls.get(message.picture);
    waiting.delete(message.picture);
  };
  model.on("msg:custom", receive);
  return {
    /** Show a picture in an <img>, now or as soon as it is here. */
    show(image, id) {
      if (urls.has(id)) image.src = urls.get(id);
      else {
        waiting.set(id, [...(waiting.get(id) ?? []), image]);
        if (!asked.has(id)) send("picture", { picture: id });
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
