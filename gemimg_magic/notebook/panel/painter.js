// Choosing what of a picture may change: a box, dragged or typed, or a brushed mask.

/** Numbers of a box in pixels as the cell spells them. */
const spelled = (box) => box.map(Math.round).join(",");

/** The painter. The kernel gets a box as text, and a mask as a PNG of the picture's shape. */
function makePainter(model, send, book) {
  const image = h("img", { alt: "The picture to change" });
  const canvas = h("canvas", { "aria-hidden": "true" }), pen = canvas.getContext("2d");
  const stage = h("div", { className: "gemimg-stage" }, image, canvas);
  const typed = h("input", { type: "text", placeholder: "x,y,width,height", spellcheck: false });
  const typedField = field("Box in pixels", typed, "gemimg-grow");
  const width = h("input", { type: "range", min: 8, max: 160, value: 48 });
  width.setAttribute("aria-label", "Brush width");
  const modes = ["Box", "Brush"].map((name) =>
    button(name, () => choose(name), { "aria-pressed": String(name === "Box") }));
  let mode = "Box", picture = null, start = null, box = null, painted = false;

  const choose = (name) => {
    mode = name;
    for (const one of modes) one.setAttribute("aria-pressed", String(one.textContent === name));
    width.hidden = name !== "Brush";
    typedField.hidden = name === "Brush";
    clear();
  };
  const clear = () => {
    note.textContent = hint;
    box = null;
    painted = false;
    typed.value = "";
    pen.clearRect(0, 0, canvas.width, canvas.height);
  };
  /** A place in pixels of the picture. */
  const place = (event) => {
    const frame = canvas.getBoundingClientRect();
    const within = (at, size) => Math.min(Math.max(at, 0), 1) * size;
    return [within((event.clientX - frame.left) / frame.width, picture.width),
      within((event.clientY - frame.top) / frame.height, picture.height)];
  };
  const scale = () => canvas.width / picture.width;
  const draw = () => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!box) return;
    const [x, y, w, h] = box.map((number) => number * scale());
    pen.fillStyle = "rgba(255, 0, 90, 0.22)";
    pen.strokeStyle = "rgb(255, 0, 90)";
    pen.lineWidth = 3;
    pen.fillRect(x, y, w, h);
    pen.strokeRect(x, y, w, h);
  };
  const brush = (from, to) => {
    pen.strokeStyle = "rgb(255, 0, 90)";
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = Number(width.value) * (canvas.width / canvas.clientWidth);
    pen.beginPath();
    pen.moveTo(...from.map((number) => number * scale()));
    pen.lineTo(...to.map((number) => number * scale()));
    pen.stroke();
    painted = true;
  };
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    start = place(event);
    if (mode === "Brush") brush(start, start);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!start) return;
    const now = place(event);
    if (mode === "Brush") {
      brush(start, now);
      start = now;
      return;
    }
    box = [Math.min(start[0], now[0]), Math.min(start[1], now[1]),
      Math.abs(now[0] - start[0]), Math.abs(now[1] - start[1])];
    typed.value = spelled(box);
    draw();
  });
  canvas.addEventListener("pointerup", () => { start = null; });
  typed.addEventListener("input", () => {
    const numbers = typed.value.split(",").map(Number);
    box = numbers.length === 4 && numbers.every(Number.isFinite) ? numbers : null;
    draw();
  });

  const close = () => { node.hidden = true; };
  const apply = async () => {
    if (!painted && !box) {
      note.textContent = mode === "Brush" ? "Paint what may change." : "Drag a box over what may change.";
      return;
    }
    if (mode === "Brush") {
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      send("mask", {}, [await blob.arrayBuffer()]);
    } else send("region", { region: typed.value.trim() });
    close();
  };
  const hint = "Only what is inside changes; the rest stays as it is, to the pixel.";
  const note = h("span", { className: "gemimg-note", role: "status" });
  const node = h("div", { className: "gemimg-painter", hidden: true, role: "group", "aria-label": "Region" },
    h("div", { className: "gemimg-buttons" }, ...modes, width, button("Clear", clear),
      note),
    stage,
    h("div", { className: "gemimg-line" }, typedField,
      button("Use this region", apply, { className: "gemimg-primary" }),
      button("Whole picture", () => { clear(); send("region", { region: "" }); close(); }), button("Close", close)));
  return {
    node,
    close,
    open(chosen) {
      picture = chosen;
      // As large as the picture is shown: a mask need not be finer than the hand that paints it.
      canvas.width = Math.min(picture.width, 1024);
      canvas.height = Math.round((canvas.width * picture.height) / picture.width);
      image.removeAttribute("src");
      book.show(image, picture.id);
      choose("Box");
      const numbers = model.get("region").split(",").map(Number);
      if (numbers.length === 4 && numbers.every(Number.isFinite)) {
        box = numbers;
        typed.value = spelled(box);
        draw();
      }
      node.hidden = false;
      typed.focus();
    },
  };
}
