/* What every page does beside showing itself: the menu shows where one is, and wide screens need no folding. */
"use strict";

(() => {
  const wide = matchMedia("(min-width: 46.01rem)");

  /* A third of the way into the menu, so that one sees that it goes on both ways. */
  function showWhereOneIs() {
    for (const item of document.querySelectorAll(".menu [aria-current]")) {
      const list = item.closest("ul");
      list.scrollLeft += item.getBoundingClientRect().left - list.getBoundingClientRect().left - list.clientWidth / 3;
    }
  }

  showWhereOneIs();
  document.fonts.ready.then(showWhereOneIs); // letters of another width move what stands after them
  if (wide.matches) {
    for (const folded of document.querySelectorAll("details[data-open-wide]")) folded.open = true;
  }
})();
