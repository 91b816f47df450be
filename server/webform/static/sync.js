/** What goes between this browser and the server: forms and lists down, finished forms up, each exactly once. */

import * as store from "./store.js";

const PAGE = new URL("../../", import.meta.url).pathname; // …/phieu/
const BASE = store.isTrial ? `${PAGE}trial/` : PAGE;
const GONE = new Set(["key_unknown", "key_changed"]); // the server's own words for a code that is good no more
const TAKEN = new Set([201, 202]); // what alone lets go of a form that waits: anybody on the way can say 200
const TOO_OLD = 14 * 24 * 3600 * 1000; // milliseconds that lists of people may lie here without an update

/** The answer to a request was not what the page can go on with; `code` is the server's, or one of AWAY. */
export class Refused extends Error {
  constructor(code, message, status = 0) {
    super(message);
    Object.assign(this, { code, status });
  }
}

const AWAY = new Set(["offline", "stranger"]); // nobody answered, or somebody on the way did (a Wi-Fi that wants a password)

/** Whether the server was not reached: the same may be tried again later. */
export const isAway = (error) => AWAY.has(error.code);

async function ask(url, { body, code } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...(code ? { Authorization: `Bearer ${code}` } : {}), ...(typeof body === "string" ? { "Content-Type": "application/json" } : {}) },
      body,
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
  } catch {
    throw new Refused("offline", "");
  }
  if (response.ok && !response.headers.get("Content-Type")?.startsWith("text/html")) return response;
  if (response.ok) throw new Refused("stranger", "", response.status); // the server answers none of these with a page
  const told = await response.json().catch(() => ({}));
  throw new Refused(told.code ?? "unknown", told.message ?? `HTTP ${response.status}`, response.status);
}

const withDevice = async (path) => `${BASE}${path}?deviceID=${encodeURIComponent(await device())}`;

/** What this browser calls itself, for the page of the commune's phones. */
async function device() {
  let known = await store.setting("device");
  if (!known) {
    known = `web:${crypto.randomUUID()}`;
    await store.set("device", known);
  }
  return known;
}

/** The code that belongs to a typed name and password. */
export async function codeOf(username, password) {
  const response = await ask(`${BASE}code`, { body: JSON.stringify({ username, password }) });
  return (await response.json()).code;
}

/**
 * Fetches whose page it is, the forms and every file of theirs that changed; what no form or draft needs goes.
 */
export async function update() {
  const code = await store.setting("code");
  try {
    const about = await (await ask(await withDevice("about"), { code })).json();
    const possible = about.forms.filter((form) => !form.impossible.length);
    const files = new Map(possible.flatMap((form) => form.files).map((file) => [file.md5, file])); // forms share lists
    await Promise.all([...possible.map((form) => fetchForm(form, code)), ...[...files.values()].map((file) => fetchFile(file, code))]);
    await store.set("about", { ...about, at: Date.now() });
    await tidy(about);
    return about;
  } catch (error) {
    throw await revoked(error);
  }
}

/** Whether the server said that the code is good no more; a 403 of somebody on the way to it says nothing of the kind. */
export const isGone = (error) => error.status === 403 && GONE.has(error.code);

/**
 * A code that is not good any more costs the lists of people at once, whatever was asked under it; one that was changed still
 * sends, so what was begun under it can be finished (R23), one that was revoked costs the drafts too.
 */
async function revoked(error) {
  if (isGone(error)) await (error.code === "key_changed" ? letGoOfLists() : store.forget());
  return error;
}

/** Drops the lists that no draft needs, and the forms with them; the next update brings them back. */
async function letGoOfLists() {
  const about = await store.setting("about");
  if (!about) return;
  const left = { ...about, forms: [] };
  await store.set("about", left);
  await tidy(left);
}

async function fetchForm(form, code) {
  const key = `${form.id} ${form.version}`;
  if ((await store.get("forms", key))?.md5 === form.md5) return;
  const xml = await (await ask(form.url, { code })).text();
  await store.put("forms", { key, md5: form.md5, xml });
}

async function fetchFile(file, code) {
  if (await store.get("files", file.md5)) return;
  const response = await ask(file.url, { code });
  const type = response.headers.get("Content-Type") ?? "";
  await store.put("files", { md5: file.md5, type, bytes: await response.arrayBuffer() });
}

/** Drops forms and files that neither today's forms nor a draft need. */
async function tidy(about) {
  const drafts = await store.all("drafts");
  const forms = new Set([...about.forms.map((form) => `${form.id} ${form.version}`), ...drafts.map((draft) => draft.form.key)]);
  const files = new Set([...about.forms.flatMap((form) => form.files), ...drafts.flatMap((draft) => draft.form.files)].map((file) => file.md5));
  for (const key of await store.keys("forms")) if (!forms.has(key)) await store.remove("forms", key);
  for (const md5 of await store.keys("files")) if (!files.has(md5)) await store.remove("files", md5);
}

/**
 * Lists of people that were not renewed for 14 days are wiped; true where they were. Where the server can be reached they
 * are renewed instead: the code is good, and it may be the clock that is not. A draft keeps what it was begun with: without
 * a network nobody knows whether the days have passed or the clock is ahead.
 */
export async function wipeOld() {
  const about = await store.setting("about");
  if (!about) return false;
  const age = Date.now() - about.at;
  if (age < 0) await store.set("about", { ...about, at: Date.now() }); // the clock was ahead that day: they count from now
  if (age < TOO_OLD || (await update().catch(() => null))) return false;
  if (!(await store.setting("about"))) return false; // the server was reached: the code is good no more, which it says again
  await letGoOfLists();
  return true;
}

/**
 * Sends what waits, oldest first; how many went. Only one tab does so at a time, and it looks anew at what waits.
 *
 * The address is made here, at the last moment, from the code of today: nothing that waits knows an old one.
 */
export function send() {
  return navigator.locks.request(`send ${BASE}`, async () => {
    const code = await store.setting("code");
    const waiting = (await store.all("outbox")).sort((one, other) => one.at - other.at);
    let sent = 0;
    for (const item of code ? waiting : []) {
      try {
        const { status } = await ask(await withDevice("submission"), { code, body: body(item) });
        if (!TAKEN.has(status)) throw new Refused("stranger", "", status);
        await store.remove("outbox", item.id);
        sent += 1;
      } catch (error) {
        // what this one meets need not stop the next: only a network or a code that is gone stops them all
        if (isAway(error) || error.status === 403 || error.status >= 500) throw await revoked(error);
        await store.put("outbox", { ...item, trouble: error.message });
      }
    }
    return sent;
  });
}

function body(item) {
  const form = new FormData();
  form.append("xml_submission_file", new Blob([item.xml], { type: "text/xml" }), "xml_submission_file.xml");
  for (const file of item.files) form.append(file.name, new Blob([file.bytes], { type: file.type }), file.name);
  return form;
}
