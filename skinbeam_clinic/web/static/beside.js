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
  // Each picture has its caption on a band below it, whose height is a share of the width: the band is never cut in two.
  const share = Number(pair.dataset.band ?? 0);
  const show = () => {
    const from = `${100 - slider.value}%`, end = `${100 - 100 * share * above.naturalWidth / (above.naturalHeight || 1)}%`;
    const band = slider.value >= 50 ? `100% 100%, 0 100%, 0 ${end}` : `100% ${end}`;
    above.style.clipPath = share ? `polygon(${from} 0, 100% 0, ${band}, ${from} ${end})` : `inset(0 0 0 ${from})`;
  };
  above.addEventListener("load", show);
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
