/** An answer as people read it. */

import { say } from "./words.js";

/** What answers `node` at present, by the labels of its choices; “Chưa trả lời” where nothing does. */
export function answerWords(node) {
  const { value, instanceValue } = node.currentState;
  if (node.nodeType === "select" || node.nodeType === "rank") {
    const label = (each) => node.getValueOption?.(each)?.label.asString ?? node.getValueLabel?.(each)?.asString ?? each;
    return value.map(label).join(", ") || say("skip");
  }
  if (node.nodeType === "trigger") return value ? "OK" : say("skip");
  if (node.nodeType === "input" && node.valueType === "date") return instanceValue.split("-").reverse().join("/") || say("skip");
  return instanceValue || say("skip");
}
