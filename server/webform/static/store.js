/**
 * What this browser keeps: the collector's code, forms, their files, drafts, and what waits to be sent (IndexedDB).
 *
 * Bytes are kept as ArrayBuffer: blobs in IndexedDB were broken in some versions of Safari. A promise is kept only when
 * its transaction is complete, so "đã lưu" is said of what is on the disk.
 */

/** A draft on trial has a store of its own: a person who tries forms may be a collector in the same browser. */
export const isTrial = location.hash.startsWith("#thu=");
const NAME = isTrial ? "tung-nha-thu" : "tung-nha-phieu";
const SHAPES = { settings: "name", forms: "key", files: "md5", drafts: "id", outbox: "id" };

let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const [store, keyPath] of Object.entries(SHAPES)) asked.result.createObjectStore(store, { keyPath });
    };
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      asked.result.onclose = () => (opening = null);
      asked.result.onversionchange = () => asked.result.close();
      resolve(asked.result);
    };
  });
  opening.catch(() => (opening = null));
  return opening;
}

/** Runs `act(transaction)` and keeps what its request found; tries once more where Safari has lost the connection. */
async function within(stores, mode, act, isSecond = false) {
  try {
    const database = await open();
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(stores, mode);
      const request = act(transaction);
      transaction.oncomplete = () => resolve(request?.result);
      // an error ends here too, and only here has its name; Safari, whose connection was lost, tells none
      transaction.onabort = () => reject(transaction.error ?? new DOMException("IndexedDB", "AbortError"));
    });
  } catch (error) {
    if (isSecond || error?.name === "QuotaExceededError") throw error;
    opening = null;
    return within(stores, mode, act, true);
  }
}

export const get = (store, key) => within(store, "readonly", (t) => t.objectStore(store).get(key));
export const all = (store) => within(store, "readonly", (t) => t.objectStore(store).getAll());
export const keys = (store) => within(store, "readonly", (t) => t.objectStore(store).getAllKeys());
export const put = (store, value) => within(store, "readwrite", (t) => t.objectStore(store).put(value));
export const remove = (store, key) => within(store, "readwrite", (t) => t.objectStore(store).delete(key));

export const setting = async (name) => (await get("settings", name))?.value;
export const set = (name, value) => put("settings", { name, value });

/**
 * Keeps a draft, and with it the form and lists that it was begun with (`parts`) where an update has dropped them since;
 * not after `forget`: lists of people do not come back by a draft that was open then.
 */
export function keepDraft(draft, { form, files }) {
  return within(["settings", "forms", "files", "drafts"], "readwrite", (t) => {
    const again = (store, key, value) => {
      const known = t.objectStore(store).getKey(key);
      known.onsuccess = () => known.result === undefined && t.objectStore(store).put(value);
    };
    const about = t.objectStore("settings").getKey("about");
    about.onsuccess = () => {
      if (about.result === undefined) return;
      again("forms", form.key, form);
      for (const file of files) again("files", file.md5, file);
    };
    return t.objectStore("drafts").put(draft);
  });
}

/** Holds a draft for this tab until the function that it gives is called; null where another tab holds it. */
export function hold(id) {
  return new Promise((resolve) => {
    navigator.locks.request(`draft ${NAME} ${id}`, { ifAvailable: true }, (lock) =>
      lock ? new Promise((release) => resolve(release)) : resolve(null));
  });
}

/** A draft is finished: it waits to be sent and is no draft any more, both or neither. */
export function finish(item) {
  return within(["drafts", "outbox"], "readwrite", (t) => {
    t.objectStore("drafts").delete(item.id);
    return t.objectStore("outbox").put(item);
  });
}

/** Everything about people but what is filled in and unsent: lists, drafts, whose page it is. */
export function forget() {
  return within(["settings", "files", "drafts"], "readwrite", (t) => {
    t.objectStore("files").clear();
    t.objectStore("drafts").clear();
    t.objectStore("settings").delete("about");
  });
}
