/** Questions answered by choosing: one, several, in an order, on a scale, or a tick. */

import { button, make, rich } from "./elements.js";
import { has } from "./screens.js";
import { folded, say } from "./words.js";

const MOST_SHOWN = 9; // choices that are laid out; of more, one searches
const MOST_FOUND = 30;

/** Laid out where there are few, searched where there are many: which it is may change with the answers before. */
export function selectControl(node, context) {
  const element = make("div", {});
  let now = null;
  let isLong = null;
  return {
    element,
    update() {
      const many = node.currentState.valueOptions.length > MOST_SHOWN;
      if (many !== isLong) {
        isLong = many;
        now = (many ? searched : laidOut)(node, context);
        element.replaceChildren(now.element);
      }
      now.update();
    },
  };
}

const isSeveral = (node) => node.selectType === "select";

function laidOut(node, context) {
  const layout = has(node, "likert") ? "likert" : [...(node.appearances ?? [])].find((each) => each.startsWith("columns"));
  const element = make("div", { class: `choices ${layout ?? ""}`, role: isSeveral(node) ? "group" : "radiogroup", "aria-labelledby": context.label });
  let shown = "";
  return {
    element,
    update() {
      const options = node.currentState.valueOptions;
      const now = options.map((option) => `${option.value} ${option.label.asString}`).join("\n");
      if (now !== shown) element.replaceChildren(...options.map((option) => choice(node, option, context)));
      shown = now;
      for (const field of element.querySelectorAll("input")) {
        field.checked = node.isSelected(field.value);
        field.disabled = node.currentState.readonly;
      }
    },
  };
}

/** One choice with its tick; several are kept in the order in which they were ticked. */
function choice(node, option, context) {
  const field = make("input", { type: isSeveral(node) ? "checkbox" : "radio", name: context.label, value: option.value,
    onchange: () => context.set(() => choose(node, option.value, field.checked)) });
  const words = make("span", {}, rich(option.label));
  context.picture(option.label.imageSource).then((src) => src && words.append(make("img", { src, alt: "" })));
  return make("label", { class: "choice" }, field, words);
}

function choose(node, value, isTicked) {
  if (!isSeveral(node)) return node.selectValue(value);
  const others = node.currentState.value.filter((each) => each !== value);
  return node.selectValues(isTicked ? [...others, value] : others);
}

/** A long list: what is chosen stands on top, below it what matches the letters that were typed, marks or not. */
function searched(node, context) {
  const chosen = make("div", { class: "chosen" });
  const field = make("input", { type: "search", placeholder: say("search"), autocomplete: "off", "aria-labelledby": context.label, oninput: find });
  const found = make("div", { class: "choices found", role: isSeveral(node) ? "group" : "radiogroup", "aria-labelledby": context.label });
  const rest = make("p", { class: "hint", role: "status" });
  let known = { options: null, folded: [] };

  function find() {
    const options = node.currentState.valueOptions;
    if (known.options !== options) known = { options, folded: options.map((option) => folded(option.label.asString)) };
    const words = folded(field.value).split(/\s+/).filter(Boolean);
    const matching = options.filter((_, at) => words.every((word) => known.folded[at].includes(word)));
    found.replaceChildren(...matching.slice(0, MOST_FOUND).map((option) => choice(node, option, context)));
    const more = matching.length - MOST_FOUND;
    rest.textContent = matching.length ? (more > 0 ? say("more_match", { n: more }) : "") : say("no_match");
    tick();
  }

  function tick() {
    for (const each of found.querySelectorAll("input")) {
      each.checked = node.isSelected(each.value);
      each.disabled = node.currentState.readonly;
    }
    const labels = node.currentState.value.map((value) => node.getValueOption(value)?.label.asString ?? value);
    chosen.replaceChildren(...labels.map((label) => make("strong", {}, label)));
    if (labels.length && !node.currentState.readonly) {
      chosen.append(button(say("clear"), () => context.set(() => node.selectValues([])), "second"));
    }
  }

  return {
    element: make("div", { class: "searched" }, chosen, field, found, rest),
    update() {
      if (known.options !== node.currentState.valueOptions) find();
      else tick();
    },
  };
}

/** Choices to be put into an order; until somebody moves one, nothing is answered. */
export function rankControl(node, context) {
  const list = make("ol", { class: "ranked", "aria-labelledby": context.label });
  const order = () => {
    const values = node.currentState.value;
    return values.length ? values : node.currentState.valueOptions.map((option) => option.value);
  };
  const move = (at, by) => {
    const values = [...order()];
    [values[at], values[at + by]] = [values[at + by], values[at]];
    context.set(() => node.setValues(values));
  };
  return {
    element: list,
    update() {
      const values = order();
      list.replaceChildren(...values.map((value, at) => {
        const words = node.getValueLabel(value)?.asString ?? node.currentState.valueOptions.find((o) => o.value === value)?.label.asString ?? value;
        const up = button("↑", () => move(at, -1), "second");
        const down = button("↓", () => move(at, 1), "second");
        up.setAttribute("aria-label", `${say("rank_up")}: ${words}`);
        down.setAttribute("aria-label", `${say("rank_down")}: ${words}`);
        up.disabled = at === 0 || node.currentState.readonly;
        down.disabled = at === values.length - 1 || node.currentState.readonly;
        return make("li", {}, make("span", {}, words), up, down);
      }));
    },
  };
}

/** A number on a scale. A scale that nobody has touched answers nothing. */
export function rangeControl(node, context) {
  const { start, end, step } = node.definition.bodyElement.bounds;
  const [low, high] = [Number(start), Number(end)].sort((one, other) => one - other);
  const field = make("input", { type: "range", min: String(low), max: String(high), step, "aria-labelledby": context.label,
    oninput: () => context.set(() => node.setValue(field.value)) });
  const value = make("output", {});
  return {
    element: make("div", { class: "scale" }, make("span", {}, start), field, make("span", {}, end), value),
    update() {
      const answer = node.currentState.instanceValue;
      field.disabled = node.currentState.readonly;
      field.value = answer === "" ? String(low) : answer;
      field.classList.toggle("untouched", answer === "");
      value.textContent = answer === "" ? say("skip") : answer.replace(".", ",");
    },
  };
}

/** A tick under a sentence to be acknowledged. */
export function triggerControl(node, context) {
  const field = make("input", { type: "checkbox", onchange: () => context.set(() => node.setValue(field.checked)) });
  return {
    element: make("label", { class: "choice" }, field, make("span", {}, "OK")),
    update() {
      field.checked = node.currentState.value === true;
      field.disabled = node.currentState.readonly;
    },
  };
}
