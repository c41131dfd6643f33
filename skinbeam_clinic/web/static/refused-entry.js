"use strict";
// Marks the entry that was refused, and leads to it from the sentence that says why: a page may have many forms.
(() => {
  const why = document.getElementById("why"), name = why && why.dataset.entry;
  if (!name) return;
  const form = [...document.querySelectorAll("form[method=post]")].find((one) =>
    new URL(one.getAttribute("action"), location).pathname === location.pathname && one.elements.namedItem(name));
  const found = form && form.elements.namedItem(name), entry = found instanceof RadioNodeList ? found[0] : found;
  if (!entry || entry.type === "hidden" || !entry.id) return;
  entry.setAttribute("aria-invalid", "true");
  entry.setAttribute("aria-describedby", `why ${entry.getAttribute("aria-describedby") || ""}`.trim());
  const fold = entry.closest("details");
  if (fold) fold.open = true;
  const line = document.createElement("p"), link = document.createElement("a");
  link.href = `#${entry.id}`;
  link.textContent = why.dataset.lead;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    entry.focus();
    entry.scrollIntoView({block: "center"});
  });
  line.append(link);
  why.append(line);
})();
