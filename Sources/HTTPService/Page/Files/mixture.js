// Mixtures in the plane: an ellipse a clip, at two standard deviations, joined in the order of time.
import { clock, draw, make } from "/page/elements.js";

/** The half axes and the angle (degrees) of a covariance, at one standard deviation. */
export function axes({ xx, xy, yy }) {
  const middle = (xx + yy) / 2;
  const spread = Math.hypot((xx - yy) / 2, xy);
  return {
    long: Math.sqrt(Math.max(0, middle + spread)),
    short: Math.sqrt(Math.max(0, middle - spread)),
    angle: (Math.atan2(2 * xy, xx - yy) / 2) * (180 / Math.PI),
  };
}

/** Draws mixtures `{ kind, clips }`; `mark(i, time)` shows which clip of the i-th mixture stands at a time. */
export function plane(mixtures, shares) {
  const all = mixtures.flatMap((mixture) => mixture.clips);
  const reach = (clip) => 2 * axes(clip).long;
  const left = Math.min(...all.map((clip) => clip.x - reach(clip)));
  const right = Math.max(...all.map((clip) => clip.x + reach(clip)));
  const top = Math.min(...all.map((clip) => clip.y - reach(clip)));
  const bottom = Math.max(...all.map((clip) => clip.y + reach(clip)));
  const size = Math.max(right - left, bottom - top, 1e-6);
  const scale = 900 / size;
  const width = Math.max(480, (right - left) * scale + 100);
  const height = Math.max(240, (bottom - top) * scale + 100);
  const x = (value) => (value - (left + right) / 2) * scale + width / 2;
  const y = (value) => (value - (top + bottom) / 2) * scale + height / 2;

  const ellipses = mixtures.map(({ kind, clips }) => clips.map((clip) => {
    const { long, short, angle } = axes(clip);
    const ellipse = draw("ellipse", {
      class: kind, cx: 0, cy: 0, rx: Math.max(3, 2 * long * scale), ry: Math.max(3, 2 * short * scale),
      transform: `translate(${x(clip.x)} ${y(clip.y)}) rotate(${angle})`,
    });
    const title = draw("title");
    title.textContent = `${kind}, ${clock(clip.from)}–${clock(clip.to)}`;
    ellipse.append(title);
    return ellipse;
  }));
  const paths = mixtures.map(({ kind, clips }) => draw("polyline", {
    class: kind, points: clips.map((clip) => `${x(clip.x)},${y(clip.y)}`).join(" "),
  }));
  const percent = shares.map((share) => `${Math.round(share * 100)} %`);
  const svg = draw("svg", {
    class: "plane", viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${mixtures.map((mixture) => `${mixture.clips.length} clips of the ${mixture.kind}`).join(" and ")} in a plane`,
  }, ...paths, ...ellipses.flat());
  return {
    element: make("figure", {}, svg, make("figcaption", { className: "faint" },
      `The plane shows ${percent.join(" and ")} of how the clips differ.`)),
    mark(index, time) {
      mixtures[index].clips.forEach((clip, place) =>
        ellipses[index][place].classList.toggle("now", time >= clip.from && time < clip.to));
    },
  };
}
