/** A form with its files as this browser keeps them, for session.js. */

import * as store from "./store.js";

/** A form's own lists are not on this phone any more: without them what was chosen would be emptied. */
export class ListsGone extends Error {}

/**
 * `{ xml, file(name), parts }` of a form that was fetched; ListsGone where it, or a file of it, is kept no more.
 *
 * `parts` is what it was read from: an update may drop it from the store while the form is open.
 */
export async function keptForm(form) {
  const [kept, here] = [await store.get("forms", form.key), new Set(await store.keys("files"))];
  if (!kept || form.files.some((file) => !here.has(file.md5))) throw new ListsGone(form.key);
  const read = new Map();
  return { xml: kept.xml, file: (name) => file(form, name, read), parts: () => ({ form: kept, files: [...read.values()] }) };
}

async function file(form, name, read) {
  const listed = form.files.find((each) => each.name === name);
  const kept = listed && (read.get(name) ?? (await store.get("files", listed.md5)));
  if (!kept) return new Response("", { status: 404 });
  read.set(name, kept);
  return new Response(kept.bytes, { headers: { "Content-Type": kept.type } });
}
