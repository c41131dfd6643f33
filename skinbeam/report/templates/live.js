"use strict";
// Each block has two sliders, which hold places in lists, and the answers of all places.
for (const block of document.querySelectorAll("[data-live]")) {
  const data = JSON.parse(block.querySelector("script").textContent);
  const [dose, row] = ["dose", "row"].map((axis) => block.querySelector(`[data-axis="${axis}"]`));
  const answer = block.querySelector("[data-answer]");
  const say = () => {
    const [d, r] = [Number(dose.value), Number(row.value)];
    for (const [slider, text] of [[dose, data.doses[d]], [row, data.rows[r]]]) {
      slider.setAttribute("aria-valuetext", text);
      slider.nextElementSibling.textContent = text;
    }
    const places = { "{reached}": data.effect[r][d], "{harmed}": data.harm[r][d] };
    const told = data.words.answer.replace(/\{reached\}|\{harmed\}/g, (name) => places[name]);
    const broken = data.broken.length > 0 && data.broken[r][d];
    answer.textContent = [told, broken ? data.words.broken : data.words.kept, data.published[r]].filter(Boolean).join(" ");
    block.classList.toggle("beyond", broken);
    block.classList.toggle("unlike", !data.inside[r][d]);
  };
  dose.addEventListener("input", say);
  row.addEventListener("input", say);
  block.querySelector("button").addEventListener("click", () => {
    dose.value = dose.defaultValue;
    row.value = row.defaultValue;
    say();
  });
  say();
  block.hidden = false;
}
