// The face of %gemimg compare: two pictures under one divide. Put behind base.js and divide.js.

/** While this is alive it stands for the static pictures that were put out right after it. */
function hideTwin(el) {
  let twin = null, tries = 0;
  const look = () => {
    const next = el.closest(".jp-OutputArea-child")?.nextElementSibling;
    if (next?.querySelector("img")) {
      twin = next;
      twin.style.display = "none";
    } else if (tries++ < 20) timer = setTimeout(look, 100);
  };
  let timer = setTimeout(look, 0);
  return () => {
    clearTimeout(timer);
    if (twin) twin.style.display = "";
  };
}

function render({ model, el }) {
  el.classList.add("gemimg-panel");
  const divide = makeDivide(), urls = [];
  const put = (image, picture) => {
    const url = URL.createObjectURL(new Blob([picture.data]));
    urls.push(url);
    image.src = url;
  };
  divide.show({ ...model.get("_told")[0], data: model.get("_first") },
    { ...model.get("_told")[1], data: model.get("_second") }, put);
  el.append(divide.node);
  const show = hideTwin(el);
  return () => {
    show();
    urls.forEach((url) => URL.revokeObjectURL(url));
  };
}

export default { render };
