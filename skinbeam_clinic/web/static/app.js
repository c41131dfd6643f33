"use strict";
// Steps, and rows that are added when needed. Without it the form is one page that does the same.
function start() {
  const form = document.querySelector("form.consultation");
  const steps = [...form.querySelectorAll(".step")], fixed = form.hasAttribute("data-fixed");

  function made(tag, words, kind, act) {
    const element = document.createElement(tag);
    element.textContent = words;
    if (kind) element.className = kind;
    if (act) { element.type = "button"; element.addEventListener("click", act); }
    return element;
  }

  // --- steps ---
  const list = made("ol", "", "steps");
  list.setAttribute("aria-label", form.dataset.steps);
  const tabs = steps.map((step, i) => {
    const tab = made("button", `${i + 1}. ${step.dataset.title}`, "", () => show(i));
    const item = document.createElement("li");
    item.append(tab);
    list.append(item);
    return tab;
  });
  form.before(list);
  function show(at, focus = true) {
    steps.forEach((step, i) => { step.hidden = i !== at; });
    tabs.forEach((tab, i) => i === at ? tab.setAttribute("aria-current", "step") : tab.removeAttribute("aria-current"));
    if (!focus) return;
    const heading = steps[at].querySelector("h2");
    heading.tabIndex = -1;
    heading.focus();
    list.scrollIntoView();
  }
  steps.forEach((step, i) => {
    const walk = made("div", "", "walk");
    if (i > 0) walk.append(made("button", form.dataset.back, "quiet", () => show(i - 1)));
    if (i < steps.length - 1) walk.append(made("button", form.dataset.next, "", () => show(i + 1)));
    step.append(walk);
  });
  form.addEventListener("keydown", (event) => {  // Enter in a field goes on, and sends at the last step alone
    const at = steps.findIndex((step) => !step.hidden);
    if (event.key !== "Enter" || !event.target.matches("input") || at === steps.length - 1) return;
    event.preventDefault();
    show(at + 1);
  });
  function reveal(id) {
    const field = document.getElementById(id);
    const at = steps.findIndex((step) => step.contains(field));
    if (at < 0) return;
    show(at, false);
    field.focus();
  }
  const aim = (link) => decodeURIComponent(link.hash.slice(1));
  const leads = (fault) => fault.querySelectorAll("a[href^='#']").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    reveal(aim(link));
  }));
  document.querySelectorAll(".fault").forEach(leads);

  // --- rows ---
  const filled = (row) => [...row.querySelectorAll("input, select")].some(
    (control) => control.type === "checkbox" ? control.checked : control.value !== "");
  document.querySelectorAll("[data-add]").forEach((group) => {
    const rows = [...group.querySelectorAll(".row")];
    rows.forEach((row, i) => { row.hidden = i > 0 && !filled(row) && !row.querySelector("[autofocus]"); });
    const more = made("button", group.dataset.add, "quiet", () => {
      const row = rows.find((one) => one.hidden);
      row.hidden = false;
      if (row.matches("details")) row.open = true;
      row.querySelector("input, select").focus();
      more.hidden = !rows.some((one) => one.hidden);
    });
    more.hidden = !rows.some((one) => one.hidden);
    if (!fixed) group.append(more);
  });

  // --- the unit and the range of a pulse are those of the chosen device ---
  const pulses = JSON.parse(form.querySelector("[data-pulses]").dataset.pulses);
  form.addEventListener("change", ({ target }) => {
    const pulse = target.matches("select[name$='.device']") && target.closest(".row").querySelector("[data-pulse]");
    if (!pulse) return;
    const [key, label, range] = pulses[target.value] ?? pulses[""], name = pulse.dataset.pulse + key;
    if (pulse.name !== name && /^[\d.,\s]*$/.test(pulse.value)) pulse.value = "";  // the number would be another pulse
    pulse.name = name;
    pulse.labels[0].textContent = label;
    pulse.parentElement.querySelector(".hint").textContent = range;
  });

  // --- what the rules say so far: asked for by htmx; what cannot be asked is not told of older answers ---
  const live = form.querySelector(".live [role=status]");
  for (const kind of ["htmx:sendError", "htmx:responseError"]) live.addEventListener(kind, () => live.replaceChildren());

  function came(page) {  // the form with what is wrong: one answer, one plan made, one photograph sent
    const next = new DOMParser().parseFromString(page, "text/html"), fault = next.querySelector(".fault");
    document.title = next.title;
    if (fault && !next.querySelector("form.consultation[data-filled]")) {  // answers that were never read stay here
      document.querySelector(".fault")?.remove();
      form.before(fault);
      leads(fault);
      const link = fault.querySelector("a[href^='#']");
      if (link) reveal(aim(link)); else fault.focus();
      form.dispatchEvent(new Event("refused"));
      return;
    }
    document.body.replaceWith(next.body);
    htmx.process(document.body);
    if (document.querySelector("form.consultation")) start();  // none where the sign-in has ended
  }

  const saving = form.dataset.save ? saver(form, came) : null;
  if (form.querySelector(".making")) planner(form, came, saving);

  show(0, false);
  if (location.hash) reveal(aim(location));  // the answer to a button within a step
  const marked = form.querySelector("[autofocus]");
  if (marked) reveal(marked.id);
  document.querySelector(".fault[autofocus]")?.focus();
  form.dispatchEvent(new Event("ready", { bubbles: true }));
}

