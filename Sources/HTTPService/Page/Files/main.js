// Shows one page at a time, by what stands behind "#" in the address.
import { at } from "/page/elements.js";
import { showLibrary } from "/page/library.js";
import { showIndex } from "/page/jobs.js";
import { showDuplicates } from "/page/duplicates.js";
import { showSearch } from "/page/search.js";

const pages = { search: showSearch, library: showLibrary, duplicates: showDuplicates, index: showIndex };

/** `#search?id=3` is the page "search" with parameters. */
function show() {
  const [name, query] = location.hash.slice(1).split("?");
  const page = name in pages ? name : "search";
  for (const other of Object.keys(pages)) at(`page-${other}`).hidden = other !== page;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${at(`${page}-title`).textContent} – Mixtape`;
  pages[page](new URLSearchParams(query ?? ""));
}

addEventListener("hashchange", () => { show(); at("content").focus({ preventScroll: true }); scrollTo(0, 0); });
show();
