// Filters the rows of the table by every word that is written. Without it the whole table stands there.
(() => {
  const input = document.getElementById("search");
  const told = document.getElementById("found");
  const rows = [...document.querySelectorAll("#settings tbody tr")].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const filter = () => {
    const words = input.value.toLowerCase().replaceAll("-", "−").split(/\s+/).filter(Boolean);
    // A minus in front of a number is one; between letters it is a hyphen.
    const plain = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, text } of rows) {
      const fits = plain.every((word, k) => text.includes(word) || text.includes(words[k]));
      row.hidden = !fits;
      shown += fits;
    }
    told.textContent = shown === rows.length ? `All ${shown} rows.` : `${shown} of ${rows.length} rows.`;
    history.replaceState(null, "", input.value ? `#${encodeURIComponent(input.value)}` : location.pathname);
  };
  document.documentElement.classList.add("js");
  input.value = decodeURIComponent(location.hash.slice(1));
  input.addEventListener("input", filter);
  filter();
})();
