"use strict";
// A signature drawn with pen, finger or mouse. Without it, and by keyboard, the typed name is the signature.
(() => {
  const form = document.querySelector(".signing");
  if (!form) return;
  const pad = form.querySelector(".pad"), canvas = pad.querySelector("canvas"), pen = canvas.getContext("2d");
  const sent = form.querySelector("[name=strokes]");
  let strokes = [], drawing = null;
  pad.hidden = false;

  function at(event) {
    const box = canvas.getBoundingClientRect();
    const within = (part) => Math.round(1000 * Math.min(1, Math.max(0, part))) / 1000;
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }
  function draw() {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.lineWidth = 4;
    pen.lineCap = "round";
    pen.strokeStyle = getComputedStyle(canvas).color;
    for (const stroke of strokes) {
      pen.beginPath();
      for (const [x, y] of stroke) pen.lineTo(x * canvas.width, y * canvas.height);
      pen.stroke();
    }
    sent.value = strokes.length ? JSON.stringify(strokes) : "";
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drawing = [at(event)];
    strokes.push(drawing);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const [x, y] = at(event), [lastX, lastY] = drawing.at(-1);
    if (Math.hypot(x - lastX, (y - lastY) / 3) < 0.003) return;  // a pen sends more points than a line needs
    drawing.push([x, y]);
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drawing = null; draw(); });
  pad.querySelector("button").addEventListener("click", () => { strokes = []; draw(); });
})();
