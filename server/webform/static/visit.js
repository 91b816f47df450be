/** A visit that was sent, opened in its form to be corrected: which answers were touched, which rounds are left. */

import { configured, leaves, load, Session } from "./session.js";

/** Opens a visit as the server tells of it (server/office/correction_pages.py). */
export async function openVisit(told, onChange) {
  const source = { xml: told.xform, file: (name) => asResponse(told.files[name]) };
  const visit = new Visit(told, source, onChange);
  const loaded = await load(source);
  const opened = await loaded.editInstance(
    { inputType: "FORM_INSTANCE_INPUT_RESOLVABLE", resolveInstance: async () => told.xml, attachments: absent(told) },
    { ...configured(visit), preloadProperties: {}, geolocationProvider: { getLocation: async () => "" } },
  );
  visit.begin(opened.root);
  return visit;
}

async function asResponse(base64) {
  if (base64 === undefined) return new Response("", { status: 404 });
  return new Response(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
}

/** The engine wants every file of a visit at once; here they are shown one by one, when their question is. */
const absent = (told) => new Map(Object.keys(told.photos).map((name) => [name, async () => new Response("", { status: 404 })]));

/** An address with no number where there is but one round, as the server may write it. */
export const plain = (address) => address.replaceAll("[1]", "");

class Visit extends Session {
  constructor(told, source, onChange) {
    super({ title: told.title }, source, onChange);
    Object.assign(this, { told, document: new DOMParser().parseFromString(told.xml, "text/xml") });
    /** Questions that somebody answered; what they said at first, by node; the rounds of each repeat at first. */
    this.touched = new Set();
    this.before = new Map();
    this.rounds = new Map();
  }

  begin(root) {
    super.begin(root);
    for (const node of leaves(root)) this.before.set(node, node.currentState.instanceValue ?? "");
    for (const range of ranges(root)) this.rounds.set(range, [...range.currentState.children]);
  }

  attempt(act, node = null) {
    if (node) this.touched.add(node);
    return super.attempt(act, node);
  }

  whyFixed(node) {
    return this.told.fixed[node.currentState.reference.replace(/\[\d+\]/g, "")] ?? "";
  }

  /** What was sent and the engine dropped, because its choice has left the list; until somebody answers anew. */
  kept(node) {
    if (!this.before.has(node) || this.before.get(node) !== "" || this.touched.has(node) || node.nodeType === "upload") return "";
    return sentAt(this.document, node.currentState.reference);
  }

  sentFile(node) {
    const name = this.before.has(node) && !this.touched.has(node) ? sentAt(this.document, node.currentState.reference) : "";
    return this.told.photos[name] ?? null;
  }

  isChanged(node) {
    if (!this.touched.has(node)) return false;
    return node.nodeType === "upload" || (node.currentState.instanceValue ?? "") !== this.before.get(node);
  }

  /** `{ answers, rounds, files }` of what is another than was sent, by the addresses of now; files are [address, File]. */
  changes() {
    const [answers, files] = [{}, []];
    for (const node of leaves(this.root)) {
      if (!this.isChanged(node) || !node.currentState.relevant) continue;
      const { reference, value, instanceValue } = node.currentState;
      if (node.nodeType === "upload" && value) files.push([reference, value]);
      else answers[reference] = node.nodeType === "upload" ? "" : (instanceValue ?? "");
    }
    return { answers, rounds: [...this.changedRounds()], files };
  }

  get isUntouched() {
    const { answers, rounds, files } = this.changes();
    return !Object.keys(answers).length && !rounds.length && !files.length;
  }

  *changedRounds() {
    for (const range of ranges(this.root)) {
      if (range.nodeType !== "repeat-range:uncontrolled" || !range.currentState.relevant) continue;
      const before = this.rounds.get(range);
      const origins = range.currentState.children.map((round) => before?.indexOf(round) ?? -1);
      const isSame = before && origins.length === before.length && origins.every((origin, at) => origin === at);
      if (!isSame) yield { repeat: range.currentState.reference, origins: origins.map((origin) => (origin < 0 ? null : origin)) };
    }
  }
}

function* ranges(node) {
  for (const child of node.currentState.children ?? []) {
    if (child.nodeType.startsWith("repeat-range")) yield child;
    yield* ranges(child);
  }
}

/** The text that was sent at `/data/tre[2]/ten`; "" where there is none. */
function sentAt(document, reference) {
  let node = document.documentElement;
  for (const step of reference.split("/").slice(2)) {
    const [, name, number] = /^([^[]+)(?:\[(\d+)\])?$/.exec(step);
    node = [...(node?.children ?? [])].filter((child) => child.localName === name.split(":").pop())[Number(number ?? 1) - 1];
  }
  return node?.children.length === 0 ? node.textContent : "";
}
