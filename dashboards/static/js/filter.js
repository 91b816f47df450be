/* A table is filtered by what is typed: every word must begin somewhere in a row's name; marks do not matter. */
"use strict";

(() => {
  const bare = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replaceAll("đ", "d");

  for (const input of document.querySelectorAll("input[data-filters]")) {
    const table = document.getElementById(input.dataset.filters);
    const said = document.querySelector(`[data-found="${input.dataset.filters}"]`);
    const rows = [...table.querySelectorAll("tbody tr[data-name]")];
    const begins = (name, word) => ` ${name}`.includes(` ${word}`);
    const filter = () => {
      const words = bare(input.value).split(/\s+/).filter(Boolean);
      const found = rows.filter((row) => words.every((word) => begins(row.dataset.name, word)));
      for (const row of rows) row.hidden = !found.includes(row);
      said.textContent = words.length ? `${found.length}/${rows.length}` : "";
    };
    input.addEventListener("input", filter);
    filter(); // what the browser kept when one comes back to the page
  }
})();
