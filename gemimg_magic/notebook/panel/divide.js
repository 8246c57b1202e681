// Two pictures in one frame with a divide that moves, by mouse or by arrow keys.

/** `show(first, second, put)` puts two pictures in the frame; each has `alt`, `name`, `width` and `height`. */
function makeDivide() {
  const under = h("img"), over = h("img");
  const slider = h("input", { type: "range", min: 0, max: 100, value: 50, className: "gemimg-divide" });
  slider.setAttribute("aria-label", "How much of the first picture shows");
  const names = h("div", { className: "gemimg-names" }, h("span"), h("span"));
  const frame = h("div", { className: "gemimg-frame" }, under, over);
  const move = () => {
    over.style.clipPath = `inset(0 ${100 - slider.value}% 0 0)`;
    frame.style.setProperty("--gemimg-at", `${slider.value}%`);
  };
  slider.addEventListener("input", move);
  return {
    node: h("div", { className: "gemimg-comparison" }, frame, slider, names),
    show(first, second, put) {
      put(over, first);
      put(under, second);
      over.alt = `First: ${first.alt}`;
      under.alt = `Second: ${second.alt}`;
      names.firstChild.textContent = first.name || "first";
      names.lastChild.textContent = second.name || "second";
      frame.style.aspectRatio = `${second.width} / ${second.height}`;
      // As wide as its height allows, so that the divide is where the pictures are.
      frame.style.maxWidth = `${(520 * second.width) / second.height}px`;
      slider.style.maxWidth = names.style.maxWidth = frame.style.maxWidth;
      move();
    },
  };
}
