/** Questions answered by standing somewhere: a point, a line that is walked, an area that is walked around. */

import { pointWords } from "./answer_words.js";
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
    quiet(); // touched twice: a first watch that nobody ends would set another place later on
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

const DRAWN = "0.0 0.0"; // height and accuracy of a point that was set on the map, as ODK Collect writes them

/** A line or an area, point by point, walked or set on a small map; an area closes itself. */
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
  let here = null;
  let map = null;
  const undo = () => begun.length && !node.currentState.readonly && keep(begun.slice(0, -1));
  const watching = watcher(ACCURATE, (point) => {
    here = placeOf(point);
    keep([...begun, point]);
    map?.centre(here);
  }, context);
  const add = button(say("point"), watching.start);
  const back = button(say("point_back"), undo, "second");
  const clear = button(say("points_clear"), () => window.confirm(say("points_clear_sure")) && keep([]), "second");
  const told = make("p", { class: "value", role: "status" });
  const place = make("div", {});

  async function showMap() {
    const { smallMap } = await import("./small_map.js");
    const set = ([latitude, longitude]) => keep([...begun, `${latitude.toFixed(7)} ${longitude.toFixed(7)} ${DRAWN}`]);
    map = smallMap({ ...context.map, isArea, label: context.label, add: set, back: undo });
    map.element.append(make("p", { class: "hint" }, say("map_hint"))); // not shown where no place is known to draw around
    place.replaceChildren(map.element);
    draw();
    if (!begun.length) locateOnce().then((found) => found && ((here = placeOf(found)), draw()));
  }

  function draw() {
    told.textContent = say("line", { n: begun.length });
    back.disabled = clear.disabled = !begun.length || node.currentState.readonly;
    add.disabled = node.currentState.readonly;
    map?.show(begun.map(placeOf), here, node.currentState.readonly);
  }
  showMap().catch(() => {}); // without it a line is walked all the same
  return { element: make("div", {}, told, place, add, back, clear, watching.element), update: draw };
}

/** [latitude, longitude] of a point as forms write it. */
const placeOf = (point) => point.split(" ").slice(0, 2).map(Number);
