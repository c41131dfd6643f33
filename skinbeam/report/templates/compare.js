"use strict";
// The photograph is laid over each illustration beside it, and a slider uncovers it. Without a script both stand alone.
for (const pair of document.querySelectorAll("[data-pair]")) {
  const [before, ...after] = pair.querySelectorAll("figure");
  for (const figure of after) {
    const slider = figure.querySelector("input");
    const cover = before.querySelector("img").cloneNode();
    cover.alt = "";
    cover.className = "cover";
    const show = () => { cover.style.clipPath = `inset(0 ${100 - slider.value}% 0 0)`; };
    slider.addEventListener("input", show);
    figure.querySelector(".laid").append(cover);
    show();
    slider.hidden = false;
  }
}
