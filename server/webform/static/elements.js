/** Making elements, and showing a form's own texts without trusting the HTML in them. */

/** An element with properties (`class`, `onclick`, `ariaLabel` …) and children; strings become text. */
export function make(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && typeof value !== "string") made[key] = value;
    else made.setAttribute(key === "ariaLabel" ? "aria-label" : key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const button = (words, act, kind = "") => make("button", { type: "button", class: kind, onclick: act }, words);

const ALLOWED = new Set(["br", "em", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "span", "strong", "u", "ul"]);
const HEADINGS = /^h[1-6]$/;
const SAFE = /^(https?:|tel:|mailto:)/i;

/** A label or hint of the form as elements: its Markdown, links of safe kinds, and of HTML the text alone. */
export function rich(range) {
  const nodes = [];
  for (const node of range?.formatted ?? []) nodes.push(one(node));
  return nodes;
}

function one(node) {
  if (node.role === "child") return document.createTextNode(node.value);
  if (node.role === "html") return document.createTextNode(node.unsafeHtml.replace(/<[^>]*>/g, ""));
  if (node.role === "line-break") return make("br");
  const children = node.children.map(one);
  if (node.elementName === "a") {
    if (!SAFE.test(node.url ?? "")) return make("span", {}, children);
    return make("a", { href: node.url, target: "_blank", rel: "noopener noreferrer" }, children);
  }
  const name = ALLOWED.has(node.elementName) ? node.elementName : "span";
  // the page has its own headings: those of a question are words of weight, not parts of the page
  return HEADINGS.test(name) ? make("strong", { class: "large" }, children) : make(name, {}, children);
}
