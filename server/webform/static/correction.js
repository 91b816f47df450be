/**
 * The page on which an officer corrects a visit (server/office/correction_pages.py).
 *
 * Nothing of the visit is kept: no IndexedDB, no cache, no worker (this page lies outside its scope).
 */

import { make } from "./elements.js";
import { say } from "./words.js";

const main = document.getElementById("main");
const { visit: VISIT, save: SAVE, back: BACK, byAnswer: BY_ANSWER } = main.dataset;
let csrf = "";
let isSaved = false;

/** What a form works out from the clock is that of the visit: ages are those of that day (R12). */
function turnBackTheClock(at) {
  const Clock = Date;
  globalThis.Date = new Proxy(Clock, {
    construct: (_, given, made) => Reflect.construct(Clock, given.length ? given : [at], made),
    get: (_, name) => (name === "now" ? () => at : Reflect.get(Clock, name)),
  });
}

async function begin() {
  const told = await (await fetch(VISIT, { cache: "no-store" })).json();
  csrf = told.csrf;
  turnBackTheClock(told.at);
  // one after the other: both need the engine, and WebKit hands it out unready to the second of two (parts.js)
  const { openVisit } = await import("./visit.js");
  const { showCorrection } = await import("./correction_view.js");
  const visit = await openVisit(told, () => {});
  visit.speak("vi");
  showCorrection(main, visit, { save: (reason) => save(visit, reason), leave: () => location.assign(BACK), problem: tell });
  addEventListener("beforeunload", (event) => isSaved || visit.isUntouched || event.preventDefault());
  document.documentElement.setAttribute("data-ready", "");
}

const tell = (error) => main.prepend(make("p", { class: "wrong", role: "alert" }, String(error.message ?? error)));

/** Sends what was touched; null where it is stored (the page goes on to it), else what is wrong. */
async function save(visit, reason) {
  const { answers, rounds, files } = visit.changes();
  const form = new FormData();
  form.append("ban_sua", JSON.stringify({ answers, rounds }));
  form.append("ly_do", reason);
  for (const [address, file] of files) form.append(`tep:${address}`, file, file.name);
  const response = await sent(form).catch(() => null);
  if (!response) return { "": say("correct_offline") };
  if (!isJson(response)) return { "": say("correct_signed_out") };
  const told = await response.json();
  if (response.status !== 201) return told.wrong ?? { "": told.message };
  isSaved = true;
  location.assign(told.location);
  return null;
}

const isJson = (response) => Boolean(response.headers.get("Content-Type")?.startsWith("application/json"));

/** The answer to the correction; where the session was another one, under the token of today's. */
async function sent(form) {
  const post = () => fetch(SAVE, { method: "POST", body: form, headers: { "X-CSRFToken": csrf }, redirect: "manual" });
  const first = await post();
  if (isJson(first)) return first;
  const again = await fetch(VISIT, { cache: "no-store", redirect: "manual" });
  if (!again.ok) return first;
  csrf = (await again.json()).csrf;
  return post();
}

begin().catch((error) => {
  const why = String(error.message ?? error).split("\n")[0];
  main.replaceChildren(make("p", { class: "wrong", role: "alert" }, say("correct_failed", { why })), make("p", {}, make("a", { href: BY_ANSWER }, say("correct_by_answer"))));
  document.documentElement.setAttribute("data-ready", "");
});
