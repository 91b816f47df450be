/** Lists that come with a form, as phones read them (JavaRosa), where the engine reads them otherwise or not at all. */

const READ = { csv: rowsRead, xml: treeRead, geojson: placesRead };

/** The file `name` as it came, in the one way of writing it that the engine and phones read alike. */
export async function asPhonesReadList(name, response) {
  const read = READ[name.split(".").pop()];
  if (!response.ok || !read) return response;
  const text = (await response.text()).replace(/^\uFEFF/, ""); // WebKit leaves the mark there
  return new Response(read(text), { headers: response.headers });
}

/** Semicolons part cells where the first line has one, else commas; an empty line is no row, a missing cell is empty. */
function rowsRead(text) {
  const mark = text.split("\n", 1)[0].includes(";") ? ";" : ",";
  const cell = new RegExp(`("(?:[^"]|"")*"[^${mark}\\r\\n]*|[^${mark}\\r\\n]*)(${mark}|\\r\\n?|\\n|$)`, "y");
  const lines = [];
  for (let line = []; cell.lastIndex < text.length; ) {
    const [, written, end] = cell.exec(text);
    line.push(written.replace(/^"((?:[^"]|"")*)"/, (_, within) => within.replaceAll('""', '"')));
    if (end === mark && cell.lastIndex < text.length) continue;
    if (end === mark) line.push("");
    if (line.length > 1 || written) lines.push(line);
    line = [];
  }
  const columns = lines[0] ?? [];
  const asWritten = (line) => columns.map((_, at) => `"${(line[at] ?? "").replaceAll('"', '""')}"`).join(",");
  return lines.map(asWritten).join("\n");
}

/** Names without their namespaces, texts without blanks around them; nothing but the elements. */
function treeRead(text) {
  const read = new DOMParser().parseFromString(text, "text/xml");
  return read.querySelector("parsererror") ? text : elementRead(read.documentElement);
}

function elementRead(element) {
  const own = [...element.attributes].filter((each) => !/^xmlns(:|$)/.test(each.name));
  const said = own.map((each) => ` ${each.localName}="${escaped(each.value)}"`).join("");
  const within = element.children.length ? [...element.children].map(elementRead).join("") : escaped(element.textContent.trim());
  return `<${element.localName}${said}>${within}</${element.localName}>`;
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Places without their heights; what is null is empty. */
function placesRead(text) {
  const read = JSON.parse(text);
  for (const { geometry, properties } of read.features ?? []) {
    if (geometry) geometry.coordinates = flat(geometry.coordinates);
    for (const name in properties) properties[name] ??= "";
  }
  return JSON.stringify(read);
}

const flat = (place) => (Array.isArray(place?.[0]) ? place.map(flat) : place?.slice(0, 2));
