/** One form being filled in: the engine with this form, its files, and a draft where there is one. */

import { loadForm } from "./engine.js";
import { asPhonesRead } from "./phone_formulas.js";
import { asPhonesReadList } from "./phone_lists.js";

/**
 * Opens a new instance of a form, or a draft.
 *
 * `source` is `{ xml, file(name) }`: the form and its files (a Response each), as a draft was begun with them; `properties`
 * what a form may ask of the phone, `map` what small maps show: `{ outlines, tiles }`.
 */
export async function openSession({ form, source, draft = null, properties, onChange, locate, map = {} }) {
  const session = new Session(form, source, onChange, draft);
  session.map = map;
  const loaded = await load(source);
  const config = { ...configured(session), preloadProperties: properties, geolocationProvider: { getLocation: locate } };
  const opened = draft ? await loaded.restoreInstance({ data: [asFormData(draft)] }, config) : loaded.createInstance(config);
  session.begin(opened.root);
  return session;
}

/** The form in the engine; throws what the engine says where it cannot open it. */
export async function load(source) {
  const loaded = await loadForm(asPhonesRead(source.xml), {
    fetchFormAttachment: async (url) => asPhonesReadList(nameIn(url), await source.file(nameIn(url))),
    missingResourceBehavior: "BLANK",
  });
  if (loaded.status === "failure") throw loaded.error;
  return loaded;
}

/** What the engine tells `session` of, and how files are named. */
export const configured = (session) => ({
  stateFactory: (state) => new Proxy(state, { set: (target, key, value) => session.changed(target, key, value) }),
  instanceAttachments: { fileNameFactory: (meta) => `${Date.now()}${meta.extension ?? ""}` },
});

/** The name of a file of the form in what the engine asks for (`jr://file-csv/ho_dan.csv`). */
const nameIn = (url) => decodeURIComponent(String(url).split("/").pop());

function asFormData(draft) {
  const data = new FormData();
  data.append("xml_submission_file", new File([draft.xml], "xml_submission_file", { type: "text/xml" }));
  for (const file of draft.files) data.append(file.name, new File([file.bytes], file.name, { type: file.type }));
  return data;
}

const LANGUAGES = { vi: /\bvi\b|vietnamese|việt/i, en: /\ben\b|english/i };

export class Session {
  constructor(form, source, onChange, draft = null) {
    Object.assign(this, { form, source, root: null, onChange, at: draft?.screen ?? null });
    /** Files of the draft by name: the engine gives out only those that were taken in this sitting. */
    this.carried = new Map((draft?.files ?? []).map((file) => [file.name, file]));
    this.pictures = new Map();
    this.map = {};
    /** Questions whose file was taken away: of one that came with a draft the engine goes on naming the file. */
    this.emptied = new Set();
  }

  begin(root) {
    this.root = root;
  }

  changed(target, key, value) {
    target[key] = value;
    if (this.root) this.onChange();
    return true;
  }

  /** Why a question is only shown here, and what was answered that the engine does not hold: corrections say so. */
  whyFixed() {
    return "";
  }

  kept() {
    return "";
  }

  /** The address of a file that was sent with the visit and stands in this question; null where there is none. */
  sentFile() {
    return null;
  }

  /** Sets an answer of `node`; the engine's error, where a calculation that hangs on it cannot be done, else null. */
  attempt(act, node = null) {
    try {
      act();
      if (node?.nodeType === "upload") this.emptied[node.currentState.value ? "delete" : "add"](node);
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

  /** In the language of the page, where the form has it; else as the form begins. */
  speak(code) {
    const found = this.languages.find((each) => LANGUAGES[code].test(each.language));
    if (found) this.root.setLanguage(found);
  }

  /** Everything as it stands: the XML, its files, and what to call it in a list. */
  async pack() {
    const payload = await this.root.prepareInstancePayload({ payloadType: "monolithic" });
    const data = payload.data[0];
    const xml = this.withoutEmptied(await data.get("xml_submission_file").text());
    const meta = new DOMParser().parseFromString(xml, "text/xml");
    const told = (name) => meta.getElementsByTagNameNS("*", name)[0]?.textContent.trim() ?? "";
    const { form } = this;
    return {
      id: told("instanceID"), label: told("instanceName") || form.title, title: form.title, form, xml,
      files: await this.files(data), at: Date.now(), isComplete: payload.status === "ready",
    };
  }

  withoutEmptied(xml) {
    const names = [...this.emptied].map((node) => node.currentState.instanceValue).filter(Boolean);
    return names.reduce((text, name) => text.replace(`>${name}<`, "><"), xml);
  }

  async files(data) {
    const files = [];
    for (const node of leaves(this.root)) {
      const name = node.nodeType === "upload" && node.currentState.relevant ? node.currentState.instanceValue : "";
      if (!name || this.emptied.has(node)) continue;
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
      const response = await this.source.file(nameIn(url));
      this.pictures.set(url, response.status === 404 ? null : URL.createObjectURL(await response.blob()));
    }
    return this.pictures.get(url);
  }

  /** Lets go of pictures, and tells nobody of what comes. */
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
