"use strict";
// The camera with guidance: an outline, an earlier photograph as a ghost, words on light, sharpness and place, and three
// frames of which the sharpest is kept. Without it, or without a camera, the page takes a file.
(() => {
  const form = document.querySelector("form.guided"), box = form?.querySelector(".capture");
  if (!box || !navigator.mediaDevices?.getUserMedia || !window.OffscreenCanvas) return;  // none, or a page without https

  // The outline in shares of the height of the picture, as the page draws it: half axes of the face, and how far apart
  // the eyes of a face of that width are (63 mm of 140 mm).
  const HALF_X = 0.24, HALF_Y = 0.31, PUPILS = 0.215;
  const JUDGED_PUPIL_PX = 40;  // as the analysis of a photograph judges sharpness
  const LOOK_MS = 300, FRAMES = 3, BETWEEN_MS = 200;
  const STEADY_LOOKS = 3;  // near a limit the word changes from look to look, faster than anybody can read or hear it
  const ROWS = 36;  // of the coarse copy on which the face is laid over the ghost
  const SHIFTS = [-6, -4, -2, 0, 2, 4, 6], SIZES = [0.8, 0.9, 1, 1.12, 1.25];
  const ALIKE_MIN = 0.4;  // correlation below which no place fits: another pose, or another face

  const find = (name) => box.querySelector(name);
  const [open, take, save, again, close] = ["open", "take", "save", "again", "close"].map((name) => find(`.${name}`));
  const stage = find(".stage"), video = find("video"), ghost = find(".ghost"), outline = find(".outline");
  const still = stage.querySelector("canvas"), advice = find(".advice"), meters = find(".meters");
  const view = find("#view"), earlier = find("#ghost"), field = form.elements.photo;
  const limits = Object.fromEntries(["meanMin", "meanMax", "clippedMax", "sharpnessMin", "pupilPxMin", "sidesMax"]
    .map((name) => [name, Number(box.dataset[name])]));
  const say = (name) => box.dataset[`say${name[0].toUpperCase()}${name.slice(1)}`];
  const camera = new CameraStream(video, refuse);
  let looking = 0, judged = "", lookCount = 0;  // the last word of the looks, and how many in a row came to it
  box.hidden = false;

  function pixels(source, sourceWidth, sourceHeight, width, height) {  // of the middle part with the shape that is asked for
    const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext("2d", { willReadFrequently: true });
    const times = Math.min(sourceWidth / width, sourceHeight / height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(source, (sourceWidth - times * width) / 2, (sourceHeight - times * height) / 2, times * width, times * height,
      0, 0, width, height);
    return pen.getImageData(0, 0, width, height).data;
  }

  // Brightness, lost colour, sides and sharpness of what lies within the outline.
  function measure(source, width, height) {
    const rows = Math.max(2, Math.round(JUDGED_PUPIL_PX / PUPILS)), columns = Math.round(2 * HALF_X * rows * 1.1);
    const data = pixels(source, width, height, columns, rows), grey = new Float64Array(columns * rows);
    const sides = [0, 0], counts = [0, 0];
    let sum = 0, lost = 0, inside = 0;
    const isInside = (x, y) => ((x + 0.5 - columns / 2) / (HALF_X * rows)) ** 2 + ((y + 0.5 - rows / 2) / (HALF_Y * rows)) ** 2 < 1;
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) {
      const at = y * columns + x, [red, green, blue] = data.subarray(4 * at, 4 * at + 3);
      grey[at] = 0.299 * red + 0.587 * green + 0.114 * blue;
      if (!isInside(x, y)) continue;
      const side = x < columns / 2 ? 0 : 1;
      inside++;
      counts[side]++;
      sum += (red + green + blue) / 3;
      sides[side] += (green / 255) ** 2.2;  // linear light
      if (Math.max(red, green, blue) >= 254) lost++;  // black is hair, pupils and cloth, and darkness is told by the mean
    }
    const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
    const variance = (values) => { const middle = mean(values); return mean(values.map((value) => (value - middle) ** 2)); };
    const own = [], bends = [];
    for (let y = 1; y < rows - 1; y++) for (let x = 1; x < columns - 1; x++) {
      if (!isInside(x, y)) continue;
      const at = y * columns + x;
      own.push(grey[at]);
      bends.push(grey[at - 1] + grey[at + 1] + grey[at - columns] + grey[at + columns] - 4 * grey[at]);
    }
    const spread = variance(own);
    return {
      mean: sum / inside, clipped: lost / inside, sharpness: spread > 0 ? variance(bends) / spread : 0,
      sides: Math.abs(Math.log((sides[0] / counts[0] + 1e-4) / (sides[1] / counts[1] + 1e-4))), pupilPx: PUPILS * height,
    };
  }

  // Grey minus its surroundings, so that light does not count, on a coarse copy.
  function coarse(source, width, height) {
    const columns = Math.round(ROWS * video.videoWidth / video.videoHeight);
    const data = pixels(source, width, height, columns, ROWS), grey = new Float64Array(columns * ROWS), over = new Float64Array(columns * ROWS);
    for (let at = 0; at < grey.length; at++) grey[at] = data[4 * at + 1];
    for (let y = 0; y < ROWS; y++) for (let x = 0; x < columns; x++) {
      let total = 0, count = 0;
      for (let v = Math.max(0, y - 3); v <= Math.min(ROWS - 1, y + 3); v++)
        for (let u = Math.max(0, x - 3); u <= Math.min(columns - 1, x + 3); u++) { total += grey[v * columns + u]; count++; }
      over[y * columns + x] = grey[y * columns + x] - total / count;
    }
    return { over, columns };
  }

  // Where the live face lies, and how large it is, over that of the ghost.
  function place() {
    if (ghost.hidden || !ghost.complete || !ghost.naturalWidth) return null;
    const then = coarse(ghost, ghost.naturalWidth, ghost.naturalHeight), now = coarse(video, video.videoWidth, video.videoHeight);
    let best = { alike: -1 };
    for (const size of SIZES) for (const right of SHIFTS) for (const down of SHIFTS) {
      let both = 0, first = 0, second = 0;
      for (let y = 0; y < ROWS; y++) for (let x = 0; x < then.columns; x++) {
        const u = (x - then.columns / 2) / (1.15 * HALF_X * ROWS), v = (y - ROWS / 2) / (1.15 * HALF_Y * ROWS);
        if (u * u + v * v > 1) continue;
        const column = Math.round(then.columns / 2 + size * (x - then.columns / 2) + right);
        const row = Math.round(ROWS / 2 + size * (y - ROWS / 2) + down);
        if (column < 0 || row < 0 || column >= now.columns || row >= ROWS) continue;
        const one = then.over[y * then.columns + x], other = now.over[row * now.columns + column];
        both += one * other;
        first += one * one;
        second += other * other;
      }
      const alike = both / Math.sqrt(first * second + 1e-9);
      if (alike > best.alike) best = { alike, size, right, down };
    }
    return best;
  }

  function judge(found, fit) {  // the word for what to change first
    if (found.mean < limits.meanMin) return "dark";
    if (found.mean > limits.meanMax) return "bright";
    if (found.clipped > limits.clippedMax) return "clipped";
    if (fit && fit.alike < ALIKE_MIN) return "pose";
    if (fit && fit.size > 1) return "farther";
    if (fit && fit.size < 1) return "closer";
    if (fit && Math.abs(fit.right) > 2) return fit.right > 0 ? "right" : "left";
    if (fit && Math.abs(fit.down) > 2) return fit.down > 0 ? "down" : "up";
    if (view.value === "front" && found.sides > limits.sidesMax) return "sides";
    if (found.sharpness < limits.sharpnessMin) return "blurred";
    return found.pupilPx < limits.pupilPxMin ? "small" : "ready";
  }

  function tell(word) {  // a screen reader hears what changes, and nothing twice
    const words = word ? say(word) : "";
    if (advice.textContent !== words) advice.textContent = words;
    box.dataset.advice = word;
  }

  function look() {
    if (video.readyState < 2 || !video.videoWidth) return;
    const found = measure(video, video.videoWidth, video.videoHeight), fit = place();
    const meter = (name, words) => { find(`[data-meter=${name}]`).textContent = words; };
    const percent = (share) => `${Math.round(100 * share)} %`;
    meter("light", `${Math.round(found.mean)} / 255`);
    meter("lost", percent(found.clipped));
    meter("sharp", percent(Math.min(1, found.sharpness / limits.sharpnessMin)));
    meter("fit", fit ? percent(Math.max(0, fit.alike)) : "–");
    const word = judge(found, fit);
    lookCount = word === judged ? lookCount + 1 : 1;
    judged = word;
    if (lookCount >= STEADY_LOOKS) tell(word);
  }

  function show(state) {  // "closed", "live" or "taken"
    open.hidden = state !== "closed";
    take.hidden = video.hidden = meters.hidden = state !== "live";
    outline.toggleAttribute("hidden", state !== "live");  // a drawing has no such property
    save.hidden = again.hidden = still.hidden = state !== "taken";
    stage.hidden = close.hidden = state === "closed";
    field.required = state !== "taken";
    showGhost(state);
    clearInterval(looking);
    if (state === "live") looking = setInterval(look, LOOK_MS);
  }
  function showGhost(state) {
    ghost.hidden = state !== "live" || !earlier.value;
    if (earlier.value && ghost.getAttribute("src") !== earlier.value) ghost.src = earlier.value;
  }
  function end() {
    clearInterval(looking);
    camera.end();
  }
  async function live() {
    field.value = "";
    clearInterval(looking);
    if (!await camera.open()) return;
    show("live");
    take.focus();
  }

  function refuse() {  // pulled out, put to sleep, or not allowed
    end();
    field.value = "";
    show("closed");
    tell("refused");
  }

  async function shoot() {
    clearInterval(looking);
    take.disabled = true;
    tell("taking");
    try {
      await keepSharpest();
    } catch {
      refuse();
    } finally {
      take.disabled = false;
    }
  }
  async function keepSharpest() {
    let best = null;
    for (let number = 0; number < FRAMES; number++) {
      const frame = await createImageBitmap(video), sharp = measure(frame, frame.width, frame.height).sharpness;
      if (!best || sharp > best.sharp) best = { frame, sharp };
      if (number < FRAMES - 1) await new Promise((done) => setTimeout(done, BETWEEN_MS));
    }
    [still.width, still.height] = [best.frame.width, best.frame.height];
    still.getContext("2d").drawImage(best.frame, 0, 0);
    const word = judge(measure(best.frame, best.frame.width, best.frame.height), null);
    const picture = await new Promise((done) => still.toBlob(done, "image/jpeg", 0.95));
    if (!picture) throw new Error("no picture");
    chooseFile(field, picture);
    end();
    show("taken");
    tell("taken");
    if (word !== "ready") advice.textContent += ` ${say(word)}`;
    save.focus();
  }

  open.addEventListener("click", live);
  again.addEventListener("click", live);
  take.addEventListener("click", shoot);
  close.addEventListener("click", () => { end(); field.value = ""; show("closed"); tell(""); open.focus(); });
  earlier.addEventListener("change", () => showGhost(camera.isOpen ? "live" : "closed"));
  view.addEventListener("change", () => { outline.dataset.view = view.value; });
  form.addEventListener("submit", () => tell("saving"));
  addEventListener("pagehide", end);
  show("closed");
})();
