// Query and match side by side: both play, the bars show what corresponds, the plane shows the mixtures compared.
import { ask, words } from "/page/api.js";
import { at, clock, fileName, make } from "/page/elements.js";
import { plane } from "/page/mixture.js";

const dialog = at("compare");
at("compare-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  // Players that are gone must not go on loading.
  for (const player of dialog.querySelectorAll("video")) { player.removeAttribute("src"); player.load(); }
  at("compare-content").replaceChildren();
});

/** Opens the comparison. */
export async function compare(query, match, result) {
  const segments = match.segments ?? [];
  const left = side("query", query.file ? query.file.name : fileName(query.video.path),
    query.file ? query.url : `/api/videos/${query.video.id}/preview`, result.query.duration,
    segments.map((segment) => segment.query));
  const right = side("match", fileName(match.path), `/api/videos/${match.id}/preview`, match.duration,
    segments.map((segment) => segment.target));
  // A segment's bar leads both players to its start.
  const go = (index) => {
    const segment = segments[index];
    left.go(segment.query[0]);
    right.go(segment.target[0]);
  };
  left.onSegment = go;
  right.onSegment = go;

  const picture = make("div", {}, make("p", { className: "faint" }, "…"));
  at("compare-content").replaceChildren(
    make("div", { className: "sides" }, left.element, right.element),
    segments.length
      ? table(segments, go)
      : make("p", { className: "faint" }, "No matching parts were found; the score compares the whole videos."),
    make("h3", {}, "The mixtures"),
    make("p", { className: "faint" },
      "Each ellipse is one clip. Similar clips lie close together; larger ellipses are less certain."),
    picture);
  dialog.showModal();
  if (segments.length) go(0);

  try {
    const own = query.file ? `upload=${query.upload.id}&videos=${match.id}` : `videos=${query.video.id},${match.id}`;
    const projection = await ask(`/api/projection?${own}`);
    const [first, second] = projection.videos;
    const drawn = plane([{ kind: "query", clips: first.clips }, { kind: "match", clips: second.clips }], projection.shares);
    picture.replaceChildren(drawn.element);
    left.onTime = (time) => drawn.mark(0, time);
    right.onTime = (time) => drawn.mark(1, time);
  } catch (error) {
    picture.replaceChildren(make("p", { className: "error" }, words(error)));
  }
}

/** One video with its bar. */
function side(kind, name, source, duration, intervals) {
  const player = make("video", { src: source, controls: true, muted: true, playsInline: true, preload: "metadata", "aria-label": name });
  const now = make("span", { className: "now" });
  const bar = make("div", { className: `bar ${kind}`, role: "group", "aria-label": "Matched parts" });
  const length = duration || Math.max(1, ...intervals.map((interval) => interval[1]));
  const result = {
    element: make("div", { className: `side ${kind}` },
      make("h3", {}, kind === "query" ? "Query: " : "Match: ", name),
      make("div", { className: "picture" }, player),
      bar, make("p", { className: "faint" }, clock(duration))),
    go(time) { player.currentTime = time; player.play().catch(() => {}); },
    onSegment() {},
    onTime() {},
  };
  intervals.forEach(([start, stop], index) => {
    const part = make("button", {
      type: "button", title: `${clock(start)}–${clock(stop)}`,
      "aria-label": `Part ${index + 1}, ${clock(start)} to ${clock(stop)}`, onclick: () => result.onSegment(index),
    });
    part.style.left = `${(100 * start) / length}%`;
    part.style.width = `${(100 * Math.min(stop, length) - 100 * start) / length}%`;
    bar.append(part);
  });
  bar.append(now);
  player.addEventListener("timeupdate", () => {
    now.style.left = `${Math.min(100, (100 * player.currentTime) / length)}%`;
    result.onTime(player.currentTime);
  });
  player.addEventListener("error", () => player.isConnected && player.getAttribute("src") &&
    player.replaceWith(make("span", { className: "none" }, "this browser cannot play this format")));
  return result;
}

/** What corresponds, in figures. */
function table(segments, go) {
  const head = make("tr", {}, ...["query", "match", "score", ""].map((text) => make("th", { scope: "col" }, text)));
  const rows = segments.map((segment, index) => make("tr", {},
    make("td", {}, `${clock(segment.query[0])}–${clock(segment.query[1])}`),
    make("td", {}, `${clock(segment.target[0])}–${clock(segment.target[1])}`),
    make("td", {}, segment.score === null || segment.score === undefined ? "" : `${Math.round(segment.score * 100)} %`),
    make("td", {}, make("button", { type: "button", onclick: () => go(index) }, "Play both"))));
  return make("div", { className: "scroll" },
    make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}
