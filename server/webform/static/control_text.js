/** Questions answered by typing: words, numbers, days, hours; and a bar code where the browser can read one. */

import { button, make } from "./elements.js";
import { has } from "./screens.js";
import { say } from "./words.js";

const KINDS = {
  int: { inputmode: "numeric", read: whole },
  decimal: { inputmode: "decimal", read: decimal },
  date: { type: "date" },
  month: { type: "month", read: (typed) => (/^\d{4}-\d\d$/.test(typed) ? `${typed}-01` : null), show: (value) => value.slice(0, 7) },
  year: { inputmode: "numeric", read: (typed) => (/^\d{4}$/.test(typed.trim()) ? `${typed.trim()}-01-01` : null), show: (value) => value.slice(0, 4) },
  time: { type: "time", read: today, show: (value) => value.slice(0, 5) },
  dateTime: { type: "datetime-local", read: (typed) => (typed ? new Date(typed) : null), show: localMoment },
};

/** 1.234 and 1 234 are whole numbers with their thousands apart; null for what is none. */
function whole(typed) {
  const digits = typed.trim().replace(/[\s.,](?=\d{3}(\D|$))/g, "");
  return /^-?\d+$/.test(digits) ? digits : null;
}

/** A comma is a decimal point (152,5), whichever the browser's own language takes; null for what is no number. */
function decimal(typed) {
  const digits = typed.replace(/\s/g, "").replace(",", ".");
  return /^-?\d+(\.\d+)?$/.test(digits) ? digits : null;
}

/** An hour of today: phones write hours with the zone's offset of that day. */
function today(typed) {
  const [hours, minutes] = typed.split(":").map(Number);
  return typed ? new Date(new Date().setHours(hours, minutes, 0, 0)) : null;
}

function localMoment(value) {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return "";
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** Of a day that is asked as a month or a year phones write the first. */
function kindOf(node) {
  const asked = node.valueType === "date" && [["month-year", "month"], ["year", "year"]].find(([appearance]) => has(node, appearance));
  return KINDS[asked ? asked[1] : node.valueType] ?? {};
}

/** A field for the answer to `node`; `label` is the id of the element that names it. */
export function textControl(node, context) {
  const kind = kindOf(node);
  // a field of one line would drop the line breaks of an answer that has some
  const hasLines = has(node, "multiline") || node.nodeOptions?.rows > 1 || node.currentState.instanceValue.includes("\n");
  const isLong = !kind.type && !kind.inputmode && hasLines;
  const numbers = has(node, "numbers") ? { inputmode: "numeric" } : {};
  const field = make(isLong ? "textarea" : "input", {
    ...(isLong ? { rows: String(node.nodeOptions?.rows ?? 4) } : { type: kind.type ?? "text", autocomplete: "off" }),
    ...(kind.inputmode ? { inputmode: kind.inputmode } : numbers),
    "aria-labelledby": context.label,
    "aria-describedby": context.problem,
    oninput: () => context.set(() => node.setValue(read(field.value)), () => isRead(field.value)),
  });
  const read = kind.read ?? ((typed) => (typed === "" ? null : typed));
  // what is typed may be no number yet: the engine holds nothing then, and the field must not be emptied
  const isRead = (typed) => typed.trim() === "" || node.currentState.instanceValue !== "";
  const show = kind.show ?? ((value) => value);
  const element = make("div", { class: "field" }, field);
  if (node.valueType === "barcode" && "BarcodeDetector" in window) element.append(scanner(node, context));
  return {
    element,
    update() {
      field.readOnly = node.currentState.readonly;
      const value = show(node.currentState.instanceValue);
      if (document.activeElement !== field && (value !== "" || isRead(field.value))) field.value = value;
    },
  };
}

function scanner(node, context) {
  const seen = make("video", { playsInline: true, muted: true, hidden: true });
  const wrong = make("p", { class: "wrong", role: "alert" });
  let stream = null;
  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    seen.hidden = true;
  };
  const look = async (detector) => {
    if (!stream) return;
    const [code] = await detector.detect(seen).catch(() => []);
    if (!code) return void setTimeout(() => look(detector), 200);
    stop();
    context.set(() => node.setValue(code.rawValue));
  };
  const start = async () => {
    if (stream) return stop();
    // without TLS a page has no mediaDevices at all
    stream = (await navigator.mediaDevices?.getUserMedia({ video: { facingMode: "environment" } }).catch(() => null)) ?? null;
    wrong.textContent = stream ? "" : say("camera_none");
    if (!stream) return;
    seen.srcObject = stream;
    seen.hidden = false;
    await seen.play();
    look(new window.BarcodeDetector());
  };
  context.onLeave(stop);
  return make("div", {}, button(say("barcode"), start, "second"), seen, wrong);
}
