/* Keeps one whole version of the page for use without a network. VERSION and KEPT stand before this (server/webform/page.py). */

const NAME = `phieu ${VERSION}`;

/* What stands under the address of a version never changes: the browser has just fetched most of it. The page may. */
const asked = (url) => new Request(url, { cache: url.includes(VERSION) ? "default" : "reload" });

addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(KEPT.map(asked))));
});

/* Older versions go when no page of theirs is open any more. A page that came before its first worker is answered by it
   too: what it has not loaded yet is here, and the network may be gone. */
addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("phieu ") && name !== NAME).map((name) => caches.delete(name)))).then(() => clients.claim()),
  );
});

/* The page and its modules from what is kept; lists, forms and submissions are the page's own business. */
addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !KEPT.includes(url.pathname)) return;
  event.respondWith(caches.open(NAME).then((cache) => cache.match(url.pathname)).then((kept) => kept ?? fetch(event.request)));
});
