/** A visit that is corrected, on the page: all its questions as a list, each leading to its screen, and why they change. */

import { answerWords } from "./answer_words.js";
import { button, make } from "./elements.js";
import { FormView, REVIEW } from "./form_view.js";
import { screens } from "./screens.js";
import { plain } from "./visit.js";
import { say } from "./words.js";

const LONGEST = 2000; // letters of the reason

/** Shows `visit` in `main`; `save(reason)` tells what is wrong by address, "" being the whole, or null. */
export function showCorrection(main, visit, { save, leave, problem }) {
  const view = new CorrectionView(main, visit, { save, leave, problem });
  visit.onChange = () => view.soon();
  view.go(REVIEW);
  return view;
}

class CorrectionView extends FormView {
  constructor(main, visit, acts) {
    super(main, visit, acts);
    this.wrong = {};
    this.reason = make("textarea", { id: "reason", rows: "3", maxlength: String(LONGEST), "aria-describedby": "reason-hint" });
  }

  progress(at, of) {
    this.bar.hidden = false;
    super.progress(at, of);
  }

  steppers(found, at) {
    const list = button(say("correct_list"), () => this.go(REVIEW));
    const back = at > 0 && button(say("back"), () => this.back(found, at), "second");
    return [back, at + 1 < found.length && button(say("next"), () => this.next(found, at), "second"), list].filter(Boolean);
  }

  /** What was wrong before anybody touched it stops nobody: the server knows it. */
  complaints() {
    return [...this.shown].filter(([id]) => [...this.session.touched].some((node) => node.nodeId === id)).map(([, each]) => each)
      .filter((each) => each.complain());
  }

  drawReview(found) {
    this.bar.hidden = true;
    this.told.textContent = "";
    this.top.replaceChildren(make("p", { class: "notice" }, say("correct_note")), ...this.problems(found));
    this.body.replaceChildren(this.answers(found), make("div", { class: "reason" }, make("label", { for: "reason" }, say("correct_why")),
      make("p", { class: "hint", id: "reason-hint" }, say("correct_why_hint")), this.reason));
    const save = button(say("correct_save"), () => this.send(save));
    this.steps.replaceChildren(button(say("correct_leave"), this.acts.leave, "second"), save);
  }

  answers(found) {
    const ranges = found.filter((screen) => screen.more).map((screen) => [screen, screen.more.currentState.label?.asString || this.session.form.title]);
    const more = ranges.map(([screen, label]) => button(say("round_more", { label }), () => this.go(screen.key), "link"));
    return make("div", {}, super.answers(found), more.length ? make("p", { class: "acts" }, more) : null);
  }

  answerOf(node) {
    const isThere = node.nodeType === "upload" && (node.currentState.value || this.session.sentFile(node));
    const words = node.nodeType === "upload" ? say(isThere ? "take_photo" : "skip") : this.session.kept(node) || answerWords(node);
    return [words, this.session.isChanged(node) ? make("span", { class: "tag" }, say("corrected")) : null];
  }

  problems(found) {
    const { "": whole, ly_do: reason, ...others } = this.wrong;
    if (!Object.keys(this.wrong).length) return [];
    const lines = Object.entries(others).map(([address, sentence]) => {
      const at = (node) => plain(node.currentState.reference) === plain(address);
      const screen = found.find((each) => each.nodes.some(at));
      const label = screen?.nodes.find(at).currentState.label?.asString || address.split("/").pop();
      return make("li", {}, screen ? button(label, () => this.go(screen.key), "link") : label, `: ${sentence}`);
    });
    const why = reason && make("li", {}, button(say("correct_why"), () => this.reason.focus(), "link"), `: ${reason}`);
    return [make("div", { class: "wrong", role: "alert" }, make("p", {}, whole ?? say("correct_wrong")), make("ul", {}, lines, why))];
  }

  async send(pressed) {
    pressed.disabled = true;
    this.wrong = (await this.acts.save(this.reason.value)) ?? {};
    if (this.key !== REVIEW) return;
    this.drawReview(screens(this.session.root));
    this.top.querySelector("[role=alert]")?.scrollIntoView({ block: "center" });
  }
}
