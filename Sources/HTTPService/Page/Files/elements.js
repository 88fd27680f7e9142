// Small helpers that every page uses. Text always becomes text nodes: nothing that comes from a file name is markup.

/** The element with an id. */
export const at = (id) => document.getElementById(id);

/** Makes an element; properties whose names hold a dash, or are "role", become attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Makes an SVG element. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Seconds as m:ss or h:mm:ss. */
export function clock(seconds) {
  if (seconds === null || seconds === undefined) return "?";
  const whole = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${Math.floor((whole % 3600) / 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest.padStart(5, "0")}` : rest;
}

/** Reads seconds, m:ss or h:mm:ss; null where nothing is given, NaN where it is no time. */
export function seconds(text) {
  if (!text.trim()) return null;
  const parts = text.trim().split(":").map((part) => (/^\d+(\.\d+)?$/.test(part) ? Number(part) : NaN));
  const isTime = parts.length <= 3 && parts.slice(1).every((part) => part < 60);
  return !isTime ? NaN : parts.reduce((sum, part) => sum * 60 + part, 0);
}

/** The last part of a path. */
export const fileName = (path) => path.split("/").pop() || path;

/** Bytes for people. */
export function bytes(count) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; unit += 1; }
  return `${unit && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
}

/** Says something in a status line; errors are marked. */
export function say(element, text, isError = false) {
  element.textContent = text;
  element.classList.toggle("error", isError);
}

/** A video's picture that plays on hover and focus, from the place that matters. */
export function picture(video, { from = 0, to = null, label = "" } = {}) {
  const box = make("div", { className: "picture", tabIndex: 0, role: "img", "aria-label": label || video.path });
  const still = make("img", {
    alt: "", loading: "lazy", decoding: "async",
    src: `/api/videos/${video.id}/thumbnail?time=${Math.max(0, from).toFixed(2)}&width=320`,
  });
  still.addEventListener("error", () => still.replaceWith(make("span", { className: "none" }, "no picture")), { once: true });
  box.append(still);
  if (video.duration) box.append(make("span", { className: "badge" }, clock(video.duration)));
  let player = null;
  const start = () => {
    if (player) return;
    player = make("video", { src: `/api/videos/${video.id}/preview`, muted: true, playsInline: true, preload: "auto" });
    player.dataset.from = from;
    player.currentTime = from;
    player.addEventListener("timeupdate", () => {
      if (to && player && player.currentTime >= to) player.currentTime = from;
    });
    player.addEventListener("ended", () => { if (player) { player.currentTime = from; player.play().catch(() => {}); } });
    // A format that the browser does not play leaves the still picture.
    player.addEventListener("error", () => player?.remove());
    box.append(player);
    player.play().catch(() => {});
  };
  const stop = () => {
    if (!player) return;
    player.removeAttribute("src");
    player.load();
    player.remove();
    player = null;
  };
  box.addEventListener("pointerenter", start);
  box.addEventListener("pointerleave", stop);
  box.addEventListener("focus", start);
  box.addEventListener("blur", stop);
  return box;
}
