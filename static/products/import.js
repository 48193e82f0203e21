// The pages of imports: a file that is too large is refused before it is sent, and progress is shown.

import { tooLarge } from "./file_size.js";

const PAUSE = 1500; // ms between two looks

const file = document.getElementById("file");
if (file) {
  const error = document.getElementById("file-error");
  const form = document.getElementById("choose");
  file.addEventListener("change", () => {
    const wrong = tooLarge(file.files[0]?.size ?? 0, Number(file.dataset.most));
    file.setCustomValidity(wrong);
    error.textContent = wrong;
  });
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.setAttribute("aria-busy", "true");
    button.textContent = "Uploading…";
  });
  // The browser shows the page from its memory when a reader goes back.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

const watched = document.getElementById("watched");
if (watched?.dataset.busy) {
  setTimeout(look, PAUSE);
}

/** Update the progress; reload the page once the work is done. */
async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("watched");
    if (!now?.dataset.busy) {
      location.reload();
      return;
    }
    update(now);
  } catch {
    // The server is restarting, or the network is gone: the next look may succeed.
  }
  setTimeout(look, PAUSE);
}

/** Change only the texts, so that a screen reader hears the new numbers and nothing else. */
function update(now) {
  const status = watched.querySelector("[role=status]");
  const text = now.querySelector("[role=status]")?.textContent;
  const bar = watched.querySelector("progress");
  const value = now.querySelector("progress");
  if (!status || !text || !bar || !value) {
    watched.replaceChildren(...now.children);
    return;
  }
  if (status.textContent !== text) status.textContent = text;
  for (const name of ["value", "max"]) {
    if (value.hasAttribute(name)) bar.setAttribute(name, value.getAttribute(name));
  }
}
