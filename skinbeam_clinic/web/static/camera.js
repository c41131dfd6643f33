"use strict";
// A photograph by the camera of this machine: it becomes the file of the field, and is saved as one that was chosen.
document.addEventListener("ready", (event) => {
  const box = event.target.querySelector(".camera"), field = event.target.elements.photo;
  if (!box || !navigator.mediaDevices?.getUserMedia) return;  // none, or a page without https
  const [open, take, use, again, close] = ["open", "take", "use", "again", "close"].map((name) => box.querySelector(`.${name}`));
  const video = box.querySelector("video"), still = box.querySelector("canvas"), told = box.querySelector("[role=status]");
  let stream = null, opening = false;
  box.hidden = false;

  function show(state) {  // "closed", "live" or "taken"
    open.hidden = state !== "closed";
    video.hidden = take.hidden = state !== "live";
    still.hidden = use.hidden = again.hidden = state !== "taken";
    close.hidden = state === "closed";
    told.textContent = box.dataset[state] || "";
  }
  function end() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
  }
  function refuse() {
    end();
    show("closed");
    told.textContent = box.dataset.refused;
  }
  async function live() {
    if (opening) return;  // a second press while the permission is asked for would leave a stream running
    opening = true;
    end();
    try {
      const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 3840 }, height: { ideal: 2160 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      video.srcObject = stream;
      await video.play();
    } catch {
      refuse();
      return;
    } finally {
      opening = false;
    }
    show("live");
    take.focus();
  }
  open.addEventListener("click", live);
  again.addEventListener("click", live);
  take.addEventListener("click", () => {
    [still.width, still.height] = [video.videoWidth, video.videoHeight];
    still.getContext("2d").drawImage(video, 0, 0);
    end();
    show("taken");
    use.focus();
  });
  use.addEventListener("click", () => still.toBlob((picture) => {
    if (!picture) { refuse(); return; }
    const files = new DataTransfer();
    files.items.add(new File([picture], "camera.jpg", { type: "image/jpeg" }));
    field.files = files.files;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    show("closed");
    told.textContent = box.dataset.kept;
    open.focus();
  }, "image/jpeg", 0.95));
  close.addEventListener("click", () => { end(); show("closed"); open.focus(); });
  addEventListener("pagehide", end);
  show("closed");
});
