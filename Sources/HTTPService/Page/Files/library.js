// The videos of the index, a page at a time.
import { ask, words } from "/page/api.js";
import { at, bytes, clock, fileName, make, picture, say } from "/page/elements.js";

const pageSize = 24;
let offset = 0;
let asked = 0;

/** Shows the page. */
export function showLibrary() { load(); }

async function load() {
  const mine = ++asked;
  const [order, direction] = at("library-order").value.split(" ");
  const query = new URLSearchParams({ limit: pageSize, offset, order, descending: direction === "desc" });
  if (at("library-text").value) query.set("text", at("library-text").value);
  try {
    const page = await ask(`/api/videos?${query}`);
    if (mine !== asked) return;
    say(at("library-status"), page.total === 1 ? "1 video" : `${page.total} videos`);
    at("library-list").replaceChildren(...page.videos.map(card));
    at("library-back").disabled = offset === 0;
    at("library-next").disabled = offset + pageSize >= page.total;
    at("library-place").textContent =
      page.total ? `${offset + 1}–${Math.min(page.total, offset + pageSize)} of ${page.total}` : "";
  } catch (error) {
    if (mine === asked) say(at("library-status"), words(error), true);
  }
}

function card(video) {
  return make("li", { className: "card" },
    picture(video, { label: `${fileName(video.path)}, plays on hover` }),
    make("div", { className: "body" },
      make("p", { className: "name", title: video.path }, fileName(video.path)),
      make("p", { className: "faint" },
        `${clock(video.duration)} · ${video.width} × ${video.height} · ${bytes(video.size)}`),
      make("div", { className: "row" },
        make("a", { className: "button", href: `#search?id=${video.id}` }, "Search this"))));
}

at("library-filter").addEventListener("submit", (event) => { event.preventDefault(); offset = 0; load(); });
at("library-order").addEventListener("change", () => { offset = 0; load(); });
at("library-back").addEventListener("click", () => { offset = Math.max(0, offset - pageSize); load(); });
at("library-next").addEventListener("click", () => { offset += pageSize; load(); });
