// Groups of videos that share footage, and what was decided of them.
import { ask, send, words } from "/page/api.js";
import { at, bytes, clock, fileName, make, picture, say } from "/page/elements.js";

let running = null;

/** Shows the page. */
export function showDuplicates() { loadDecisions(); }

async function find() {
  running?.abort();
  running = new AbortController();
  const mine = running;
  at("duplicates-cancel").hidden = false;
  say(at("duplicates-status"), "Comparing all videos…");
  try {
    const result = await send("/api/duplicates", { limit: 200 }, "POST", mine.signal);
    const count = result.found;
    say(at("duplicates-status"),
      `${count} ${count === 1 ? "group" : "groups"} among ${result.videos} videos, in ${(result.elapsed_ms / 1000).toFixed(1)} s.`);
    at("duplicates-groups").replaceChildren(...result.groups.map(group));
  } catch (error) {
    if (error.name === "AbortError") say(at("duplicates-status"), "Stopped.");
    else say(at("duplicates-status"), words(error), true);
  } finally {
    if (running === mine) at("duplicates-cancel").hidden = true;
  }
}

/** One group; the first member is the one to keep. */
function group(found, index) {
  const members = [...found.members].sort((a, b) => Number(b.keep) - Number(a.keep));
  const score = found.minimum_score === null ? "" : `, score at least ${found.minimum_score.toFixed(2)}`;
  const element = make("section", { className: "group", "aria-label": `Group ${index + 1}` },
    make("h3", {}, `${members.length} videos${score}`));
  const keeper = members.find((member) => member.keep) ?? members[0];
  element.append(make("ul", {}, ...members.map((member) => row(member, keeper, element))));
  return element;
}

function row(member, keeper, element) {
  const inside = member.contained_in
    ? `contained in ${fileName(member.contained_in.path)}, ${member.contained_in.interval.map(clock).join("–")}` : null;
  return make("li", { className: "member" },
    picture(member, { label: `${fileName(member.path)}, plays on hover` }),
    make("div", {},
      make("p", { className: "name" }, fileName(member.path)),
      make("p", { className: "faint" }, member.path),
      make("p", { className: "faint" },
        `${clock(member.duration)} · ${member.width} × ${member.height} · ${bytes(member.size)}`),
      make("p", { className: "faint" }, [member.explanation, inside].filter(Boolean).join("; "))),
    make("div", { className: "row" }, member === keeper
      ? make("span", { className: "tag" }, "keep")
      : make("button", { type: "button", onclick: (event) => reject([keeper.path, member.path], event.target, element) },
        "Not a duplicate")));
}

async function reject(paths, button, element) {
  button.disabled = true;
  try {
    await send("/api/duplicates/decisions", { paths });
    const member = button.closest(".member");
    member.remove();
    if (element.querySelectorAll(".member").length < 2) element.remove();
    say(at("duplicates-status"), `${fileName(paths[1])} and ${fileName(paths[0])} are not duplicates.`);
    loadDecisions();
  } catch (error) {
    button.disabled = false;
    say(at("duplicates-status"), words(error), true);
  }
}

async function loadDecisions() {
  try {
    const { decisions } = await ask("/api/duplicates/decisions");
    at("decisions").hidden = decisions.length === 0;
    at("decisions-list").replaceChildren(...decisions.map(decision));
  } catch (error) {
    say(at("duplicates-status"), words(error), true);
  }
}

function decision(entry) {
  const [first, second] = entry.paths.map((paths) => paths[0]);
  const both = first && second;
  return make("li", {},
    both ? `${fileName(first)} and ${fileName(second)} are not duplicates. ` : "Two videos, one of which is gone, are not duplicates. ",
    both ? make("button", { type: "button", onclick: () => restore([first, second]) }, "Undo") : null);
}

async function restore(paths) {
  try {
    await send("/api/duplicates/decisions", { paths, withdraw: true });
    say(at("duplicates-status"), "Undone. Find duplicates again to see it.");
    loadDecisions();
  } catch (error) {
    say(at("duplicates-status"), words(error), true);
  }
}

at("duplicates-find").addEventListener("click", find);
at("duplicates-cancel").addEventListener("click", () => running?.abort());
