"use strict";
// A button beside each password field that shows what was typed; it is hidden again before the form is sent.
(() => {
  const words = document.currentScript.dataset;
  for (const field of document.querySelectorAll("input[type=password]")) {
    const row = document.createElement("span"), button = document.createElement("button");
    row.className = "typed";
    button.type = "button";
    button.className = "quiet";
    button.setAttribute("aria-controls", field.id);
    const named = document.createElement("span");  // a page may have several
    named.className = "hidden";
    named.textContent = ` ${field.labels[0].firstChild.textContent.trim()}`;
    const show = (shown) => {
      field.type = shown ? "text" : "password";
      button.replaceChildren(shown ? words.hide : words.show, named);
    };
    show(false);
    button.addEventListener("click", () => show(field.type === "password"));
    field.form.addEventListener("submit", () => show(false));  // or a browser offers it again as plain text
    addEventListener("pagehide", () => show(false));
    field.replaceWith(row);
    row.append(field, button);
  }
})();
