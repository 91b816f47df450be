/** One form being filled in: the engine with this form, its files, and a draft where there is one. */

import { loadForm } from "./engine.js";
import * as store from "./store.js";

/** Where a form, its files and the name of this browser are found: what a collector's browser keeps. */
const KEPT = {
  xml: async (form) => (await store.get("forms", form.key))?.xml,
  file: (listed) => store.get("files", listed.md5),
  device: () => store.setting("device"),
};

/** Opens a new instance of a form, or a draft: with the form and the lists that it was begun with. */
export async function openSession({ form, draft = null, who, onChange, locate, source = KEPT }) {
  const xml = await source.xml(form);
  if (!xml) throw new Error(form.key);
  const loaded = await loadForm(wholeMatches(xml), {
    fetchFormAttachment: (url) => attachment(source, form, url),
    missingResourceBehavior: "BLANK",
  });
  if (loaded.status === "failure") throw loaded.error;
  const session = new Session(form, draft, onChange, source);
  const config = {
    preloadProperties: { deviceID: await source.device(), username: who.username },
    stateFactory: (state) => new Proxy(state, { set: (target, key, value) => session.changed(target, key, value) }),
    instanceAttachments: { fileNameFactory: (meta) => `${Date.now()}${meta.extension ?? ""}` },
    geolocationProvider: { getLocation: locate },
  };
  const opened = draft ? await loaded.restoreInstance({ data: [asFormData(draft)] }, config) : loaded.createInstance(config);
  session.begin(opened.root);
  return session;
}

const PATTERN = /\bregex\(([^'"&]*?),\s*(?:'([^'"]*)'|&quot;(.*?)&quot;)\s*\)/g;

/** The form with each `regex()` bound to the whole answer, as phones do: the engine is content with a part of it. */
const wholeMatches = (xml) => xml.replace(PATTERN, (_, text, single, double) => `regex(${text}, '^(?:${single ?? double})$')`);

const nameIn = (url) => decodeURIComponent(String(url).split("/").pop());

/** A file of the form as the engine asks for it (`jr://file-csv/ho_dan.csv`). */
async function attachment(source, form, url) {
  const listed = form.files.find((file) => file.name === nameIn(url));
  const kept = listed && (await source.file(listed));
  if (!kept) return new Response("", { status: 404 });
  return new Response(kept.bytes, { headers: { "Content-Type": kept.type } });
}

function asFormData(draft) {
  const data = new FormData();
  data.append("xml_submission_file", new File([draft.xml], "xml_submission_file", { type: "text/xml" }));
  for (const file of draft.files) data.append(file.name, new File([file.bytes], file.name, { type: file.type }));
  return data;
}

class Session {
  constructor(form, draft, onChange, source) {
    Object.assign(this, { form, source, root: null, onChange, at: draft?.screen ?? null });
    /** Files of the draft by name: the engine gives out only those that were taken in this sitting. */
    this.carried = new Map((draft?.files ?? []).map((file) => [file.name, file]));
    this.pictures = new Map();
  }

  begin(root) {
    this.root = root;
  }

  changed(target, key, value) {
    target[key] = value;
    if (this.root) this.onChange();
    return true;
  }

  /** Sets an answer; the engine's error, where a calculation that hangs on it cannot be done, else null. */
  attempt(act) {
    try {
      act();
      return null;
    } catch (error) {
      return error;
    } finally {
      this.onChange();
    }
  }

  get languages() {
    return this.root.languages.filter((language) => !language.isSyntheticDefault);
  }

  /** Everything as it stands: the XML, its files, and what to call it in a list. */
  async pack() {
    const payload = await this.root.prepareInstancePayload({ payloadType: "monolithic" });
    const data = payload.data[0];
    const xml = await data.get("xml_submission_file").text();
    const meta = new DOMParser().parseFromString(xml, "text/xml");
    const told = (name) => meta.getElementsByTagNameNS("*", name)[0]?.textContent.trim() ?? "";
    const { form } = this;
    return {
      id: told("instanceID"), label: told("instanceName") || form.title, title: form.title, form, xml,
      files: await this.files(data), at: Date.now(), isComplete: payload.status === "ready",
    };
  }

  async files(data) {
    const files = [];
    for (const node of leaves(this.root)) {
      const name = node.nodeType === "upload" && node.currentState.relevant ? node.currentState.instanceValue : "";
      if (!name) continue;
      const fresh = data.get(name) ?? node.currentState.value;
      if (fresh) this.carried.set(name, { name, type: fresh.type, bytes: await fresh.arrayBuffer() });
      if (this.carried.has(name)) files.push(this.carried.get(name));
    }
    return files;
  }

  /** The address of a picture of the form, kept until the form is left; null where there is none. */
  async picture(source) {
    const url = source && String(source);
    if (!url) return null;
    if (!this.pictures.has(url)) {
      const response = await attachment(this.source, this.form, url);
      this.pictures.set(url, response.status === 404 ? null : URL.createObjectURL(await response.blob()));
    }
    return this.pictures.get(url);
  }

  close() {
    for (const url of this.pictures.values()) if (url) URL.revokeObjectURL(url);
    this.onChange = () => {};
  }
}

/** Every node below that may hold an answer. */
export function* leaves(node) {
  for (const child of node.currentState.children ?? []) {
    if (child.currentState.children) yield* leaves(child);
    else yield child;
  }
}
