/** What opens a form, for the pages on which one fills it in: large, so it is fetched while one still reads. */

let loading = null;

/**
 * `{ openSession, showForm, locateOnce }`; asked for again, the same promise, also where they could not be fetched: browsers
 * remember that for as long as a page lives, WebKit leaves whoever imports again without an answer. Load the page anew then.
 *
 * Never two imports at once: the engine waits for its grammar before it is ready, and WebKit gives the one that imports it
 * meanwhile a module that is not (https://bugs.webkit.org/show_bug.cgi?id=242740): an iPhone said that the form is broken.
 */
export function parts() {
  loading ??= load();
  return loading;
}

async function load() {
  const found = await Promise.all([import("./session.js"), import("./form_view.js"), import("./control_place.js")]);
  return Object.assign({}, ...found);
}
