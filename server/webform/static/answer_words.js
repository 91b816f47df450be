/** An answer as people read it. */

import { has } from "./screens.js";
import { say } from "./words.js";

const comma = (number) => number.replace(".", ",");
const day = (text) => text.split("-").reverse().join("/"); // 2026-11-29 → 29/11/2026
const hour = (text) => text.slice(0, 5);

/** `2026-11-29T18:05:00.000+07:00`, with the clock of the person who answered. */
function dayAndHour(text) {
  const [date, time = ""] = text.split("T");
  return `${day(date)} ${hour(time)}`.trim();
}

function point(text) {
  const [latitude, longitude, , accuracy] = text.split(" ").map(Number);
  const within = accuracy ? ` (±${Math.round(accuracy)} m)` : "";
  return `${comma(latitude.toFixed(5))}; ${comma(longitude.toFixed(5))}${within}`;
}

const points = (text) => say("line", { n: text.split(";").filter((each) => each.trim()).length });

const READ = { date: day, time: hour, dateTime: dayAndHour, decimal: comma, geopoint: point, geotrace: points, geoshape: points };

/** What answers `node` at present, by the labels of its choices; “Chưa trả lời” where nothing does. */
export function answerWords(node) {
  const { value, instanceValue } = node.currentState;
  if (node.nodeType === "select" || node.nodeType === "rank") {
    const label = (each) => node.getValueOption?.(each)?.label.asString ?? node.getValueLabel?.(each)?.asString ?? each;
    return value.map(label).join(", ") || say("skip");
  }
  if (node.nodeType === "trigger") return value ? "OK" : say("skip");
  if (!instanceValue) return say("skip");
  if (node.nodeType === "upload") return say("has_file");
  if (node.valueType === "date" && has(node, "month-year")) return day(instanceValue.slice(0, 7));
  if (node.valueType === "date" && has(node, "year")) return instanceValue.slice(0, 4);
  return (READ[node.valueType] ?? ((text) => text))(instanceValue);
}

export { point as pointWords };
