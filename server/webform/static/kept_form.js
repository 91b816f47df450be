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
  const kept = await store.get("forms", form.key);
  // all at once: an update that ends while the engine reads the form would leave the lists blank that it drops
  const files = await Promise.all(form.files.map(async ({ name, md5 }) => [name, await store.get("files", md5)]));
  if (!kept || files.some(([, file]) => !file)) throw new ListsGone(form.key);
  const read = new Map(files);
  return { xml: kept.xml, file: async (name) => asResponse(read.get(name)), parts: () => ({ form: kept, files: [...read.values()] }) };
}

const asResponse = (file) => (file ? new Response(file.bytes, { headers: { "Content-Type": file.type } }) : new Response("", { status: 404 }));
