// An Undo button acts in place: a toast confirms it, a dialog explains why it is not possible.
//
// Without this script the same form leads to a page that does both.

import { toast } from "../shell/toast.js";

const UNREACHABLE = "Not sent: the server cannot be reached. Try again.";

/** Takes over the form of a page's Undo buttons; `onDone()` is called after each undo. */
export function startUndo(form, onDone = () => {}) {
  form?.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button?.value) return;
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const id = button.value;
    try {
      if (await send(form, { event: id })) {
        toast("Undone.", { undo: () => sendAgain(form, id).then(onDone) });
        onDone();
      }
    } catch {
      toast(UNREACHABLE, { bad: true });
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}

async function sendAgain(form, id) {
  const done = await send(form, { reversal_of: id }).catch(() => {
    throw new Error(UNREACHABLE);
  });
  if (!done) throw new Error("Not undone.");
}

// Whether it was done; otherwise the answer is shown.
async function send(form, fields) {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "text/html", Prefer: "return=minimal" },
    body: new URLSearchParams([...new FormData(form), ...Object.entries(fields)]),
  });
  if (answer.status === 204) return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const explained = page.querySelector("main > section");
  if (answer.ok || explained === null) location.reload(); // signed out
  else explain(document.adoptNode(explained));
  return false;
}

function explain(section) {
  const dialog = document.createElement("dialog");
  const [article, form, close] = ["article", "form", "button"].map((name) => document.createElement(name));
  form.method = "dialog";
  close.textContent = "Close";
  section.querySelector("[data-part=back]")?.remove();
  section.removeAttribute("class");
  form.append(close);
  article.append(section, form);
  dialog.append(article);
  const title = section.querySelector("h1");
  title.id = "explained";
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
