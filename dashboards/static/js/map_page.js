/* The page of the map: a thôn that is touched opens its card, the legend filters, weeks slide, the whole fills a screen;
   the address carries what is shown. Words come from the server: this file only shows them. */
"use strict";

(() => {
  const map = document.querySelector(".map[data-card]");
  if (!map) return;
  const card = () => map.querySelector(".card");
  const frame = () => map.querySelector("iframe");
  const shown = () => new URL(location.href).searchParams;

  /* The address is what one sends to a colleague. */
  function remember(name, values) {
    const address = new URL(location.href);
    address.searchParams.delete(name);
    for (const value of values) address.searchParams.append(name, value);
    history.replaceState(null, "", address);
    follow(address.searchParams);
  }

  /* What is taken away (PDF, picture, sheet) and what is asked for next is of what is shown. */
  function follow(query) {
    for (const link of document.querySelectorAll("a[data-follows]")) {
      const address = new URL(link.href);
      for (const name of ["loc", "den_ngay"]) {
        address.searchParams.delete(name);
        for (const value of query.getAll(name)) address.searchParams.append(name, value);
      }
      link.href = address;
    }
    for (const form of document.querySelectorAll("form.choose, form.filter")) {
      let field = form.querySelector('input[name="den_ngay"]');
      if (!field) {
        field = Object.assign(document.createElement("input"), { type: "hidden", name: "den_ngay" });
        form.append(field);
      }
      field.value = query.get("den_ngay") ?? "";
      field.disabled = !field.value;
    }
  }

  /* What the server answers; null where it cannot, or leads elsewhere (to signing in). */
  async function ask(address) {
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      return answer.ok && !answer.redirected ? answer : null;
    } catch {
      return null;
    }
  }

  function tell(message) {
    const drawn = frame();
    if (drawn && drawn.contentWindow) drawn.contentWindow.postMessage(message, location.origin);
  }

  const show = () => {
    const [only, thon] = [shown().getAll("loc"), shown().get("thon")];
    tell({ only, thon, day: dayToTell(), isWhole: isWhole() });
    for (const part of map.querySelectorAll("svg.still [data-class]")) {
      part.classList.toggle("away", only.length > 0 && !only.includes(part.dataset.class));
      part.classList.toggle("picked", part.tagName === "path" && part.dataset.thon === thon);
    }
  };

  /* The card. */
  let asked = 0;
  async function open(thon, { isNew = true } = {}) {
    const turn = ++asked;
    const address = new URL(map.dataset.card, location.href);
    address.pathname = address.pathname.replace(/[^/]*$/, encodeURIComponent(thon));
    const day = shown().get("den_ngay");
    if (day) address.searchParams.set("den_ngay", day);
    else address.searchParams.delete("den_ngay");
    const answer = await ask(address);
    if (turn !== asked) return; // another thôn was touched meanwhile
    if (!answer) { // signed out, or no network: the page itself says which
      remember("thon", [thon]);
      location.reload();
      return;
    }
    card().innerHTML = await answer.text();
    card().hidden = false;
    remember("thon", [thon]);
    show();
    if (isNew) {
      card().scrollTop = 0;
      card().focus({ preventScroll: true });
      uncover();
    }
    drawTrend(thon);
  }

  /* On a phone the card is a sheet from below: the map goes up where it would be covered. */
  function uncover() {
    if (getComputedStyle(card()).position !== "fixed") return;
    const [drawn, sheet] = [map.querySelector(".frame").getBoundingClientRect(), card().getBoundingClientRect()];
    if (drawn.bottom > sheet.top) window.scrollBy({ top: Math.min(drawn.top - 8, drawn.bottom - sheet.top) });
  }

  function close() {
    if (!card() || card().hidden) return false;
    asked += 1;
    const thon = shown().get("thon");
    const hadFocus = card().contains(document.activeElement) || document.activeElement === document.body;
    card().hidden = true;
    remember("thon", []);
    show();
    if (hadFocus && thon) tell({ focus: thon });
    return true;
  }

  function filter(button) {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isOn));
    remember("loc", [...map.querySelectorAll(".filter [aria-pressed=true]")].map((each) => each.dataset.class));
    show();
  }

  /* Weeks: asked for once, when somebody first wants to know. */
  let weeks = null;
  let place = null;
  let waited = { address: "", answer: null };
  async function load() {
    const address = map.dataset.weeks;
    if (waited.address !== address) {
      waited = { address, answer: ask(address).then((answer) => answer && answer.json()) };
    }
    const told = await waited.answer;
    if (!told) waited = { address: "", answer: null };
    if (address === map.dataset.weeks) weeks = told;
    return told;
  }

  async function drawTrend(thon) {
    const box = card().querySelector(".spark");
    if (!box || !map.dataset.weeks) return;
    const told = (await load())?.thon[thon];
    if (!box.isConnected || !told || !told.line) return;
    const words = Object.assign(document.createElement("p"), { className: "small", textContent: told.trend });
    box.innerHTML = '<svg viewBox="0 0 200 40" aria-hidden="true"><path></path></svg>';
    box.querySelector("path").setAttribute("d", told.line);
    box.append(words);
  }

  /* What the frame is told of another day than the one it was drawn for; null while it is that one. */
  function dayToTell() {
    if (!weeks || place === null || place === Number(map.querySelector("#tuan").defaultValue)) return null;
    const told = {};
    for (const [code, each] of Object.entries(weeks.thon)) {
      const [name, figure] = [each.classes[place], each.figures[place]];
      told[code] = { class: name, figure, words: weeks.labels[name] };
    }
    return told;
  }

  async function slide(to) {
    const told = await load();
    if (!told) { location.reload(); return; }
    const { days, thon } = told;
    place = to;
    const day = days[to];
    const range = map.querySelector("#tuan");
    range.value = String(to);
    range.setAttribute("aria-valuetext", day.said);
    map.querySelector("output").textContent = day.said;
    map.querySelector(".legend .head").innerHTML = day.head;
    const above = document.querySelector(".as-of");
    if (above) above.textContent = day.as_of;
    for (const button of map.querySelectorAll(".filter button")) {
      const name = button.dataset.class;
      button.querySelector("b").firstChild.textContent = String(day.counts[name] ?? 0);
      const links = [...map.querySelectorAll(".names a")];
      const own = Object.keys(thon).filter((code) => thon[code].classes[to] === name);
      const named = own.map((code) => links.find((link) => link.dataset.thon === code)).filter(Boolean);
      const parts = named.flatMap((link, at) => (at ? [", ", link] : [link]));
      if (button.nextElementSibling) button.nextElementSibling.append(...parts);
    }
    tidyNames();
    repaint(thon, to);
    remember("den_ngay", day.day === map.dataset.today ? [] : [day.day]);
    show();
    const picked = shown().get("thon");
    if (picked && !card().hidden) open(picked, { isNew: false });
  }

  /* Between names that went elsewhere their commas are left over. */
  function tidyNames() {
    for (const names of map.querySelectorAll(".names")) {
      const links = [...names.querySelectorAll("a")];
      const parts = links.flatMap((link, at) => (at ? [", ", link] : [link]));
      names.replaceChildren(...(parts.length ? parts : ["không có thôn nào"]));
    }
  }

  /* The drawing that is printed. */
  function repaint(thon, to) {
    for (const part of map.querySelectorAll("svg.still [data-thon]")) {
      const told = thon[part.dataset.thon];
      if (!told) continue;
      part.dataset.class = told.classes[to];
      if (part.tagName === "path") part.setAttribute("fill", `url(#${told.classes[to]})`);
      const figure = part.querySelector("[data-figure]");
      if (figure) figure.textContent = told.figures[to].includes("%") ? told.figures[to] : "";
    }
  }

  let playing = 0;
  function stop() {
    clearInterval(playing);
    playing = 0;
    map.querySelector('[data-do="play"]')?.setAttribute("aria-pressed", "false");
  }

  async function play(button) {
    if (playing) return stop();
    button.setAttribute("aria-pressed", "true");
    const last = Number(map.querySelector("#tuan").max);
    let next = Number(map.querySelector("#tuan").value);
    next = next >= last ? 0 : next + 1;
    await slide(next);
    playing = setInterval(() => {
      next += 1;
      if (next > last) stop();
      else slide(next);
    }, 1200);
    return undefined;
  }

  /* The whole fills the screen, for a projector; arrow keys go through the indicators. */
  const isWhole = () => map.classList.contains("whole");
  function fill(isOn) {
    if (isOn === isWhole()) return;
    map.classList.toggle("whole", isOn);
    document.documentElement.classList.toggle("still-page", isOn);
    if (isOn && map.requestFullscreen) map.requestFullscreen().catch(() => {}); // without it, the window is filled
    if (!isOn && document.fullscreenElement) document.exitFullscreen();
    show();
    map.querySelector(isOn ? '[data-do="leave"]' : ".aside").focus?.({ preventScroll: true });
  }
  document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) fill(false); });

  let going = 0;
  async function go(step) {
    const choice = document.getElementById("chi_tieu");
    const next = (choice.selectedIndex + step + choice.options.length) % choice.options.length;
    const turn = ++going;
    choice.selectedIndex = next;
    stop();
    const address = new URL(location.href);
    address.searchParams.set("chi_tieu", choice.value);
    for (const name of ["thon", "loc"]) address.searchParams.delete(name);
    const answer = await ask(address);
    if (turn !== going) return;
    if (!answer) { location.assign(address); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const drawn = page.querySelector(".map[data-card]");
    Object.assign(map.dataset, { card: drawn.dataset.card, weeks: drawn.dataset.weeks });
    map.replaceChildren(...drawn.childNodes);
    for (const part of [".tools", "svg.patterns", ".as-of"]) {
      document.querySelector(part).replaceWith(page.querySelector(part));
    }
    history.replaceState(null, "", address);
    [weeks, place] = [null, null];
    begin();
    if (isWhole()) map.querySelector('[data-do="leave"]').focus({ preventScroll: true });
  }

  const STEPS = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
  function press(key) {
    if (key === "Escape" && !close()) fill(false);
    if (isWhole() && STEPS[key] && document.activeElement?.id !== "tuan") return go(STEPS[key]);
    return undefined;
  }

  const ACTS = {
    print: () => window.print(),
    play: (button) => play(button),
    fill: () => fill(true),
    leave: () => fill(false),
    before: () => go(-1),
    after: () => go(1),
  };

  window.addEventListener("message", (event) => {
    const drawn = frame();
    if (event.origin !== location.origin || !drawn || event.source !== drawn.contentWindow) return;
    if (event.data.ready) show();
    if (event.data.open) open(event.data.open);
    if (event.data.key) press(event.data.key);
  });
  document.addEventListener("keydown", (event) => {
    if (isWhole() && STEPS[event.key] && event.target.id !== "tuan") event.preventDefault();
    press(event.key);
  });
  document.addEventListener("click", (event) => {
    const act = event.target.closest?.("[data-do]");
    if (act) ACTS[act.dataset.do](act);
  });
  map.addEventListener("click", (event) => {
    const named = event.target.closest("a[data-thon]");
    const button = event.target.closest(".filter button");
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (named && isPlain) { event.preventDefault(); open(named.dataset.thon); }
    if (event.target.closest(".card .close") && isPlain) { event.preventDefault(); close(); }
    if (button) { event.preventDefault(); filter(button); }
  });
  map.addEventListener("input", (event) => {
    if (event.target.id !== "tuan") return;
    stop();
    slide(Number(event.target.value));
  });

  function begin() {
    for (const part of document.querySelectorAll("[data-do], .weeks-slide, .whole-bar")) part.hidden = false;
    follow(shown());
    show();
    const thon = shown().get("thon");
    if (thon && !card().hidden) drawTrend(thon);
  }
  begin();
})();
