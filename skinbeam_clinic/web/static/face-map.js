"use strict";
// A place that is chosen on the map is chosen in the list; without this each place is a link that does the same.
(() => {
  const form = document.querySelector(".areas"), map = document.querySelector(".face-map");
  if (!form || !map) return;
  const site = form.elements.site, side = form.elements.side, places = [...map.querySelectorAll("a")];

  function show() {
    for (const place of places) {
      const same = place.dataset.site === site.value && (side.value === "both" || [side.value, "both"].includes(place.dataset.side));
      if (same) place.setAttribute("aria-current", "true");
      else place.removeAttribute("aria-current");
    }
  }
  for (const place of places) {
    place.addEventListener("click", (event) => {
      event.preventDefault();
      site.value = place.dataset.site;
      side.value = place.dataset.side;
      show();
    });
  }
  for (const list of [site, side]) list.addEventListener("change", show);
  show();
})();
