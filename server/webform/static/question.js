/** One question of a form on the page: its words, its picture, what answers it, and what is wrong with the answer. */

import { answerWords } from "./answer_words.js";
import { rankControl, rangeControl, selectControl, triggerControl } from "./control_choice.js";
import { uploadControl } from "./control_file.js";
import { pointControl, shapeControl } from "./control_place.js";
import { textControl } from "./control_text.js";
import { make, rich } from "./elements.js";
import { isOnlyRead } from "./screens.js";
import { say } from "./words.js";

const INPUTS = { geopoint: pointControl, geotrace: shapeControl, geoshape: shapeControl };
const CONTROLS = {
  input: (node, context) => (INPUTS[node.valueType] ?? textControl)(node, context),
  select: selectControl, rank: rankControl, range: rangeControl, trigger: triggerControl, upload: uploadControl,
};

/** An answer that is only shown, and why it cannot be another. */
function fixedControl(node, why) {
  const value = make("p", { class: "value" });
  return { element: make("div", {}, value, make("p", { class: "hint" }, why)), update: () => (value.textContent = answerWords(node)) };
}

/** `{ element, update, leave, complain }` of a node; `update` shows it as it stands, `complain` what is wrong with it. */
export function question(node, session, { save, reopen }) {
  const name = `q-${node.nodeId}`.replace(/[^\w-]/g, "_");
  const [label, problem] = [`${name}-label`, `${name}-problem`];
  const leaving = [];
  const words = make("div", { class: "label", id: label });
  const hint = make("div", { class: "hint" });
  const seen = make("div", { class: "pictured" });
  const wrong = make("p", { class: "wrong", id: problem, role: "alert" });
  let isTold = false;
  let isUnread = false; // what was typed is no number (or day): the engine holds nothing, and nothing may be lost silently
  const context = {
    label, problem, save, reopen,
    picture: (source) => session.picture(source),
    sentFile: () => session.sentFile(node),
    map: session.map,
    onLeave: (act) => leaving.push(act),
    /** Takes an answer; `isRead` says whether what was typed can be an answer at all. */
    set(act, isRead = () => true) {
      const error = session.attempt(act, node);
      isUnread = !isRead();
      wrong.textContent = error ? say("recalculated", { why: error.message }) : "";
      if (!error && (isTold || isUnread)) told();
    },
  };
  const [why, sent] = [session.whyFixed(node), session.kept(node)];
  const control = why ? fixedControl(node, why) : isOnlyRead(node) ? null : (CONTROLS[node.nodeType]?.(node, context) ?? null);
  const kept = sent && make("p", { class: "hint kept" }, say("kept", { answer: sent }));
  const element = make("section", { class: `question ${node.nodeType}` }, words, hint, wrong, seen, kept, control?.element);
  const { imageSource, audioSource, videoSource } = node.currentState.label ?? {};
  for (const [kind, source] of [["img", imageSource], ["audio", audioSource], ["video", videoSource]]) {
    const looks = kind === "img" ? { alt: "" } : { controls: true, playsInline: true };
    session.picture(source).then((src) => src && seen.append(make(kind, { src, ...looks })));
  }

  function told() {
    if (isUnread) return (wrong.textContent = say("answer_wrong"));
    const violation = node.validationState.violation;
    if (!violation) return (wrong.textContent = "");
    const own = violation.message?.asString.trim();
    wrong.textContent = own || say(violation.condition === "required" ? "answer_needed" : "answer_wrong");
    return wrong.textContent;
  }

  let shown = "";
  return {
    element,
    update() {
      const { label: named, hint: helps, required } = node.currentState;
      const now = `${named?.asString ?? ""}\n${helps?.asString ?? ""}`;
      if (now !== shown) {
        words.replaceChildren(...rich(named), ...(required ? [make("abbr", { title: say("answer_needed") }, " *")] : []));
        hint.replaceChildren(...rich(helps));
        shown = now;
      }
      control?.update();
      if (isTold && !isUnread && !node.validationState.violation) wrong.textContent = "";
    },
    complain() {
      isTold = true;
      return told();
    },
    leave: () => leaving.forEach((act) => act()),
  };
}
