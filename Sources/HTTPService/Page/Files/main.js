// Shows one page at a time, by what stands behind "#" in the address.
import { ask } from "/page/api.js";
import { at, say } from "/page/elements.js";
import { isEmpty, showFirst } from "/page/first.js";
import { showLibrary } from "/page/library.js";
import { showIndex } from "/page/jobs.js";
import { showDuplicates } from "/page/duplicates.js";
import { showSearch } from "/page/search.js";

const pages = { search: showSearch, library: showLibrary, duplicates: showDuplicates, index: showIndex };
/** The library while nothing can be found in it: one page leads on then, whatever is asked for. */
let empty = null;

/** `#search?id=3` is the page "search" with parameters. */
function show() {
  const [name, query] = location.hash.slice(1).split("?");
  const page = empty ? "first" : name in pages ? name : "search";
  for (const other of ["first", ...Object.keys(pages)]) at(`page-${other}`).hidden = other !== page;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${at(`${page}-title`).textContent} – Mixtape`;
  if (empty) showFirst(empty, found);
  else pages[page](new URLSearchParams(query ?? ""));
}

/** The first videos were indexed: on to the search. */
function found(library) {
  empty = null;
  history.replaceState(null, "", "#search");
  show();
  at("content").focus({ preventScroll: true });
  const count = library.videos.ready;
  say(at("search-status"), count === 1 ? "1 video can be searched now." : `${count} videos can be searched now.`);
}

addEventListener("hashchange", () => { show(); at("content").focus({ preventScroll: true }); scrollTo(0, 0); });
ask("/api/library").then((library) => { if (isEmpty(library)) empty = library; }).catch(() => {}).then(show);
