"use strict";
// Asks before a page is left with a form that was filled in and not sent: by a link, by another form, or by closing it.
(() => {
  const typedAgain = "[autocomplete$=password], [autocomplete=one-time-code]";  // wherever they are needed
  // Nobody misses what was searched for, or a name to sign in with or of a passkey, whose form a program sends unseen.
  const unasked = "[role=search], [data-challenge], :has([autocomplete=username])";
  const forms = [...document.querySelectorAll(`form[method=post]:not(${unasked})`)];
  const typed = new Set();
  const isEntry = (form, name) => {
    const entry = form.elements.namedItem(name);
    return !(entry instanceof Element && entry.matches(typedAgain));
  };
  const entries = (form) => JSON.stringify(
    [...new FormData(form)].filter(([name]) => isEntry(form, name)).map(([name, value]) => [name, value.name ?? value]));
  const shown = new Map(forms.map((form) => [form, entries(form)]));
  // What was refused, or came after the session had ended, stands in the page that says so and nowhere else.
  const refused = document.getElementById("why") !== null;
  const isFilled = (entry) => entry.value
    && entry.matches("input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea, :checked");
  const isRefused = (form) => refused && new URL(form.getAttribute("action"), location).pathname === location.pathname
    && form.querySelector(typedAgain) === null && (form.matches("[data-kept]") || [...form.elements].some(isFilled));
  let sent = null;

  addEventListener("input", (event) => {
    if (event.isTrusted && event.target.form) typed.add(event.target.form);
  });
  addEventListener("submit", (event) => { sent = event.defaultPrevented ? sent : event.target; });
  addEventListener("beforeunload", (event) => {
    const isUnsaved = (form) => isRefused(form) || (typed.has(form) && entries(form) !== shown.get(form));
    if (forms.some((form) => form !== sent && isUnsaved(form))) event.preventDefault();
    sent = null;  // whoever stays may send it later
  });
})();
