/** A form with its files as this browser keeps them, for session.js. */

import * as store from "./store.js";

/** `{ xml, file(name) }` of a form that was fetched; throws where it was not. */
export async function keptForm(form) {
  const kept = await store.get("forms", form.key);
  if (!kept) throw new Error(form.key);
  return { xml: kept.xml, file: (name) => file(form, name) };
}

async function file(form, name) {
  const listed = form.files.find((each) => each.name === name);
  const kept = listed && (await store.get("files", listed.md5));
  if (!kept) return new Response("", { status: 404 });
  return new Response(kept.bytes, { headers: { "Content-Type": kept.type } });
}
