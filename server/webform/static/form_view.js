/** A form being filled in, screen by screen; drafts are kept while one goes on. */

import { answerWords } from "./answer_words.js";
import { button, make } from "./elements.js";
import { question } from "./question.js";
import { isOnlyRead, moreOf, place, screens } from "./screens.js";
import { say } from "./words.js";

const SAVE_AFTER = 2000; // milliseconds without another answer
export const REVIEW = "review";

/**
 * Shows `session` in `main`. `keep(packed)` stores a draft, `finish(packed)` a finished form, `leave()` goes home,
 * `reopen(packed)` shows the same form again; what cannot be stored is told by their errors. Without `keep` there are no
 * drafts, and nothing to leave for.
 */
export function showForm(main, session, { keep, finish, leave, reopen, problem }) {
  const view = new FormView(main, session, { keep, finish, leave, reopen, problem });
  session.onChange = () => view.soon();
  view.go(session.at);
  return view;
}

export class FormView {
  constructor(main, session, acts) {
    Object.assign(this, { main, session, acts, shown: new Map(), key: null, passed: [], isDue: false, timer: null, saving: Promise.resolve(null), isFinishing: false });
    this.top = make("div", { class: "where" });
    this.bar = make("progress", { max: "1", "aria-hidden": "true" });
    this.told = make("p", { class: "hint progress-words", role: "status" });
    this.heading = make("h1", { tabindex: "-1" }, session.form.title);
    this.body = make("div", { class: "screen" });
    this.steps = make("nav", { class: "steps" });
    main.replaceChildren(make("div", { class: "above" }, this.heading, this.bar, this.told), this.top, this.body, this.steps);
  }

