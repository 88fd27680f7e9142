// What the index holds, and index jobs with their progress.
import { ask, send, words } from "/page/api.js";
import { at, clock, make, say } from "/page/elements.js";

/** Open streams of events, by job. */
const streams = new Map();

/** Shows the page. */
export async function showIndex() {
  try {
    const [library, jobs] = await Promise.all([ask("/api/library?failures=true"), ask("/api/jobs")]);
    facts(library);
    at("jobs").replaceChildren(...jobs.jobs.map(box));
    for (const job of jobs.jobs) if (!ended(job)) follow(job.id);
    say(at("index-status"), "");
  } catch (error) {
    say(at("index-status"), words(error), true);
  }
}

function facts(library) {
  const rows = [
    ["Videos", library.videos.ready], ["Clips", library.clips], ["Failed files", library.videos.failed],
    ["Model", library.model?.name ?? "none yet"],
  ];
  at("index-facts").replaceChildren(
    ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]));
  const chosen = new Set(
    [...at("index-folders").querySelectorAll("input")].filter((input) => !input.checked).map((input) => input.value));
  at("index-folders").replaceChildren(make("legend", {}, "Folders"), ...library.folders.map((folder) =>
    make("label", {}, make("input", { type: "checkbox", value: folder, checked: !chosen.has(folder) }), ` ${folder}`)));
  at("failures").hidden = !library.failures?.length;
  at("failures-list").replaceChildren(...(library.failures ?? []).map((failure) =>
    make("li", {}, make("span", { className: "name" }, failure.path), `: ${failure.message}`)));
}

/** Whether nothing more will come of a job. */
export const ended = (job) => !["waiting", "running"].includes(job.state);

/** A job as a box, with an id by which it is found again. */
export function box(job) {
  const progress = job.progress;
  const counts = job.result ?? progress;
  const element = make("section", { className: "job", id: `job-${job.id}`, "aria-label": `Job ${job.id}` },
    make("div", { className: "row between" },
      make("h3", {}, `Job ${job.id}: ${job.state}`),
      ended(job) ? null : make("button", { type: "button", onclick: () => cancel(job.id) }, "Stop")),
    make("p", { className: "faint" }, job.folders.join(", ")));
  if (!ended(job)) {
    // Of the bytes to be encoded, once those are known: a film of hours is one file.
    const bytes = progress?.bytes_total > 0;
    const bar = make("progress", { max: (bytes ? progress.bytes_total : progress?.total) || 1, "aria-label": "Progress" });
    if (progress && progress.phase !== "scanning") bar.value = bytes ? progress.bytes_done : progress.done;
    element.append(bar);
  }
  if (counts) {
    const left = progress?.seconds_left && !ended(job) ? `, about ${clock(progress.seconds_left)} left` : "";
    element.append(make("p", {}, ["indexed", "unchanged", "moved", "copied", "removed", "failed"]
      .filter((name, place) => place === 0 || counts[name]).map((name) => `${counts[name]} ${name}`).join(", ") + left));
    if (progress?.reading.length && !ended(job))
      element.append(make("p", { className: "faint" }, `Reading ${progress.reading.join(", ")}`));
  }
  if (job.error) element.append(make("p", { className: "error" }, job.error.error.message));
  return element;
}

/** Listens to a job's events until it has ended, and then does what is to be done. */
export function follow(id, then = showIndex) {
  if (streams.has(id)) return;
  const stream = new EventSource(`/api/jobs/${id}/events`);
  streams.set(id, stream);
  stream.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
    at(`job-${id}`)?.replaceWith(box(job));
    if (!ended(job)) return;
    stream.close();
    streams.delete(id);
    then();
  });
}

async function cancel(id) {
  try {
    await ask(`/api/jobs/${id}`, { method: "DELETE" });
  } catch (error) {
    say(at("index-status"), words(error), true);
  }
}

at("index-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const folders = [...at("index-folders").querySelectorAll("input:checked")].map((input) => input.value);
  if (!folders.length) return say(at("index-status"), "Choose a folder.", true);
  try {
    const job = await send("/api/jobs", { folders, retry_failed: at("index-retry").checked });
    say(at("index-status"), "");
    at("jobs").prepend(box(job));
    follow(job.id);
  } catch (error) {
    say(at("index-status"), words(error), true);
  }
});
