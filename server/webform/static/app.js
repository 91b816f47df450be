/** The page: who opens it, the list of forms, drafts and what waits to be sent, and the form that is open. */

import { goBackWithin, letGo, stay } from "./back_button.js";
import { button, make } from "./elements.js";
import { keptForm, ListsGone } from "./kept_form.js";
import { parts } from "./parts.js";
import * as store from "./store.js";
import { codeOf, isAway, isGone, send, update, wipeOld } from "./sync.js";
import { moment, say, speak, spoken } from "./words.js";

const CODE = /^#(?:ma|thu)=([A-Za-z0-9]{64})$/;
const INSIDE_APPS = /Zalo|FBAN|FBAV|Instagram|Line\//;
const main = document.getElementById("main");
const waiting = document.getElementById("waiting");
let open = null; // the form that is being filled in
let isOpening = false; // one is being made ready
let held = { id: null, release: () => {} }; // the draft that no other tab may open meanwhile
let shown = 0; // counts what was begun to be shown: what is overtaken meanwhile shows nothing any more
let told = []; // what the list of forms says was done last, and how: it stays when the list is drawn anew unasked

const ready = () => document.documentElement.setAttribute("data-ready", "");
const notice = (words, kind = "notice") => words && make("p", { class: kind, role: kind.startsWith("wrong") ? "alert" : "status" }, words);

async function begin() {
  speak((await store.setting("language")) ?? "vi");
  const problem = location.hash ? await takeCode() : "";
  navigator.storage?.persist?.();
  const wiped = await wipeOld();
  if (!(await store.setting("code"))) return signIn(problem);
  await (wiped ? home(say("wiped_old")) : home(problem, "wrong"));
  refresh();
}

/** The code in the address stays there: what is put on the Home Screen is that address. What is wrong with it, or "". */
async function takeCode() {
  const found = CODE.exec(location.hash);
  if (!found) return say("not_code");
  if (found[1] !== (await store.setting("code"))) await store.set("code", found[1]);
  return "";
}