  /** Draws once after all that one answer changes. */
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER);
    if (this.isDue) return;
    this.isDue = true;
    queueMicrotask(() => {
      this.isDue = false;
      this.draw();
    });
  }

  /** Stores a draft, one after the other; null, or why the last could not be stored, which is told. */
  save() {
    clearTimeout(this.timer);
    // a draft that is stored while its form is finished would come back after that was sent, and be sent again
    if (this.acts.keep && !this.isFinishing) this.saving = this.saving.then(() => this.saveNow());
    return this.saving;
  }

  async saveNow() {
    try {
      await this.acts.keep({ ...(await this.session.pack()), screen: this.key });
      return null;
    } catch (error) {
      this.acts.problem(error);
      return error;
    }
  }

  /** Opens the form anew as it stands, for the engine to forget a file that came with the draft. */
  async reopen() {
    if (!this.acts.reopen || (await this.save())) return;
    const packed = { ...(await this.session.pack()), screen: this.key };
    this.close();
    await this.acts.reopen(packed);
  }

  /** Goes to a screen by its key: the first where there is none of that key. */
  go(key) {
    for (const each of this.shown.values()) each.leave();
    this.shown.clear();
    this.body.replaceChildren();
    this.key = key;
    this.draw();
    window.scrollTo(0, 0);
    this.heading.focus({ preventScroll: true });
  }

  draw() {
    const found = screens(this.session.root);
    if (this.key === REVIEW || !found.length) return this.drawReview(found);
    const at = place(found, this.key, this.passed);
    const screen = found[at];
    this.key = screen.key;
    this.progress(at + 1, found.length);
    this.drawPath(screen.path);
    this.drawNodes(screen);
    this.steps.replaceChildren(...this.steppers(found, at));
  }

  steppers(found, at) {
    const on = button(at + 1 < found.length ? say("next") : say("review"), () => this.next(found, at));
    return at > 0 ? [button(say("back"), () => this.back(found, at), "second"), on, this.leaving("quiet")] : [this.leaving("second"), on];
  }

  /** The way home with a draft; nothing where there are none. */
  leaving(kind) {
    return this.acts.keep ? button(say("leave"), () => this.leave(), kind) : "";
  }

  progress(at, of) {
    this.bar.value = at / (of + 1);
    this.told.textContent = say("progress", { at, of });
  }

  drawPath(path) {
    this.top.replaceChildren(...path.map((part) => {
      const remove = part.range && button(say("remove"), () => this.removeRound(part), "quiet");
      return make("p", { class: "group" }, groupWords([part]), remove);
    }));
  }

  drawNodes(screen) {
    if (screen.more) return this.drawMore(screen.more);
    const keys = new Set(screen.nodes.map((node) => node.nodeId));
    for (const [key, each] of this.shown) {
      if (keys.has(key)) continue;
      each.leave();
      each.element.remove();
      this.shown.delete(key);
    }
    this.body.querySelector(".more")?.remove();
    screen.nodes.forEach((node, at) => {
      if (!this.shown.has(node.nodeId)) this.shown.set(node.nodeId, question(node, this.session, { save: () => this.save(), reopen: () => this.reopen() }));
      const each = this.shown.get(node.nodeId);
      each.update();
      if (this.body.children[at] !== each.element) this.body.insertBefore(each.element, this.body.children[at] ?? null);
    });
  }

  drawMore(range) {
    const label = range.currentState.label?.asString.trim() || this.session.form.title;
    const add = () => {
      const error = this.session.attempt(() => range.addInstances());
      if (error) return this.acts.problem(error);
      const found = screens(this.session.root);
      const end = found.findIndex((each) => each.key === moreOf(range));
      const first = found.findIndex((each) => each.path.some((part) => part.range === range && part.at === range.currentState.children.length - 1));
      this.go(found[first >= 0 ? first : end].key);
    };
    this.body.replaceChildren(make("section", { class: "question more" }, make("p", { class: "label" }, say("round_more", { label })), button(say("add"), add, "second")));
  }

  removeRound({ range, at }) {
    if (!window.confirm(say("remove_sure"))) return;
    this.session.attempt(() => range.removeInstances(at));
    this.go(moreOf(range));
  }

  /** On, unless an answer on this screen is wrong: then the first such question is brought into view. */
  next(found, at) {
    const wrong = this.complaints();
    if (wrong.length) return wrong[0].element.scrollIntoView({ block: "start", behavior: "smooth" });
    this.passed = found.slice(0, at + 1).map((screen) => screen.key);
    this.save();
    this.go(at + 1 < found.length ? found[at + 1].key : REVIEW);
  }

  complaints() {
    return [...this.shown.values()].filter((each) => each.complain());
  }

  back(found, at) {
    this.passed = found.slice(0, at - 1).map((screen) => screen.key);
    this.go(found[at - 1].key);
  }

  /** A screen back; from the first one home, where that loses nothing. Whether “back” has still something to go back from. */
  async stepBack() {
    const found = screens(this.session.root);
    const at = this.key === REVIEW ? found.length : place(found, this.key, this.passed);
    if (at > 0) this.back(found, at);
    return at > 0 || (Boolean(this.acts.keep) && !(await this.leave()));
  }

  drawReview(found) {
    this.bar.value = 1;
    this.told.textContent = say("review");
    this.top.replaceChildren();
    const wrong = this.session.root.validationState.violations;
    const screenOf = (id) => found.find((screen) => screen.nodes.some((node) => node.nodeId === id));
    const items = wrong.map((each) => {
      const screen = screenOf(each.nodeId);
      const node = screen?.nodes.find((one) => one.nodeId === each.nodeId);
      const words = node?.currentState.label?.asString || each.reference;
      return make("li", {}, screen ? button(words, () => this.go(screen.key), "link") : words);
    });
    this.body.replaceChildren(items.length ? make("div", {}, make("p", { class: "wrong", role: "alert" }, say("still", { n: items.length })), make("ul", {}, items)) : this.answers(found));
    const finish = button(say("finish"), () => this.finish(finish));
    finish.disabled = items.length > 0;
    const last = found.at(-1);
    this.steps.replaceChildren(last ? button(say("back"), () => this.go(last.key), "second") : "", finish, this.leaving("quiet"));
  }

  /** Every question with its answer, to be read once more before sending; each leads back to its screen. */
  answers(found) {
    const lines = found.flatMap((screen, at) => {
      const around = groupWords(screen.path);
      const isNew = around && around !== groupWords(found[at - 1]?.path ?? []);
      const asked = screen.nodes.filter((node) => !isOnlyRead(node));
      return [isNew && asked.length > 0 && make("dt", { class: "group" }, around), asked.map((node) => {
        const words = node.currentState.label?.asString.trim() || around;
        return [make("dt", {}, button(words, () => this.go(screen.key), "link")), make("dd", {}, this.answerOf(node))];
      })];
    });
    return make("dl", { class: "answers" }, lines);
  }

  answerOf(node) {
    return answerWords(node);
  }

  async finish(pressed) {
    pressed.disabled = this.isFinishing = true;
    try {
      const packed = await this.session.pack();
      if (packed.isComplete) {
        await this.saving;
        await this.acts.finish(packed); // where there is no room for it, one goes on with the form that is open
        return this.session.close();
      }
      this.isFinishing = false;
      this.draw();
    } catch (error) {
      pressed.disabled = this.isFinishing = false;
      this.acts.problem(error);
    }
  }

  /** Home, with a draft; where there is no room for it, not before one agrees to lose what was not stored. Whether one left. */
  async leave() {
    const error = await this.save(); // another than of room, such as a page that is just being loaded anew, is no end of it
    if (error && !(error.name === "QuotaExceededError" && window.confirm(say("leave_unkept")))) return false;
    this.close();
    this.acts.leave(!error);
    return true;
  }

  close() {
    clearTimeout(this.timer);
    for (const each of this.shown.values()) each.leave();
    this.session.close();
  }
}

/** What a group, or a round of one, is called; of several, the outer before the inner. */
const groupWords = (path) =>
  path.map((part) => (typeof part === "string" ? part : say("round", { label: part.text, n: part.number }))).join(" › ");
