"use strict";
// The points of a face, moved on its picture by hand or by keys; without this they are numbers in fields, which stay what counts.
document.addEventListener("ready", (event) => {
  const form = event.target, photo = form.elements.photo;
  let box = form.querySelector(".points");
  if (!photo) return;  // nothing can be changed

  function begin() {
    const face = box.querySelector("svg"), fields = [...box.querySelectorAll("input.number")];
    if (!face) return;
    const points = [...face.querySelectorAll(".point")], found = box.querySelector(".found");
    const image = face.querySelector("image"), whole = box.querySelector(".whole");
    const width = image.width.baseVal.value, height = image.height.baseVal.value;
    const held = (k) => fields[k].value ? Number(fields[k].value.replace(",", ".")) : NaN;
    const at = (k) => Number.isNaN(held(k)) ? Number(fields[k].placeholder) : held(k);
    const pixel = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(face.getScreenCTM().inverse());

    function show() {
      points.forEach((point, i) => {
        const x = at(2 * i), y = at(2 * i + 1);
        // A pixel is named by its corner, and meant by its middle.
        point.setAttribute("transform", `translate(${x + 0.5} ${y + 0.5}) scale(${face.viewBox.baseVal.width / 100})`);
        point.setAttribute("aria-valuenow", x);
        point.setAttribute("aria-valuetext", face.dataset.at.replace("{x}", Math.round(x)).replace("{y}", Math.round(y)));
      });
      found.hidden = fields.every((field) => !field.value);
    }
    function told() { fields[0].dispatchEvent(new Event("input", { bubbles: true })); }
    function move(i, x, y) {
      fields.forEach((field, k) => { field.value = at(k); });  // who moves one says where all three are
      fields[2 * i].value = Math.round(10 * Math.min(Math.max(x, 0), width - 1)) / 10;
      fields[2 * i + 1].value = Math.round(10 * Math.min(Math.max(y, 0), height - 1)) / 10;
      told();
    }
    points.forEach((point, i) => {
      const said = { role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": width - 1 };
      for (const [name, value] of Object.entries(said)) point.setAttribute(name, value);
      let from = null;
      point.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        point.focus();
        point.setPointerCapture(event.pointerId);
        const start = pixel(event);
        from = { x: at(2 * i) - start.x, y: at(2 * i + 1) - start.y };
      });
      point.addEventListener("pointermove", (event) => {
        if (!point.hasPointerCapture(event.pointerId)) return;
        const now = pixel(event);
        move(i, now.x + from.x, now.y + from.y);
      });
      point.addEventListener("keydown", (event) => {
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!way) return;
        event.preventDefault();
        const step = (event.shiftKey ? 10 : 1) / face.getScreenCTM().a;  // so many pixels of the screen
        move(i, at(2 * i) + step * way[0], at(2 * i + 1) + step * way[1]);
      });
    });
    found.addEventListener("click", () => {
      fields.forEach((field) => { field.value = ""; });
      told();
      points[0].focus();
    });
    whole.hidden = face.viewBox.baseVal.width === width && face.viewBox.baseVal.height === height;
    whole.addEventListener("click", () => {
      face.setAttribute("viewBox", `0 0 ${width} ${height}`);
      whole.hidden = true;
      show();
      points[0].focus();
    });
    box.addEventListener("input", show);
    show();
  }

  // A photograph that was sent is shown without leaving the page; if that fails, the button below does it.
  async function look() {
    const status = box.querySelector("[role=status]"), file = photo.files[0];
    status.textContent = box.dataset.looking;
    try {
      const headers = { Accept: "text/html" };  // a refusal as a page, whose reason is shown here
      const reply = await fetch(form.dataset.look, file ? { method: "POST", body: new FormData(form), headers } : { headers });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const next = page.querySelector(".points");
      status.textContent = page.querySelector("#why")?.textContent || "";
      if (!reply.ok || photo.files[0] !== file) return;
      photo.value = "";  // it is kept
      next.querySelector("[autofocus]")?.removeAttribute("autofocus");
      box.replaceWith(document.adoptNode(next));
      box = next;
      begin();
    } catch {
      status.textContent = "";
    }
  }
  form.addEventListener("photographed", look);
  if (!form.dataset.save) photo.addEventListener("change", () => { if (photo.files.length) look(); });
  begin();
});