// Whether a field holds another value than the page came with: typed before this program ran, or restored by the browser.
function differs(field) {
  if (field.matches("select")) {
    const chosen = [...field.options].findLastIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(chosen, 0);
  }
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (!field.matches("input:not([type=hidden]), textarea")) return false;
  const fresh = document.createElement(field.localName);  // which reads a value as this field does: no date, no value
  if (field.matches("input")) fresh.type = field.type;
  fresh.value = field.defaultValue;
  return field.value !== fresh.value;
}

// Saves the record of a clinic as it is filled in; each save names the one it follows, so that nobody overwrites another.
function saver(form, came) {
  const state = form.querySelector(".save-state"), photo = form.elements.photo;
  let saves = Promise.resolve(), waiting = 0, due = false, unfit = null, why = "";  // the last refused file, and why
  async function save() {
    due = false;
    try {
      const body = new FormData(form), headers = { Accept: "application/json" };
      const send = () => fetch(form.dataset.save, { method: "POST", body, headers });
      const file = photo?.files[0];
      if (file && file === unfit) body.delete("photo");  // it is not sent again with each answer
      let reply = await send();
      if ([413, 422].includes(reply.status) && body.has("photo") && file) {  // the answers are saved without the photograph
        const fault = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector(".fault p");
        body.delete("photo");
        reply = await send();
        if (reply.ok) [unfit, why] = [file, fault?.textContent ?? ""];
      }
      if (reply.status === 409) { came(await reply.text()); return; }
      if (!reply.ok) throw new Error(`status ${reply.status}`);
      const kept = await reply.json();
      form.elements.revision.value = kept.revision;
      if (kept.photograph) {
        photo.value = "";
        const held = form.elements["photo.kept"] || form.querySelector(".points").appendChild(document.createElement("input"));
        if (!held.name) Object.assign(held, { name: "photo.kept", type: "hidden" });
        held.value = kept.photograph;
        const shown = form.querySelector(".pictures"), picture = new Image(), figure = document.createElement("figure");
        Object.assign(picture, { src: `/photographs/${kept.photograph}`, alt: shown.dataset.alt });
        figure.append(picture);
        if (shown.dataset.uses) {
          const caption = document.createElement("figcaption"), uses = document.createElement("a");
          Object.assign(uses, { href: `/photographs/${kept.photograph}/uses`, textContent: shown.dataset.uses });
          caption.append(uses);
          figure.append(caption);
        }
        shown.append(figure);
        form.querySelector("[aria-labelledby=suggested]")?.removeAttribute("hidden");
        form.querySelector("[aria-labelledby=marks]")?.remove();  // of the photograph before
        form.dispatchEvent(new Event("photographed"));
      }
      const refused = file && file === unfit;
      state.textContent = refused ? `${form.dataset.unphotographed} ${why}` : due ? "" : form.dataset.saved;
    } catch {
      state.textContent = form.dataset.unsaved;
    }
  }
  function now() {
    clearTimeout(waiting);
    if (due) saves = saves.then(save);
    return saves;
  }
  function changed() {
    due = true;
    state.textContent = "";
    clearTimeout(waiting);
    waiting = setTimeout(now, 700);
  }
  form.addEventListener("input", changed);
  if ([...form.elements].some(differs)) changed();
  document.addEventListener("visibilitychange", () => { if (document.hidden) now(); });
  return now;
}

// Asks for the plan, whose job has a page of its own.
function planner(form, came, saving) {
  const making = form.querySelector(".making"), lost = form.querySelector(".lost");
  let stop = null;
  function stopped() {
    making.hidden = true;
    const sent = form.querySelector(".sent");
    sent.replaceWith(sent.cloneNode());  // the button counts as not pressed again
    stop = null;
  }
  making.querySelector("button").addEventListener("click", () => { stop.abort(); stopped(); });
  form.addEventListener("refused", stopped);
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.matches(".plain-send")) return;  // saved as a form, and the page comes again
    event.preventDefault();
    if (stop) return;
    stop = new AbortController();
    making.hidden = false;
    lost.hidden = true;
    try {
      await saving?.();
      const headers = { Accept: "text/html" };
      const reply = await fetch(form.action, { method: "POST", body: new FormData(form), headers, signal: stop.signal });
      if (reply.redirected) location.assign(reply.url); else came(await reply.text());
    } catch (error) {
      stopped();
      lost.hidden = error.name === "AbortError";
    }
  });
}
start();
