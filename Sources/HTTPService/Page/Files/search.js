// Search by example: a file that is dropped or chosen, or a video of the library, or a part of either.
import { ask, send, upload, words } from "/page/api.js";
import { at, bytes, clock, fileName, make, picture, say, seconds } from "/page/elements.js";
import { compare } from "/page/compare.js";

/** What is searched for: `{ file, url }` or `{ video }`, and the upload once there is one. */
let query = null;
let running = null;

/** Shows the page; `id` among the parameters names a video of the library. */
export async function showSearch(parameters) {
  const id = parameters.get("id");
  if (!id || query?.video?.id === Number(id)) return;
  try {
    choose({ video: await ask(`/api/videos/${encodeURIComponent(id)}`) });
  } catch (error) {
    say(at("search-status"), words(error), true);
  }
}

ask("/api/library").then((library) => {
  at("drop-limits").textContent =
    `Up to ${bytes(library.limits.upload_bytes)} and ${clock(library.limits.video_seconds)} of video. The file is not kept.`;
}).catch((error) => say(at("search-status"), words(error), true));

/** Takes a query over and searches for it. */
function choose(next) {
  running?.stop();
  if (query?.url) URL.revokeObjectURL(query.url);
  query = next;
  at("query").hidden = false;
  at("drop").hidden = true;
  at("query-from").value = "";
  at("query-to").value = "";
  at("query-name").textContent = query.file ? query.file.name : fileName(query.video.path);
  at("query-facts").textContent = query.file
    ? bytes(query.file.size)
    : `${clock(query.video.duration)} · ${query.video.width} × ${query.video.height} · ${query.video.path}`;
  at("query-picture").replaceChildren(queryPicture());
  search();
}

/** The query's own picture: the browser shows a dropped file itself, where it can. */
function queryPicture() {
  if (query.video) return picture(query.video, { label: "The query" });
  const box = make("div", { className: "picture" });
  if (query.file.type.startsWith("image/")) {
    box.append(make("img", { src: query.url, alt: "The query" }));
    return box;
  }
  const player = make("video", { src: query.url, controls: true, muted: true, playsInline: true, "aria-label": "The query" });
  player.addEventListener("error", () =>
    player.replaceWith(make("span", { className: "none" }, "this browser cannot play this format")));
  box.append(player);
  return box;
}

function clear() {
  running?.stop();
  if (query?.url) URL.revokeObjectURL(query.url);
  query = null;
  at("query").hidden = true;
  at("drop").hidden = false;
  at("results").replaceChildren();
  say(at("search-status"), "");
  if (location.hash.includes("?")) history.replaceState(null, "", "#search");
}

/** Searches for the query as the form has it. */
async function search() {
  running?.stop();
  const status = at("search-status");
  const part = { from: seconds(at("query-from").value), to: seconds(at("query-to").value) };
  const limit = Number(at("query-limit").value) || 24;
  if (Number.isNaN(part.from) || Number.isNaN(part.to)) return say(status, "Enter times as seconds or m:ss.", true);
  const stopping = new AbortController();
  const mine = { stop: () => { stopping.abort(); mine.upload?.stop(); } };
  running = mine;
  at("results").setAttribute("aria-busy", "true");
  try {
    const body = { limit };
    if (query.file) {
      const key = `${part.from}-${part.to}`;
      if (query.upload?.key !== key) {
        mine.upload = upload(query.file, part, (share) =>
          say(status, share < 1 ? `Sending: ${Math.round(share * 100)} %` : "Reading the video…"));
        query.upload = { key, ...(await mine.upload.done) };
      }
      body.upload = query.upload.id;
    } else {
      body.id = query.video.id;
      body.exclude_self = part.from === null && part.to === null;
      if (part.from !== null) body.from = part.from;
      if (part.to !== null) body.to = part.to;
    }
    say(status, "Searching…");
    const result = await send("/api/search", body, "POST", stopping.signal);
    if (running !== mine) return;
    show(result);
  } catch (error) {
    if (error.name === "AbortError" || running !== mine) return;
    at("results").replaceChildren();
    say(status, words(error), true);
  } finally {
    if (running === mine) at("results").removeAttribute("aria-busy");
  }
}

function show(result) {
  const shared = result.matches.filter((match) => match.shares_footage);
  const others = result.matches.filter((match) => !match.shares_footage);
  say(at("search-status"), `${found(result, shared.length)} ${result.elapsed_ms} ms.`);
  at("results").replaceChildren(
    ...section("Same footage", shared, result), ...section(nearest(result), others, result));
}

/** What was found, in a sentence. */
function found({ query: { picture, low_information: isEmpty }, matches }, shared) {
  if (matches.length === 0) return "No video answers.";
  if (picture) return "These videos show the picture most likely.";
  if (isEmpty) return "The query shows next to nothing (black, still or very short), so these mean little.";
  if (matches[0].shares_footage === null) return "The nearest videos.";
  if (shared === 0) return "No video shares footage with it.";
  return shared === 1 ? "One video shares footage with it." : `${shared} videos share footage with it.`;
}

/** What those are that share no footage. */
function nearest({ query: { picture }, matches }) {
  if (picture) return "Most likely on screen in";
  return matches[0]?.shares_footage === null ? "Nearest" : "Looks similar";
}

/** Matches under a heading; nothing where there are none. */
function section(title, matches, result) {
  if (matches.length === 0) return [];
  return [
    make("h3", {}, title),
    make("ol", { className: matches[0].shares_footage ? "grid large" : "grid", "aria-label": `${title}, nearest first` }, ...matches.map((match) => card(match, result))),
  ];
}

/** One match: its picture plays where it matches. */
function card(match, result) {
  const best = match.segments?.[0];
  const name = fileName(match.path);
  const isPlaced = best && (match.shares_footage || result.query.picture);
  return make("li", { className: match.shares_footage ? "card shares" : "card" },
    picture(match, { from: best?.target[0] ?? 0, to: best?.target[1] ?? null, label: `${name}, plays on hover` }),
    make("div", { className: "body" },
      make("p", { className: "name", title: `${match.path}\ndistance ${match.distance.toFixed(2)}` }, name),
      isPlaced ? make("p", { className: "faint" }, `at ${clock(best.target[0])}–${clock(best.target[1])}`) : null,
      make("div", { className: "row" },
        result.query.picture
          ? null : make("button", { type: "button", onclick: () => compare(query, match, result) }, "Compare"),
        make("a", { className: "button", href: `#search?id=${match.id}` }, "Search this"))));
}

at("choose").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => {
  const file = at("file").files[0];
  if (file) choose({ file, url: URL.createObjectURL(file) });
  at("file").value = "";
});
at("query").addEventListener("submit", (event) => { event.preventDefault(); search(); });
at("query-clear").addEventListener("click", clear);
document.addEventListener("paste", (event) => {
  const file = event.clipboardData.files[0];
  if (!file) return;
  event.preventDefault();
  location.hash = "#search";
  choose({ file, url: URL.createObjectURL(file) });
});
for (const target of [document.body]) {
  const over = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    at("drop").classList.add("over");
  };
  target.addEventListener("dragenter", over);
  target.addEventListener("dragover", over);
  target.addEventListener("dragleave", (event) => { if (!event.relatedTarget) at("drop").classList.remove("over"); });
  target.addEventListener("drop", (event) => {
    at("drop").classList.remove("over");
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    location.hash = "#search";
    choose({ file, url: URL.createObjectURL(file) });
  });
}
