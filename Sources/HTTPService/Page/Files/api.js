// The service's API, and its token where it has one.
import { at } from "/page/elements.js";

/** An answer that is an error: `message` for people, `reason` for code. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.error?.message ?? `the service answered ${status}`);
    this.status = status;
    this.reason = body?.error?.data?.reason;
    this.hint = body?.error?.data?.hint;
  }
  /** The message, with what to do about it. */
  get text() { return this.hint ? `${this.message} (${this.hint})` : this.message; }
}

/** Words for whatever was thrown. */
export const words = (error) => (error instanceof Problem ? error.text : `The service cannot be reached: ${error.message}`);

/** Asks; what comes back is JSON. Where a token is missing it is asked for, once. */
export async function ask(path, options = {}) {
  for (;;) {
    const answer = await fetch(path, options);
    if (answer.status === 401) { await login(); continue; }
    const text = await answer.text();
    const body = text ? JSON.parse(text) : null;
    if (!answer.ok) throw new Problem(answer.status, body);
    return body;
  }
}

/** Sends JSON. */
export const send = (path, body, method = "POST", signal = undefined) =>
  ask(path, { method, signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Sends a file, saying how far it is, from 0 to 1. */
export function upload(file, { from, to }, progress) {
  const query = new URLSearchParams({ name: file.name.slice(0, 255) });
  if (from !== null) query.set("from", from);
  if (to !== null) query.set("to", to);
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", `/api/uploads?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => progress(event.total ? event.loaded / event.total : 0));
    request.addEventListener("load", () => {
      let body = null;
      try { body = JSON.parse(request.responseText); } catch { /* said by the status */ }
      if (request.status === 201) resolve(body); else reject(new Problem(request.status, body));
    });
    request.addEventListener("error", () => reject(new Error("the connection was lost")));
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}

let waiting = null;

/** Shows the dialog for the token, and ends once the service has taken it. */
function login() {
  waiting ??= new Promise((resolve) => {
    const dialog = at("login");
    const form = at("login-form");
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.showModal();
    form.onsubmit = async (event) => {
      event.preventDefault();
      const answer = await fetch("/session", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token: at("login-token").value }),
      });
      at("login-error").textContent = answer.ok ? "" : "Wrong token.";
      if (!answer.ok) return;
      at("login-token").value = "";
      dialog.close();
      waiting = null;
      resolve();
    };
  });
  return waiting;
}
