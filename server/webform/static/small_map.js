/**
 * A small map to draw a line or an area on: north above, a grid in metres, the outlines of one's own thôn, where one stands.
 *
 * It asks no other host and needs no network; tiles are shown only where this server gives them out itself.
 */

import { button, make } from "./elements.js";
import { say } from "./words.js";

const EARTH = 6378137; // metres, of the sphere that Web Mercator is drawn on
const [WIDTH, HEIGHT] = [320, 240]; // units of the drawing
const STEPS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000]; // metres between lines of the grid
const [NEAREST, FURTHEST] = [0.05, 400]; // metres a unit
const MOVED = 8; // pixels from which on a touch draws the map along and sets no point
const TILE = 256;

const radians = (angle) => (angle * Math.PI) / 180;
const flat = ([latitude, longitude]) => [EARTH * radians(longitude), EARTH * Math.log(Math.tan(Math.PI / 4 + radians(latitude) / 2))];
const degrees = (angle) => (angle * 180) / Math.PI;
const round = ([x, y]) => [degrees(2 * Math.atan(Math.exp(y / EARTH)) - Math.PI / 2), degrees(x / EARTH)];

function svg(name, properties, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * `{ element, show(points, here) }`: points as [latitude, longitude], `here` where the phone is, or null.
 *
 * `add(point)` is called with each that is set, `back()` to take the last away; `label` is the id of what names the question.
 */
export function smallMap({ isArea, outlines = [], tiles = "", add, back, label }) {
  const drawing = svg("svg", { viewBox: `${-WIDTH / 2} ${-HEIGHT / 2} ${WIDTH} ${HEIGHT}`, tabindex: "0", role: "application", "aria-labelledby": label, "aria-roledescription": say("map") });
  let [middle, scale] = [null, 1]; // what lies in the middle, and metres of the projection a unit
  let [points, here, isReadonly] = [[], null, false];
  const on = ([x, y]) => [(x - middle[0]) / scale, (middle[1] - y) / scale];
  const under = ([u, v]) => [middle[0] + u * scale, middle[1] - v * scale];
  const shrink = () => Math.cos(radians(round(middle)[0])); // a metre of the projection is shorter on the ground

  function fit(places) {
    const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
    const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    middle = [(west + east) / 2, (south + north) / 2];
    scale = Math.min(FURTHEST, Math.max(0.5, (1.25 * (east - west)) / WIDTH, (1.25 * (north - south)) / HEIGHT));
  }

  function zoom(by) {
    scale = Math.min(FURTHEST, Math.max(NEAREST, scale * by));
    draw();
  }

  function move(u, v) {
    middle = under([u, v]);
    draw();
  }

  function set(at) {
    if (!isReadonly) add(round(under(at)));
  }

  function draw() {
    if (!middle) return;
    const line = (places, properties, name = "polyline") => svg(name, { ...properties, points: places.map((each) => on(each).join(",")).join(" ") });
    const drawn = points.map(flat);
    const shape = drawn.length > 1 ? [line(drawn, { class: "shape" }, isArea ? "polygon" : "polyline")] : [];
    drawing.replaceChildren(
      ...background(tiles, middle, scale), ...grid(middle, scale, shrink()), ...outlines.map((each) => line(each.map(flat), { class: "outline" }, "polygon")), ...shape,
      ...drawn.map((each, at) => dot(on(each), at === drawn.length - 1 ? "last" : "corner")),
      ...(here ? [dot(on(flat(here)), "here")] : []), svg("path", { class: "cross", d: "M-10 0H10M0 -10V10" }),
    );
  }

  gestures(drawing, { move, zoom, set, back });
  const tools = make("div", { class: "tools" }, button("+", () => zoom(0.5), "second"), button("−", () => zoom(2), "second"), button(say("map_add"), () => set([0, 0]), "second"));
  tools.children[0].setAttribute("aria-label", say("map_nearer"));
  tools.children[1].setAttribute("aria-label", say("map_further"));
  return {
    element: make("div", { class: "map" }, drawing, tools),
    /** Draws anew; what is first known of a place decides where the map lies, later it stays where it was moved to. */
    show(now, at, readonly = false) {
      [points, here, isReadonly] = [now, at, readonly];
      tools.children[2].disabled = readonly;
      const known = points.length ? points : here ? [here] : outlines.flat();
      if (!middle && known.length) fit(known.map(flat));
      drawing.parentElement.hidden = !middle;
      draw();
    },
    /** Brings a place into the middle. */
    centre(at) {
      middle = flat(at);
      draw();
    },
  };
}

const dot = ([cx, cy], kind) => svg("circle", { cx, cy, r: kind === "corner" ? 4 : 6, class: kind });

/** Lines every so many metres, and how many they are. */
function grid(middle, scale, shrink) {
  const step = STEPS.find((each) => each / shrink / scale >= 40) ?? STEPS.at(-1);
  const every = step / shrink;
  const lines = [];
  for (const [at, length, path] of [[0, WIDTH, (u) => `M${u} ${-HEIGHT / 2}V${HEIGHT / 2}`], [1, HEIGHT, (v) => `M${-WIDTH / 2} ${v}H${WIDTH / 2}`]]) {
    const sign = at === 0 ? 1 : -1;
    const first = Math.ceil((middle[at] - (length / 2) * scale) / every);
    const last = Math.floor((middle[at] + (length / 2) * scale) / every);
    for (let each = first; each <= last; each += 1) lines.push(path((sign * (each * every - middle[at])) / scale));
  }
  const words = step < 1000 ? `${step} m` : `${step / 1000} km`;
  return [svg("path", { class: "grid", d: lines.join("") }), svg("text", { x: -WIDTH / 2 + 6, y: HEIGHT / 2 - 8 }, say("map_step", { m: words }))];
}

/** Tiles of this server under the drawing; nothing where it has none. */
function background(address, middle, scale) {
  if (!address) return [];
  const world = 2 * Math.PI * EARTH;
  const level = Math.max(0, Math.min(19, Math.round(Math.log2(world / TILE / scale))));
  const size = world / 2 ** level;
  const at = (x) => Math.floor((x + world / 2) / size);
  const found = [];
  for (let column = at(middle[0] - (WIDTH / 2) * scale); column <= at(middle[0] + (WIDTH / 2) * scale); column += 1) {
    for (let row = at(-middle[1] - (HEIGHT / 2) * scale); row <= at(-middle[1] + (HEIGHT / 2) * scale); row += 1) {
      const href = address.replace("{z}", level).replace("{x}", column).replace("{y}", row);
      const [x, y] = [(column * size - world / 2 - middle[0]) / scale, (row * size - world / 2 + middle[1]) / scale];
      found.push(svg("image", { href, x, y, width: size / scale, height: size / scale, opacity: 0.6 }));
    }
  }
  return found;
}

/** Touch or mouse: a tap sets a point, a pull moves the map. Keys: arrows, + and −, Enter sets one in the middle, Backspace. */
function gestures(drawing, { move, zoom, set, back }) {
  let from = null;
  const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
  drawing.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX, y: event.clientY, last: at(event), isPulled: false };
    drawing.setPointerCapture(event.pointerId);
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!from) return;
    from.isPulled ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > MOVED;
    if (!from.isPulled) return;
    const now = at(event);
    move(from.last.x - now.x, from.last.y - now.y);
    from.last = now;
  });
  drawing.addEventListener("pointerup", (event) => {
    const point = at(event);
    if (from && !from.isPulled) set([point.x, point.y]);
    from = null;
  });
  drawing.addEventListener("pointercancel", () => (from = null));
  const keys = {
    ArrowLeft: () => move(-30, 0), ArrowRight: () => move(30, 0), ArrowUp: () => move(0, -30), ArrowDown: () => move(0, 30),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), Enter: () => set([0, 0]), Backspace: back,
  };
  drawing.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