function signIn(problem = "") {
  const name = make("input", { id: "name", autocomplete: "username", autocapitalize: "none", required: true });
  const password = make("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
  const wrong = make("p", { class: "wrong", role: "alert" }, problem);
  const submit = make("button", { type: "submit" }, say("sign_in"));
  const enter = async (event) => {
    event.preventDefault();
    submit.disabled = true; // a second touch would be a second try
    try {
      const code = await codeOf(name.value.trim(), password.value.trim());
      await store.set("code", code);
      history.replaceState(null, "", `#ma=${code}`);
      await home();
      await refresh();
    } catch (error) {
      wrong.textContent = isAway(error) ? say(`${error.code}_to_sign_in`) : inWords(error);
      submit.disabled = false;
    }
  };
  main.replaceChildren(
    make("h1", {}, say("title")), notice(say("scan")), make("h2", {}, say("code_typed")),
    make("form", { onsubmit: enter, class: "sign-in" }, make("label", { for: "name" }, say("name")), name,
      make("label", { for: "password" }, say("password")), password, wrong, submit),
  );
  ready();
}

/** Forms to fill in, drafts to go on with, what waits; with one sentence on what was just done. */
async function home(words = "", kind = "notice") {
  closeForm();
  shown += 1;
  told = [words, kind];
  const mine = shown;
  const [about, drafts, outbox] = [await store.setting("about"), await store.all("drafts"), await store.all("outbox")];
  if (mine !== shown) return;
  const isInside = INSIDE_APPS.test(navigator.userAgent);
  const isInstalled = navigator.standalone || matchMedia("(display-mode: standalone)").matches;
  const isPhone = "standalone" in navigator;
  main.replaceChildren(
    make("h1", {}, say(store.isTrial ? "trial" : "title")),
    store.isTrial ? notice(say("trial_note")) : about && make("p", { class: "who" }, `${about.name}, ${about.villages.join(", ")} (${about.commune})`),
    notice(words, kind), notice(isInside ? say("open_in_browser") : "", "wrong"),
    outbox.length ? waits(outbox) : "", drafts.length ? unfinished(drafts) : "",
    notice(!isInside && isPhone && !isInstalled && !store.isTrial ? say(outbox.length || drafts.length ? "home_screen_after" : "home_screen") : ""), make("h2", {}, say("forms")),
    about?.forms.length ? make("ul", { class: "forms" }, about.forms.map(formLine)) : make("p", {}, say("empty")),
    make("p", { class: "acts" }, button(say("update"), (event) => once(event, refresh), "second"), button(say("language"), turn, "quiet"),
      about && make("small", {}, say("updated", { at: moment(about.at) }))),
  );
  if (words) window.scrollTo(0, 0); // what is said stands above; one may come from the end of a long form
  await count();
  ready();
  setTimeout(() => parts().catch(() => {}), 200);
}

async function turn() {
  speak(spoken() === "vi" ? "en" : "vi");
  await store.set("language", spoken());
  await home();
}

function formLine(form) {
  if (form.impossible.length) return make("li", {}, make("strong", {}, form.title), make("p", { class: "hint" }, say("cannot", { why: form.impossible.join(", ") })));
  return make("li", {}, make("strong", {}, form.title), button(say("start"), () => fill(kept(form))));
}

/** Does what takes a while, once for each time that the button is there: the page is drawn anew after it. */
function once({ currentTarget: pressed }, act) {
  pressed.disabled = true;
  return act({ isAsked: true });
}

const kept = (form) => ({ key: `${form.id} ${form.version}`, id: form.id, version: form.version, title: form.title, files: form.files });

function unfinished(drafts) {
  const lines = drafts.sort((one, other) => other.at - one.at).map((draft) => make("li", {}, make("strong", {}, draft.label),
    make("small", {}, say("draft", { at: moment(draft.at) })), button(say("continue"), () => fill(draft.form, draft)),
    button(say("delete"), async () => {
      if (!window.confirm(say("delete_sure"))) return;
      await store.remove("drafts", draft.id);
      await home();
    }, "quiet")));
  return make("section", {}, make("h2", {}, say("drafts")), make("ul", { class: "forms" }, lines));
}

function waits(outbox) {
  const lines = outbox.map((item) => make("li", {}, make("strong", {}, item.label), make("small", {}, moment(item.at)), item.trouble && make("p", { class: "wrong" }, item.trouble)));
  return make("section", {}, make("h2", {}, say("waits")), make("ul", { class: "forms" }, lines), button(say("send"), (event) => once(event, flush)));
}

async function count() {
  const n = (await store.keys("outbox")).length;
  waiting.textContent = say(n ? "waiting" : "waiting_none", { n });
  waiting.classList.toggle("some", n > 0);
  navigator.setAppBadge?.(n).catch(() => {});
}

function closeForm() {
  open?.close();
  open = null;
  letGo();
  held.release();
  held = { id: null, release: () => {} };
}

/** Whether this tab alone has the draft: two that went on with it would send two forms under one name. */
async function holds(id) {
  if (held.id === id) return true;
  const release = await store.hold(id);
  if (release) held = { id, release };
  return Boolean(release);
}

/** Opens a new form or a draft; what the engine cannot do is told with the way out. On a slow phone that takes seconds. */
async function fill(form, draft = null) {
  if (isOpening) return; // touched twice: of two that are opened, the one that is not seen would go on storing drafts
  shown += 1;
  isOpening = true;
  main.replaceChildren(make("h1", {}, form.title), notice(say("opening")));
  try {
    await show(form, draft);
  } finally {
    isOpening = false;
  }
}

const isBusy = () => Boolean(open) || isOpening;

async function show(asked, draft) {
  const loaded = await parts().catch(() => null);
  if (!loaded) return (await update().catch(() => null)) ? location.reload() : home(say("not_loaded"), "wrong");
  const { openSession, showForm, locateOnce } = loaded;
  const who = (await store.setting("about")) ?? {};
  if (draft && !(await holds(draft.id))) return home(say("open_elsewhere"), "wrong");
  const form = draft ? asked : newest(asked, who);
  let session;
  let source;
  try {
    source = await keptForm(form);
    const map = { outlines: who.outlines, tiles: main.dataset.tiles };
    const properties = { deviceID: await store.setting("device"), username: who.username };
    session = await openSession({ form, source, draft, properties, map, onChange: () => {}, locate: locateOnce });
  } catch (error) {
    if (error instanceof ListsGone) return home(say("lists_gone"), "wrong");
    return home(say("open_failed", { why: `${String(error.message ?? error).split("\n")[0]}.` }), "wrong");
  }
  session.speak(spoken());
  stay();
  open = showForm(main, session, {
    keep: async (packed) => {
      await holds(packed.id);
      await store.keepDraft(packed, source.parts());
      main.querySelector(".problem")?.remove();
    },
    finish: async (packed) => {
      await store.finish(packed);
      open = null;
      await home(say("finished"));
      flush();
    },
    leave: (isKept) => home(isKept ? say("saved") : ""),
    reopen: (packed) => fill(packed.form, packed),
    problem: (error) => {
      main.querySelector(".problem")?.remove();
      main.prepend(notice(inWords(error), "wrong problem"));
    },
  });
  ready();
}

/** The form that was touched as it is kept now: another tab may have fetched a newer one, with other lists, since. */
function newest(asked, about) {
  const found = about.forms?.find((form) => form.id === asked.id && !form.impossible.length);
  return found ? kept(found) : asked;
}

const inWords = (error) => (error.name === "QuotaExceededError" ? say("no_space") : String(error.message));

/** Sends what waits, then fetches what is new; quiet where there is no network unless somebody asked. */
async function refresh({ isAsked = false } = {}) {
  const sent = await flush({ isAsked });
  try {
    waiting.textContent = say("updating");
    await update();
    if (!isBusy()) await (isAsked || sent ? home(sent ? say("sent", { n: sent }) : "") : home(...told));
  } catch (error) {
    await failed(error, isAsked);
  } finally {
    await count();
  }
}

/** Sends what waits; how many went. */
async function flush({ isAsked = false } = {}) {
  let sent = 0;
  try {
    waiting.textContent = say("sending");
    sent = await send();
    if (!isBusy() && (sent || isAsked)) await home(sent ? say("sent", { n: sent }) : "");
  } catch (error) {
    await failed(error, isAsked);
  } finally {
    await count();
  }
  return sent;
}

/** A page that is looked at again after weeks, without having been loaded anew, lets go of lists as one that begins. */
async function again() {
  if (isBusy()) return;
  if (await wipeOld()) await home(say("wiped_old"));
  else told = []; // what was said before is of an earlier look
  if (!isBusy()) await refresh();
}

async function failed(error, isAsked) {
  if (isBusy()) return;
  if (isGone(error)) await home(say("code_lost"), "wrong");
  else if (!isAway(error)) await home(inWords(error), "wrong");
  else if (isAsked) await home(say(error.code)); // unasked, what was just said stays
  else return;
  told = []; // the next time that goes well nothing of this is true
}

addEventListener("online", () => flush());
goBackWithin(() => open);
// another code: another person, or a draft on trial; what is open is a draft before
addEventListener("hashchange", async () => {
  await open?.save();
  location.reload();
});
document.addEventListener("visibilitychange", () => (document.hidden ? open?.save() : again()));
if ("serviceWorker" in navigator) navigator.serviceWorker.register(new URL("../../worker.js", import.meta.url), { scope: new URL("../../", import.meta.url).pathname }).catch(() => {}); // online it works without

/** A browser that is too old, or keeps nothing (all cookies forbidden; some that live inside apps). */
function stop(why) {
  main.replaceChildren(notice(say(INSIDE_APPS.test(navigator.userAgent) ? "open_in_browser" : why), "wrong"));
  ready();
}
if (!("locks" in navigator) || !("randomUUID" in crypto)) stop("old_browser");
else begin().catch(() => stop("keeps_nothing"));
