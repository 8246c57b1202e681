// What was made: the chosen picture in large with its tools, and the row of all.

/** A line with a text field that appears for one question, such as a name. */
function makeQuestion() {
  const input = h("input", { type: "text", spellcheck: false, autocomplete: "off" });
  const yes = button("OK", () => finish());
  const label = h("label", { className: "gemimg-label" });
  let answer = null, back = null;
  input.id = unique("question");
  label.htmlFor = input.id;
  const close = () => {
    node.hidden = true;
    back?.focus();
  };
  const finish = () => {
    answer(input.value);
    close();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) finish();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const node = h("div", { className: "gemimg-line", hidden: true }, label, input, yes, button("Cancel", close));
  return {
    node,
    ask(words, value, reply) {
      back = document.activeElement;
      label.textContent = words;
      input.value = value;
      answer = reply;
      node.hidden = false;
      input.select();
      input.focus();
    },
  };
}

/** Compare the chosen picture with another of the panel. */
function makeCompare(model, book) {
  const divide = makeDivide(), other = h("select");
  let chosen = null;
  const all = () => [...model.get("_strip").map((one) => ({ ...one, name: one.label })),
    ...[...model.get("_gallery")].reverse()].filter((one) => one.id !== chosen.id);
  const show = () => {
    const first = all()[other.selectedIndex];
    if (first) divide.show(first, chosen, (image, picture) => book.show(image, picture.id));
  };
  other.addEventListener("change", show);
  const node = h("div", { className: "gemimg-compare", hidden: true, role: "group", "aria-label": "Compare" },
    field("Compare with", other), divide.node);
  return {
    node,
    /** Compare a picture with another: with what it was made from, where that is here. */
    open(picture) {
      chosen = picture;
      const choices = all();
      other.replaceChildren(...choices.map((one, number) =>
        h("option", { value: String(number), textContent: one.name || one.caption })));
      const parent = choices.findIndex((one) => (picture.parents ?? []).includes(one.id));
      other.selectedIndex = Math.max(0, parent);
      node.hidden = !choices.length;
      show();
      return choices.length > 0;
    },
    close: () => { node.hidden = true; },
  };
}

/** What can be done with the chosen picture. */
function makeTools(model, el, send, book, figure, picture) {
  const question = makeQuestion(), compare = makeCompare(model, book);
  const note = h("span", { className: "gemimg-note", role: "status" });
  const text = h("pre", { className: "gemimg-code", hidden: true, tabIndex: 0 });
  const about = () => ({ picture: picture().id });
  let insert = false;
  const say = (words) => {
    note.textContent = words;
    setTimeout(() => { note.textContent = ""; }, 3000);
  };
  const receive = async (message) => {
    if (message.kind === "recipe") {
      text.textContent = message.text;
      text.hidden = false;
    } else if (message.kind === "cell_of" && insert) {
      insertBelow(model, el, message.text);
      say("Inserted below.");
    } else if (message.kind === "cell_of") {
      await copy(message.text);
      say("Copied.");
    }
  };
  model.on("msg:custom", receive);
  const cell = (below) => {
    insert = below;
    send("cell_of", about());
  };
  const recipe = () => {
    if (text.hidden) send("recipe", about());
    text.hidden = true;
  };
  const comparing = button("Compare", () => {
    if (!compare.node.hidden) compare.close();
    else if (!compare.open(picture())) say("There is no other picture yet.");
    compared();
  }, { "aria-expanded": "false" });
  /** The comparison takes the place of the large picture. */
  const compared = () => {
    comparing.setAttribute("aria-expanded", String(!compare.node.hidden));
    figure.hidden = !compare.node.hidden;
  };
  const edit = () => {
    const prompt = el.querySelector(".gemimg-prompt");
    // Emptied here and not by the kernel, whose message could come after the first letters of the new one.
    prompt.value = "";
    prompt.dispatchEvent(new Event("input"));
    prompt.focus();
    send("edit", about());
  };
  const bind = () => question.ask("Variable", picture().name.match(/^[^\W\d]\w*$/) ? picture().name : "",
    (name) => send("bind", { ...about(), name }));
  const save = () => question.ask("File", `${picture().name.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "picture"}.png`,
    (path) => send("save", { ...about(), path }));
  const node = h("div", { className: "gemimg-tools" },
    h("div", { className: "gemimg-buttons", role: "toolbar", "aria-label": "This picture" },
      button("Edit this", edit, { title: "make it the picture to change" }),
      button("Use as reference", () => send("use_image", about())),
      comparing, button("Bind to…", bind, { title: "give it a variable" }),
      button("Copy as cell", () => cell(false), { title: "the %%imagine cell that makes it" }),
      button("Insert cell", () => cell(true), { title: "insert that cell below", hidden: !cellsOf(model) }),
      button("Save…", save), button("Recipe", recipe, { title: "how it was made, all the way up" }), note),
    question.node, text);
  return {
    node,
    compare: compare.node,
    /** Another picture was chosen. */
    changed() {
      text.hidden = true;
      compare.close();
      compared();
    },
    dispose: () => model.off("msg:custom", receive),
  };
}

/** The chosen picture in large, and all of them as a row to choose from. */
function makeResults(model, el, send, book) {
  const large = h("img", { className: "gemimg-large" });
  const caption = h("figcaption");
  const figure = h("figure", { className: "gemimg-figure" }, large, caption);
  const tools = makeTools(model, el, send, book, figure, () => model.get("_gallery")[model.get("selected")]);
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
  const enlarge = (picture) => {
    large.removeAttribute("src");
    large.width = picture.width;
    large.height = picture.height;
    large.dataset.id = picture.id;
    book.show(large, picture.id);
    tools.changed();
  };
  const mark = () => {
    const pictures = model.get("_gallery"), chosen = model.get("selected"), picture = pictures[chosen];
    [...row.children].forEach((node, place) => {
      const is = pictures.length - 1 - place === chosen;
      node.setAttribute("aria-selected", String(is));
      node.tabIndex = is || (chosen < 0 && place === 0) ? 0 : -1;
    });
    tools.node.hidden = !picture;
    figure.hidden = !picture || !tools.compare.hidden;
    empty.hidden = Boolean(pictures.length);
    row.hidden = pictures.length < 2;
    if (!picture) return;
    if (large.dataset.id !== picture.id) enlarge(picture);
    large.alt = picture.alt;
    const cost = picture.cost ? ` · $${picture.cost}` : "";
    caption.textContent = picture.caption + cost + (picture.replayed ? " · from the store" : "");
  };
  const fill = () => {
    // The newest first.
    row.replaceChildren(...model.get("_gallery").map(thumb).reverse());
    mark();
  };
  row.addEventListener("keydown", (event) => {
    const step = { ArrowRight: -1, ArrowDown: -1, ArrowLeft: 1, ArrowUp: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const last = model.get("_gallery").length - 1;
    choose(Math.min(last, Math.max(0, model.get("selected") + step)));
    row.querySelector("[aria-selected=true]")?.focus();
  });
  model.on("change:_gallery", fill);
  model.on("change:selected", mark);
  fill();
  const node = h("div", { className: "gemimg-results" }, empty, tools.compare, figure, tools.node, row);
  return { node, dispose: tools.dispose };
}
