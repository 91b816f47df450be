/** A citizen's page: one form, online, sent once. Nothing is kept in this browser, nothing is asked of it that Zalo's lacks. */

import { goBackWithin, letGo, stay } from "./back_button.js";
import { button, make } from "./elements.js";
import { parts } from "./parts.js";
import { say, speak, spoken } from "./words.js";

const main = document.getElementById("main");
const begin = document.getElementById("begin");
const language = document.getElementById("language");
const { about: ABOUT, send: SEND, level } = main.dataset;
let view = null;

const notice = (words, kind = "notice") => make("p", { class: kind, role: kind === "wrong" ? "alert" : "status" }, words);

/** What the engine makes ids with; browsers inside apps, and pages without TLS, may not have it. */
if (!crypto.randomUUID) {
  crypto.randomUUID = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
}

const canRun = () => typeof WebAssembly === "object" && typeof FormData === "function" && typeof fetch === "function";

async function ask(url, body) {
  let response;
  try {
    response = await fetch(url, { method: body ? "POST" : "GET", body, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
  } catch {
    throw new Error(say("poster_offline"));
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new Error(told.message ?? say("poster_failed"));
}

/** The form and its files from the server, in memory and nowhere else. */
async function online(form) {
  const urls = new Map(form.files.map((file) => [file.name, file.url]));
  return {
    xml: await (await ask(form.url)).text(),
    file: async (name) => (urls.has(name) ? ask(urls.get(name)) : new Response("", { status: 404 })),
  };
}

async function open() {
  begin.replaceChildren(notice(say("poster_opening")));
  try {
    const form = await (await ask(ABOUT)).json(); // first of all, so that nothing is imported without a network
    const loaded = await parts().catch(() => null);
    if (!loaded) return location.reload(); // lost on its way, or the page is of a version that is gone
    const { openSession, showForm, locateOnce } = loaded;
    const session = await openSession({ form, source: await online(form), properties: { deviceID: "", username: "" }, onChange: () => {}, locate: locateOnce });
    session.speak(spoken());
    stay();
    view = { session, shown: showForm(main, session, { finish, problem: (error) => main.prepend(notice(error.message, "wrong")) }) };
  } catch (error) {
    begin.replaceChildren(notice(error.message, "wrong"), button(say("poster_again"), open));
  }
}

/** Sends what was packed, the same bytes until the server has them: an answer that was lost on its way is known again. */
async function finish(packed) {
  view = null;
  const waiting = notice(say("sending"));
  main.replaceChildren(make("h1", { tabindex: "-1" }, packed.title), waiting);
  try {
    const { number } = await (await ask(SEND, body(packed))).json();
    main.replaceChildren(
      make("h1", { tabindex: "-1" }, say("poster_thanks")), notice(say("poster_sent", { level })),
      number ? make("p", { class: "number" }, say("poster_number", { n: number })) : "",
      make("p", { class: "hint" }, say("poster_number_why", { level })),
    );
    letGo();
    document.documentElement.setAttribute("data-sent", "");
  } catch (error) {
    main.replaceChildren(make("h1", { tabindex: "-1" }, packed.title), notice(error.message, "wrong"), notice(say("poster_kept")), button(say("poster_send_again"), () => finish(packed)));
  }
  main.querySelector("h1").focus({ preventScroll: true });
}

function body(packed) {
  const form = new FormData();
  form.append("xml_submission_file", new Blob([packed.xml], { type: "text/xml" }), "xml_submission_file.xml");
  for (const file of packed.files) form.append(file.name, new Blob([file.bytes], { type: file.type }), file.name);
  return form;
}

function turn() {
  speak(spoken() === "vi" ? "en" : "vi");
  show();
}

function show() {
  language.textContent = say("language");
  language.lang = spoken() === "vi" ? "en" : "vi";
  for (const each of main.querySelectorAll(".said")) each.hidden = each.lang !== spoken();
  if (view) {
    view.session.speak(spoken());
    view.shown.go(view.shown.key);
  } else if (begin.isConnected) {
    begin.replaceChildren(canRun() ? button(say("poster_begin"), open) : notice(say("poster_old", { level }), "wrong"));
  }
}

speak("vi");
language.hidden = false;
language.addEventListener("click", turn);
goBackWithin(() => view?.shown);
show();
document.documentElement.setAttribute("data-ready", "");
