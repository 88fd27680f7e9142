// The first visit, while there is nothing to search: from here to the first answer.
import { ask, send, words } from "/page/api.js";
import { at, make, say } from "/page/elements.js";
import { box, ended, follow } from "/page/jobs.js";

/** Called with the library once videos can be found. */
let leave = () => {};

/** Whether nothing can be found yet. */
export const isEmpty = (library) => library.videos.ready === 0;

/** Shows the folders that may be indexed, or the command that does it where there are none. */
export async function showFirst(library, done) {
  leave = done;
  at("first-folders").hidden = !library.folders.length;
  at("first-command").hidden = library.folders.length > 0;
  at("first-list").replaceChildren(...library.folders.map((folder) =>
    make("li", { className: "row between" },
      make("span", { className: "name" }, folder),
      make("button", { type: "button", className: "primary", "aria-label": `Index ${folder}`, onclick: () => start(folder) },
        "Index this folder"))));
  try {
    const running = (await ask("/api/jobs")).jobs.find((job) => !ended(job));
    if (running) show(running);
  } catch (error) {
    say(at("first-status"), words(error), true);
  }
}

async function start(folder) {
  enable(false);
  try {
    show(await send("/api/jobs", { folders: [folder] }));
    say(at("first-status"), "");
  } catch (error) {
    enable(true);
    say(at("first-status"), words(error), true);
  }
}

/** A job's progress, and what comes of it. */
function show(job) {
  enable(false);
  at("first-job").replaceChildren(box(job));
  follow(job.id, () => look("No video was found there; choose another folder."));
}

/** Goes on where there are videos by now; says so where there are none. */
async function look(otherwise) {
  try {
    const library = await ask("/api/library");
    if (!isEmpty(library)) return leave(library);
    if (library.folders.length && !at("first-command").hidden) return showFirst(library, leave);
    say(at("first-status"), otherwise, true);
  } catch (error) {
    say(at("first-status"), words(error), true);
  }
  enable(true);
}

function enable(isOn) {
  for (const button of at("first-list").querySelectorAll("button")) button.disabled = !isOn;
}

at("first-again").addEventListener("click", () => look("There are no videos in the index yet."));
// Browsers give the clipboard to this machine's pages and to those with TLS.
at("first-copy").hidden = !navigator.clipboard;
at("first-copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(at("first-code").textContent);
    say(at("first-status"), "Copied.");
  } catch {
    say(at("first-status"), "The browser does not allow copying; select the text instead.", true);
  }
});
