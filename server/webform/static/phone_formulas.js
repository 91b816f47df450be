/** A form's formulas as phones read them, where the engine reads them otherwise. */

const ATTRIBUTE = /="[^"]*"/g;
const PATTERN = /\bregex\(([^'"&]*?),\s*(?:'([^'"]*)'|&quot;(.*?)&quot;)\s*\)/g;
const QUOTED_OR_NUMBERS = /'[^']*'|&quot;.*?&quot;|([^\w:.-])(sum|min|max)\((\s*instance\('[^']*'\)\/[^()]*|[^()'"&]*)\)/g;
const PATH = /^\s*\.{0,2}\/[^\s,]*[^\s,./*\]]\s*$/; // of a question; neither `.` alone nor .5
const COLUMN = /^\s*instance\('[^']*'\)(?:\/[\w.-]+(?:\[[^\][]*\])*)+\s*$/; // of a list that comes with the form
const CALCULATION = /(<bind [^>]*?\bcalculate=")([^"]*)"/g;
const GUIDANCE = /<value form="guidance">/g;
const QUOTED = /'[^']*'|&quot;.*?&quot;/g;
const WITHIN = /\([^()[\]]*\)|\[[^()[\]]*\]/g;
const COMPARES = /[=<>]|\s(?:and|or)\s/;
const SAYS_WHETHER = /^(?:not|true|false|selected|contains|starts-with|ends-with|regex|boolean|boolean-from-string|(?:weighted-)?checklist)$/;

/**
 * The XForm with four things changed: `regex()` asks of the whole answer (the engine is content with a part of it); sums,
 * least and largest pass over what is not answered, and the sum of nothing is 0 (the engine gives up); a calculation that
 * says whether something is so writes 1 or 0 (the engine writes true or false). And guidance has a line of its own: the
 * engine sets it right behind the last letter of the hint, and takes away blanks that it begins with, so none begins it.
 */
export function asPhonesRead(xml) {
  const numbers = xml.replace(ATTRIBUTE, (attribute) => attribute.replace(QUOTED_OR_NUMBERS, ofWhatIsAnswered));
  const apart = numbers.replace(GUIDANCE, "$&&#8203;&#10;");
  const whether = apart.replace(CALCULATION, (found, before, formula) => (saysWhether(formula) ? `${before}if(${formula}, 1, 0)"` : found));
  return whether.replace(PATTERN, (_, text, single, double) => `regex(${text}, '^(?:${single ?? double})$')`);
}

function ofWhatIsAnswered(found, before, name, given) {
  if (!name) return found; // words in quotes
  const parts = COLUMN.test(given) ? [given] : given.split(",");
  const answered = parts.map((each) => (PATH.test(each) || COLUMN.test(each) ? `${each.trim()}[. != '']` : each)).join(", ");
  return `${before}${name === "sum" ? `number(coalesce(sum(${answered}), 0))` : `${name}(${answered})`}`;
}

/** Whether a formula is a comparison, or a function that answers yes or no, as a whole. */
function saysWhether(formula) {
  const plain = formula.replace(QUOTED, "''").replaceAll("&lt;", "<").replaceAll("&gt;", ">").trim();
  let outer = plain;
  for (let inner = null; inner !== outer; ) [inner, outer] = [outer, outer.replace(WITHIN, "")];
  if (!outer && plain.startsWith("(")) return saysWhether(plain.slice(1, -1));
  return COMPARES.test(outer) || SAYS_WHETHER.test(outer.trim());
}
