"use strict";
// Passkeys: the browser is asked what the server asks, and its answer goes back in the form's hidden field.
// Where there is no script, no https or no passkey, what is shown without it stays: password and code.
(() => {
  const form = document.querySelector("form[data-challenge]");
  if (!form || !window.isSecureContext || !window.PublicKeyCredential) return;
  for (const part of document.querySelectorAll(".with-passkeys, .without-passkeys")) {
    part.hidden = part.classList.contains("without-passkeys");
  }
  const told = form.querySelector("[role=alert]"), button = form.querySelector("button[type=submit]");

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

  function tell(words) {
    told.textContent = words;
    told.hidden = !words;
    button.disabled = false;
  }
  async function asked() {
    const answer = await fetch(form.dataset.challenge, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (answer.ok) return answer.json();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error(page.querySelector(".fault p")?.textContent ?? form.dataset.failed);
  }
  function answered(options) {
    options.challenge = bytes(options.challenge);
    if (!options.user) return navigator.credentials.get({ publicKey: options });
    options.user.id = bytes(options.user.id);
    for (const known of options.excludeCredentials) known.id = bytes(known.id);
    return navigator.credentials.create({ publicKey: options });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    tell("");
    button.disabled = true;
    try {
      const given = await answered(await asked()), response = {};
      for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
        if (given.response[name]) response[name] = text(given.response[name]);
      }
      const answer = { id: given.id, rawId: text(given.rawId), type: given.type, response };
      form.elements.answer.value = JSON.stringify(answer);
      if (form.elements.password) form.elements.password.value = "";  // it was asked for the challenge alone
      form.submit();
    } catch (error) {
      if (error.name === "InvalidStateError") tell(form.dataset.known);
      else tell(error instanceof DOMException || error instanceof TypeError ? form.dataset.failed : error.message);
    }
  });
})();
