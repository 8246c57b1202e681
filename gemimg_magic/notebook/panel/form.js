// The form: prompt, settings, name. Each control reads and writes one trait of the panel.

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
