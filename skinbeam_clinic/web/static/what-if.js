"use strict";
// Each slider follows its number and each number its slider; htmx asks the server. Without it a button asks.
// Three digits behind a point could be thousands: the server refuses them, so a step has another one.
const written = (step) => /^[1-9]\d{0,2}\.\d{3}$/.test(step) ? `${step}0` : `${step}`;
for (const form of document.querySelectorAll(".what-if form")) {
  const answer = document.querySelector(form.getAttribute("hx-target")), said = answer.previousElementSibling;
  const quantities = new Map();
  for (const quantity of form.querySelectorAll(".quantity")) {
    const [slider, number] = quantity.querySelectorAll("input");
    let steps = JSON.parse(slider.dataset.steps);
    const tell = () => slider.setAttribute("aria-valuetext", `${number.value} ${slider.dataset.unit}`);
    function follow() {  // the step that is nearest to the number, which may lie between two
      const typed = Number(number.value.replace(",", "."));
      const distance = (step) => Math.abs(step - typed);
      if (number.value.trim() && !Number.isNaN(typed)) slider.value = steps.reduce((best, step, i) => distance(step) < distance(steps[best]) ? i : best, 0);
      tell();
    }
    slider.addEventListener("input", () => { number.value = written(steps[slider.value]); tell(); });
    number.addEventListener("input", follow);
    quantities.set(number.name, {
      follow,
      offer: (offered) => { steps = offered; slider.max = steps.length - 1; follow(); },
    });
    follow();
  }
  form.addEventListener("reset", () => setTimeout(() => {  // the fields have their first values after the event
    quantities.forEach(({ follow }) => follow());
    form.dispatchEvent(new Event("input"));
  }));
  // A setting that the machine cannot have is an answer, too.
  answer.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status !== 422) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
  answer.addEventListener("htmx:afterSwap", () => {
    const offered = answer.querySelector("[data-steps]");
    if (!offered) return;
    for (const [name, steps] of Object.entries(JSON.parse(offered.dataset.steps))) {
      if (steps.length) quantities.get(name)?.offer(steps);
    }
  });
  // What cannot be asked is not told of an older setting. The answer asks, too, while it waits; it ends with its part.
  function lose() {
    answer.replaceChildren();
    said.textContent = form.dataset.lost;
  }
  for (const asker of [form, answer]) {
    for (const kind of ["htmx:sendError", "htmx:responseError"]) asker.addEventListener(kind, lose);
  }
}
