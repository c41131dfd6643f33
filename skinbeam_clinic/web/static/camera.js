"use strict";
// A photograph by the camera of this machine: it becomes the file of the field, and is saved as one that was chosen.
document.addEventListener("ready", (event) => {
  const box = event.target.querySelector(".camera"), field = event.target.elements.photo;
  if (!box || !navigator.mediaDevices?.getUserMedia) return;  // none, or a page without https
  const [open, take, use, again, close] = ["open", "take", "use", "again", "close"].map((name) => box.querySelector(`.${name}`));
  const video = box.querySelector("video"), still = box.querySelector("canvas"), told = box.querySelector("[role=status]");
  const camera = new CameraStream(video, refuse);
  box.hidden = false;

  function show(state) {  // "closed", "live" or "taken"
    open.hidden = state !== "closed";
    video.hidden = take.hidden = state !== "live";
    still.hidden = use.hidden = again.hidden = state !== "taken";
    close.hidden = state === "closed";
    told.textContent = box.dataset[state] || "";
  }
  function refuse() {
    camera.end();
    show("closed");
    told.textContent = box.dataset.refused;
  }
  async function live() {
    if (!await camera.open()) return;
    show("live");
    take.focus();
  }
  open.addEventListener("click", live);
  again.addEventListener("click", live);
  take.addEventListener("click", () => {
    [still.width, still.height] = [video.videoWidth, video.videoHeight];
    still.getContext("2d").drawImage(video, 0, 0);
    camera.end();
    show("taken");
    use.focus();
  });
  use.addEventListener("click", () => still.toBlob((picture) => {
    if (!picture) { refuse(); return; }
    chooseFile(field, picture);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    show("closed");
    told.textContent = box.dataset.kept;
    open.focus();
  }, "image/jpeg", 0.95));
  close.addEventListener("click", () => { camera.end(); show("closed"); open.focus(); });
  addEventListener("pagehide", () => camera.end());
  show("closed");
});
