/* What a map of thôn needs beside Leaflet: limits, labels that never overlap, keyboard, attribution. */
"use strict";

const tungNha = (() => {
  const MARGIN = 3; // pixels kept free around a label

  function dress(map, layer, said, tiles, points) {
    const bounds = L.latLngBounds(said.bounds);
    map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
    if (said.note) map.attributionControl.addAttribution(said.note);
    map.getContainer().setAttribute("aria-label", plain(said.name));
    L.control.scale({ imperial: false }).addTo(map);
    map.createPane("labels").classList.add("labels");
    /* while the page is printed its frame is hidden and has no size to fit anything into */
    const hasRoom = () => map.getSize().x > 0 && map.getSize().y > 0;
    const fitAgain = () => { if (hasRoom()) lock(map, bounds); };
    fitAgain();
    map.on("resize", fitAgain);
    letThePageScroll(map);
    const labels = collect(layer);
    const isTouched = window.parent !== window && labels.some(({ area }) => area.feature.properties.code);
    const group = L.layerGroup().addTo(map);
    const draw = () => { if (hasRoom()) place(map, labels, group); };
    map.on("zoomend moveend resize", draw);
    layer.eachLayer(reachByKeyboard);
    if (isTouched) answer(map, layer, labels, draw);
    if (points) points.eachLayer(reachByKeyboard);
    if (document.fonts) document.fonts.ready.then(draw);
    map.whenReady(draw);
    if (tiles) watch(map, tiles);
  }

  /* The commune fills the frame and cannot be left (the map shows nothing but the commune). */
  function lock(map, bounds) {
    map.setMinZoom(0);
    map.setMaxBounds(null);
    map.fitBounds(bounds, { padding: [6, 6], animate: false });
    map.setMinZoom(map.getZoom());
    map.setMaxBounds(bounds.pad(0.25));
  }

  /* Whole as it is there is nothing to drag: a finger scrolls the page, and so does a wheel until the map was clicked. */
  function letThePageScroll(map) {
    const whole = () => map.getZoom() <= map.getMinZoom();
    const drag = () => { if (whole()) map.dragging.disable(); else map.dragging.enable(); };
    drag();
    map.on("zoomend resize", drag);
    map.scrollWheelZoom.disable();
    map.on("focus", () => map.scrollWheelZoom.enable());
    map.on("blur", () => map.scrollWheelZoom.disable());
    /* Leaflet takes the focus while the button is down: a page that scrolled then would lose the click */
    const container = map.getContainer();
    container.focus = () => HTMLElement.prototype.focus.call(container, { preventScroll: true });
  }

  function collect(layer) {
    const found = [];
    layer.eachLayer((area) => {
      const { name, figure, at } = area.feature.properties;
      if (!at) return;
      const short = figure ? `<b>${figure}</b>` : null;
      found.push({ area, at: L.latLng(at), figure: short, full: short ? `${name}<br>${short}` : name });
    });
    return found;
  }

  /* Largest thôn first. As many figures as fit; then names to those beside which there is room. */
  function place(map, labels, group) {
    group.clearLayers();
    const view = map.getBounds();
    const seen = labels.filter(({ at, area }) => view.contains(at) && !area.isAway);
    const sized = seen.map((label) => ({ ...label, room: room(map, label), box: null, text: null }));
    sized.sort((a, b) => b.room.x * b.room.y - a.room.x * a.room.y);
    for (const wanted of ["figure", "full"]) {
      for (const label of sized) if (label[wanted]) fit(map, label, label[wanted], sized);
    }
    for (const { at, text, size } of sized.filter((label) => label.text)) {
      const icon = L.divIcon({ className: "label", html: text, iconSize: [size.x, size.y] });
      L.marker(at, { icon, interactive: false, keyboard: false, pane: "labels" }).addTo(group);
    }
  }

  /* Give the label this text if it fits into its thôn and meets no other label. */
  function fit(map, label, text, all) {
    const size = measure(text);
    if (size.x > label.room.x * 1.15 || size.y > label.room.y) return;
    const box = around(map.latLngToContainerPoint(label.at), size);
    if (all.some((other) => other !== label && other.box && box.overlaps(other.box))) return;
    Object.assign(label, { text, size, box });
  }

  function room(map, { area }) {
    const bounds = area.getBounds();
    const corner = map.latLngToContainerPoint(bounds.getNorthWest());
    return map.latLngToContainerPoint(bounds.getSouthEast()).subtract(corner);
  }

  const around = (middle, size) => L.bounds(
    middle.subtract(size.divideBy(2)).subtract([MARGIN, MARGIN]), middle.add(size.divideBy(2)).add([MARGIN, MARGIN]));

  const sizes = new Map();
  function measure(text) {
    if (document.fonts && document.fonts.status !== "loaded") sizes.clear();
    if (!sizes.has(text)) {
      const probe = L.DomUtil.create("span", "label probe", document.body);
      probe.innerHTML = text;
      sizes.set(text, L.point(probe.offsetWidth, probe.offsetHeight));
      probe.remove();
    }
    return sizes.get(text);
  }

  /* Leaflet opens a tooltip when its path has the focus. */
  function reachByKeyboard(area) {
    const path = area.getElement && area.getElement();
    if (!path || !area.feature.properties.tip) return;
    path.setAttribute("tabindex", "0");
    path.setAttribute("role", "img");
    path.setAttribute("aria-label", plain(area.feature.properties.tip.replaceAll("<br>", ", ")));
  }

  /* The page around the frame opens the card of a thôn, and says which thôn are to be seen. */
  function answer(map, layer, labels, draw) {
    const say = (message) => window.parent.postMessage(message, location.origin);
    const areas = new Map();
    layer.eachLayer((area) => {
      const { code } = area.feature.properties;
      const path = area.getElement();
      if (!code || !path) return;
      areas.set(code, area);
      path.setAttribute("role", "button");
      const open = () => {
        if (window.matchMedia("(hover: none)").matches) area.closeTooltip(); // the card says the same, and more
        say({ open: code });
      };
      area.on("click", open);
      path.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      });
    });
    let wasWhole = false;
    let labelled = JSON.stringify([[], null, false]); // as the map was drawn
    let isWhole = false; // on a projector arrow keys go through the indicators, and do not push the map about
    document.addEventListener("keydown", (event) => {
      const isStep = isWhole && /^(Arrow|Page)/.test(event.key);
      if (isStep) { event.preventDefault(); event.stopPropagation(); }
      if (isStep || event.key === "Escape") say({ key: event.key });
    }, true);
    window.addEventListener("message", (event) => {
      if (event.origin !== location.origin || event.source !== window.parent) return;
      const { only, thon, focus, day } = event.data;
      if (only) {
        isWhole = event.data.isWhole;
        if (document.body.classList.toggle("whole", isWhole) !== wasWhole) sizes.clear();
        wasWhole = isWhole;
        for (const label of labels) date(label, day);
        for (const [code, area] of areas) look(area, only, code === thon);
        const now = JSON.stringify([only, day, isWhole]);
        if (now !== labelled) draw(); // labels are measured one by one: not again for a card that opens
        labelled = now;
      }
      if (focus && areas.has(focus)) areas.get(focus).getElement().focus();
    });
    say({ ready: true });
  }

  /* Another day's colour, number and tip for a thôn; without a day those that it was drawn with. */
  function date(label, day) {
    const { area } = label;
    const own = area.feature.properties;
    label.drawn = label.drawn || { figure: label.figure, full: label.full, tip: own.tip, fill: area.options.fillColor };
    const told = day && day[own.code];
    if (!told && !label.isDated) return;
    label.isDated = Boolean(told);
    area.closeTooltip();
    const figure = told && safe(told.figure);
    own.tip = told ? `<b>${own.name}</b><br>${figure}<br>${safe(told.words)}` : label.drawn.tip;
    label.figure = told ? (told.figure.includes("%") ? `<b>${figure}</b>` : null) : label.drawn.figure;
    label.full = told ? (label.figure ? `${own.name}<br>${label.figure}` : own.name) : label.drawn.full;
    area.setStyle({ fillColor: told ? `url(#${told.class})` : label.drawn.fill });
    area.getElement().setAttribute("aria-label", plain(own.tip.replaceAll("<br>", ", ")));
  }

  function safe(text) {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }

  function look(area, only, isPicked) {
    const path = area.getElement();
    const name = area.options.fillColor.slice("url(#".length, -1);
    area.isAway = only.length > 0 && !only.includes(name);
    path.classList.toggle("away", area.isAway);
    path.classList.toggle("picked", isPicked);
    path.setAttribute("tabindex", area.isAway ? "-1" : "0");
    if (isPicked) area.bringToFront();
  }

  function plain(markup) {
    return new DOMParser().parseFromString(markup, "text/html").body.textContent;
  }

  /* A base map that does not come must not look like a broken page. */
  function watch(map, tiles) {
    let loaded = 0;
    let failed = 0;
    tiles.on("tileload", () => { loaded += 1; });
    tiles.on("tileerror", () => {
      failed += 1;
      if (failed !== 3 || loaded) return;
      const notice = L.control({ position: "bottomleft" });
      notice.onAdd = () => {
        const box = L.DomUtil.create("div", "notice");
        box.textContent = "Không tải được bản đồ nền. Ranh giới và số liệu vẫn đầy đủ.";
        return box;
      };
      notice.addTo(map);
    });
  }

  return { dress };
})();
