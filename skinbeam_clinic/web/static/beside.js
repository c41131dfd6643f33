"use strict";
// Two photographs laid over each other at one size, with a slider between them. Without it they stand side by side.
for (const pair of document.querySelectorAll(".beside")) {
  const [under, over] = pair.querySelectorAll("img");
  const slider = document.createElement("input");
  slider.type = "range";
  slider.value = "50";
  slider.setAttribute("aria-label", pair.dataset.slider);
  const laid = document.createElement("div"), below = under.cloneNode(), above = over.cloneNode();
  laid.className = "laid";
  laid.append(below, above);
  const show = () => { above.style.clipPath = `inset(0 0 0 ${100 - slider.value}%)`; };
  slider.addEventListener("input", show);
  laid.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const box = laid.getBoundingClientRect();
    slider.value = 100 - 100 * (event.clientX - box.left) / box.width;
    show();
  });
  show();
  pair.after(laid, slider);
}
