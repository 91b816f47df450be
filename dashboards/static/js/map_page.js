/* The page of the map: a thôn that is touched opens its card, the legend filters, the address carries what is shown. */
"use strict";

(() => {
  const map = document.querySelector(".map[data-card]");
  if (!map) return;
  const card = document.getElementById("the-thon");
  const frame = () => map.querySelector("iframe");
  const shown = () => new URL(location.href).searchParams;

  /* The address is what one sends to a colleague, and what is printed beneath the page. */
  function remember(name, values) {
    const address = new URL(location.href);
    address.searchParams.delete(name);
    for (const value of values) address.searchParams.append(name, value);
    history.replaceState(null, "", address);
    follow(address.searchParams);
  }

  /* What is taken away (PDF, picture, sheet) is what is shown. */
  function follow(query) {
    for (const link of document.querySelectorAll("a[data-follows]")) {
      const address = new URL(link.href);
      for (const name of ["loc", "den_ngay"]) {
        address.searchParams.delete(name);
        for (const value of query.getAll(name)) address.searchParams.append(name, value);
      }
      link.href = address;
    }
  }

  function tell(message) {
    const drawn = frame();
    if (drawn && drawn.contentWindow) drawn.contentWindow.postMessage(message, location.origin);
  }

  const show = () => {
    const [only, thon] = [shown().getAll("loc"), shown().get("thon")];
    tell({ only, thon });
    for (const part of map.querySelectorAll("svg.still [data-class]")) {
      part.classList.toggle("away", only.length > 0 && !only.includes(part.dataset.class));
      part.classList.toggle("picked", part.tagName === "path" && part.dataset.thon === thon);
    }
  };

  let asked = 0;
  async function open(thon) {
    const turn = ++asked;
    const address = new URL(map.dataset.card, location.href);
    address.pathname = address.pathname.replace(/[^/]*$/, encodeURIComponent(thon));
    const answer = await fetch(address, { credentials: "same-origin" });
    if (turn !== asked) return; // another thôn was touched meanwhile
    if (!answer.ok || answer.redirected) { // signed out, or the thôn is gone: the page itself says which
      location.assign(new URL(`?${new URLSearchParams([...shown(), ["thon", thon]])}`, location.href));
      return;
    }
    card.innerHTML = await answer.text();
    card.hidden = false;
    remember("thon", [thon]);
    show();
    card.scrollTop = 0;
    card.focus({ preventScroll: true });
    uncover();
  }

  /* On a phone the card is a sheet from below: the map goes up where it would be covered. */
  function uncover() {
    if (getComputedStyle(card).position !== "fixed") return;
    const [drawn, sheet] = [map.querySelector(".frame").getBoundingClientRect(), card.getBoundingClientRect()];
    if (drawn.bottom > sheet.top) window.scrollBy({ top: Math.min(drawn.top - 8, drawn.bottom - sheet.top) });
  }

  function close() {
    if (card.hidden) return;
    asked += 1;
    const thon = shown().get("thon");
    const hadFocus = card.contains(document.activeElement) || document.activeElement === document.body;
    card.hidden = true;
    remember("thon", []);
    show();
    if (hadFocus && thon) tell({ focus: thon });
  }

  function filter(button) {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isOn));
    const pressed = [...map.querySelectorAll(".filter [aria-pressed=true]")];
    remember("loc", pressed.map((each) => each.dataset.class));
    show();
  }

  window.addEventListener("message", (event) => {
    const drawn = frame();
    if (event.origin !== location.origin || !drawn || event.source !== drawn.contentWindow) return;
    if (event.data.ready) show();
    if (event.data.open) open(event.data.open);
    if (event.data.key === "Escape") close();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  map.addEventListener("click", (event) => {
    const named = event.target.closest(".names a");
    const button = event.target.closest(".filter button");
    if (named && !(event.ctrlKey || event.metaKey || event.shiftKey)) { event.preventDefault(); open(named.dataset.thon); }
    if (event.target.closest(".card .close")) { event.preventDefault(); close(); }
    if (button) { event.preventDefault(); filter(button); }
  });
  for (const button of document.querySelectorAll("[data-do]")) button.hidden = false;
  document.querySelector('[data-do="print"]')?.addEventListener("click", () => window.print());
  show();
})();
