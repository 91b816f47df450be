/** A form as a row of screens: one question, or one group that shows its questions together, at a time. */

const has = (node, appearance) => Boolean(node.appearances?.[appearance]);

/**
 * The screens of a form as it stands, in order.
 *
 * A screen is `{ key, path, nodes }`: a key that is the same when a draft is opened again, the labels of the groups around
 * it, and the questions on it; or, at the end of a repeat that people lengthen, `{ key, path, nodes: [], more: range }`.
 */
export function screens(root) {
  const found = [];
  walk(root, [], found);
  return found;
}

function walk(node, path, found) {
  for (const child of node.currentState.children) {
    if (!isShown(child)) continue;
    if (child.nodeType.startsWith("repeat-range")) rounds(child, path, found);
    else if (child.nodeType === "group") group(child, path, found);
    else found.push({ key: child.currentState.reference, path, nodes: [child] });
  }
}

function isShown(node) {
  return node.currentState.relevant && node.nodeType !== "model-value";
}

function group(node, path, found) {
  const within = [...path, label(node)].filter(Boolean);
  if (has(node, "field-list")) together(node, within, found);
  else walk(node, within, found);
}

function together(node, path, found) {
  const nodes = [...questions(node)];
  if (nodes.length) found.push({ key: node.currentState.reference, path, nodes });
}

function* questions(node) {
  for (const child of node.currentState.children ?? []) {
    if (!isShown(child)) continue;
    if (child.currentState.children) yield* questions(child);
    else yield child;
  }
}

function rounds(range, path, found) {
  const isLengthened = range.nodeType === "repeat-range:uncontrolled";
  range.currentState.children.forEach((round, at) => {
    const named = { text: label(range) || label(round), number: at + 1, range: isLengthened ? range : null, at };
    const within = [...path, named];
    if (has(range, "field-list") || has(round, "field-list")) together(round, within, found);
    else walk(round, within, found);
  });
  if (isLengthened) found.push({ key: moreOf(range), path, nodes: [], more: range });
}

/** The screen that asks for another round. */
export const moreOf = (range) => `${range.currentState.reference} more`;

const label = (node) => node.currentState.label?.asString.trim() ?? "";
export { has, label };

/** What is only read: a note, or the heading of a table whose rows are the questions below it (`label`, `list-nolabel`). */
export const isOnlyRead = (node) => node.nodeType === "note" || (node.nodeType === "select" && has(node, "label"));

/** Where a screen stands today; where it is gone, the last one before it that is still there. */
export function place(found, key, before) {
  const at = found.findIndex((screen) => screen.key === key);
  if (at >= 0) return at;
  for (const earlier of [...before].reverse()) {
    const there = found.findIndex((screen) => screen.key === earlier);
    if (there >= 0) return there;
  }
  return 0;
}
