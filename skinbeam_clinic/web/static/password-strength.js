"use strict";
// A meter below each field for a new password: while somebody types, the clinic's own server judges it as it will when it is saved.
(() => {
  const label = document.currentScript.dataset.label;
  for (const field of document.querySelectorAll("input[autocomplete=new-password]")) {
    const line = document.createElement("div"), meter = document.createElement("meter"), told = document.createElement("span");
    meter.max = 4;
    meter.setAttribute("aria-label", label);
    line.className = "hint";
    told.setAttribute("role", "status");
    let waiting, number = 0;
    const judge = async () => {
      const mine = ++number;
      try {
        const body = new URLSearchParams({ password: field.value });
        const answer = await fetch("/account/password/strength", { method: "POST", body, redirect: "manual" });
        const judged = answer.ok ? await answer.json() : null;
        if (judged && mine === number) [meter.value, told.textContent] = [judged.score, judged.text];
      } catch {
        // The server is away; it judges the password when it is saved.
      }
    };
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(judge, 300);
    });
    line.append(meter, " ", told);
    const home = field.closest(".field");
    (home.querySelector(".hint") ?? home).append(line);  // a field of a grid has no row for one more part
  }
})();
