/** Questions answered by standing somewhere: a point, a line that is walked, an area that is walked around. */

import { button, make } from "./elements.js";
import { say } from "./words.js";

const ACCURATE = 5; // metres: what ODK Collect takes by itself where a form says nothing
const PATIENCE = 60_000; // milliseconds until the best so far is what there is
const WATCH = { enableHighAccuracy: true, maximumAge: 0, timeout: 30_000 };

const text = ({ coords }) =>
  [coords.latitude, coords.longitude, coords.altitude ?? 0, coords.accuracy].map((part) => Number(part.toFixed(7))).join(" ");

/** Where the phone is now, once, for forms that ask at their start; "" where it may not or cannot be known. */
export function locateOnce() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve("");
    navigator.geolocation.getCurrentPosition((found) => resolve(text(found)), () => resolve(""), { ...WATCH, timeout: 15_000 });
  });
}

/** Watches until it is accurate to `wanted` metres or somebody takes what there is; calls `take` once. */
function watcher(wanted, take, context) {
  const told = make("p", { class: "hint", role: "status" });
  const accept = button(say("accept"), () => stop(true));
  const cancel = button(say("cancel"), () => stop(false), "second");
  const element = make("div", { class: "locating", hidden: true }, told, accept, cancel);
  let watch = null;
  let best = null;
  let patience = null;

  function start() {
    if (!navigator.geolocation) return void fail({});
    best = null;
    accept.disabled = true;
    element.hidden = false;
    told.textContent = say("locating");
    patience = setTimeout(() => stop(true), PATIENCE);
    watch = navigator.geolocation.watchPosition(seen, fail, WATCH);
  }

  function seen(found) {
    if (best && best.coords.accuracy <= found.coords.accuracy) return;
    best = found;
    accept.disabled = false;
    told.textContent = say("accuracy", { m: Math.round(found.coords.accuracy) });
    if (found.coords.accuracy <= wanted) stop(true);
  }

  function fail(error) {
    if (best) return;
    quiet();
    element.hidden = false;
    cancel.hidden = accept.hidden = true;
    told.textContent = error.code === 1 ? say("allow_location") : say("location_none");
  }

  function quiet() {
    clearTimeout(patience);
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
    element.hidden = true;
    cancel.hidden = accept.hidden = false;
  }

  function stop(isTaken) {
    quiet();
    if (isTaken && best) take(text(best));
    else if (isTaken) fail({});
  }

  context.onLeave(quiet);
  return { element, start };
}

export function pointControl(node, context) {
  const wanted = node.nodeOptions?.accuracyThreshold || ACCURATE;
  const watching = watcher(wanted, (point) => context.set(() => node.setValue(point)), context);
  const get = button(say("location"), watching.start);
  const clear = button(say("clear"), () => context.set(() => node.setValue(null)), "second");
  const value = make("p", { class: "value" });
  return {
    element: make("div", {}, value, get, clear, watching.element),
    update() {
      const answer = node.currentState.instanceValue;
      value.textContent = answer ? pointWords(answer) : "";
      get.textContent = say(answer ? "again" : "location");
      clear.hidden = !answer;
      get.disabled = clear.disabled = node.currentState.readonly;
    },
  };
}

function pointWords(answer) {
  const [latitude, longitude, , accuracy] = answer.split(" ").map(Number);
  const within = accuracy ? ` (±${Math.round(accuracy)} m)` : "";
  return `${latitude.toFixed(5).replace(".", ",")}; ${longitude.toFixed(5).replace(".", ",")}${within}`;
}

/** A line or an area, point by point; an area closes itself. */
export function shapeControl(node, context) {
  const isArea = node.valueType === "geoshape";
  const points = () => {
    const all = node.currentState.instanceValue.split(";").map((each) => each.trim()).filter(Boolean);
    return isArea && all.length > 2 && all[0] === all.at(-1) ? all.slice(0, -1) : all;
  };
  const keep = (all) => {
    const closed = isArea && all.length > 2 ? [...all, all[0]] : all;
    context.set(() => node.setValue(closed.length > 1 ? closed.join(";") : null), () => true);
    begun = all;
    draw();
  };
  let begun = points(); // one point alone is no line yet: the engine would drop it
  const watching = watcher(ACCURATE, (point) => keep([...begun, point]), context);
  const add = button(say("point"), watching.start);
  const back = button(say("point_back"), () => keep(begun.slice(0, -1)), "second");
  const told = make("p", { class: "value" });
  const drawing = make("div", { class: "drawn" });

  function draw() {
    told.textContent = say("line", { n: begun.length });
    drawing.replaceChildren(...(begun.length > 1 ? [sketch(begun, isArea)] : []));
    back.disabled = !begun.length || node.currentState.readonly;
    add.disabled = node.currentState.readonly;
  }
  return { element: make("div", {}, told, drawing, add, back, watching.element), update: draw };
}

/** North above, as wide as high; a degree of longitude is shorter than one of latitude. */
function sketch(begun, isArea) {
  const found = begun.map((each) => each.split(" ").map(Number));
  const shrink = Math.cos((found[0][0] * Math.PI) / 180);
  const flat = found.map(([latitude, longitude]) => [longitude * shrink, -latitude]);
  const [xs, ys] = [flat.map(([x]) => x), flat.map(([, y]) => y)];
  const side = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) || 1;
  const on = ([x, y]) => [((x - Math.min(...xs)) / side) * 180 + 10, ((y - Math.min(...ys)) / side) * 180 + 10];
  const svg = (name, properties) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
    return made;
  };
  const picture = svg("svg", { viewBox: "0 0 200 200", role: "img", "aria-label": say("line", { n: begun.length }) });
  picture.append(svg(isArea ? "polygon" : "polyline", { points: flat.map((each) => on(each).join(",")).join(" ") }));
  for (const each of flat) {
    const [cx, cy] = on(each);
    picture.append(svg("circle", { cx, cy, r: 4 }));
  }
  return picture;
}
