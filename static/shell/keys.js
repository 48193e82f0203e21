// Single keys act on the page, except while somebody types; they can be switched off (WCAG 2.1.4).

import { keep, kept } from "./keep.js";

const TYPING = "input, textarea, select, [contenteditable]";
const PRESSED = "a[href], button, summary, [role=button]"; // Space and Enter already do something here
const NAMES = { " ": "Space" };

const bound = [];

/**
 * Calls `action(event)` for a key as in `KeyboardEvent.key`: "u", "/", " ", "Enter". `label` says in
 * the help what it does. The newest action of a key comes first; one that returns false does not
 * apply, and leaves the key to the next.
 * @param {string} key
 * @param {string} label
 * @param {(event: KeyboardEvent) => boolean | void} action
 */
export function onKey(key, label, action) {
  bound.unshift({ key, label, action });
}

/** Whether a key press may be an action of the page. Pure. */
export function isForPage(event) {
  if (event.defaultPrevented || event.repeat || event.isComposing) return false;
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  if (event.target.closest?.(TYPING)) return false;
  return !([" ", "Enter"].includes(event.key) && event.target.closest?.(PRESSED));
}

/** Each key with its label, in the order in which they were added. */
export function labels() {
  return [...new Map([...bound].reverse().map(({ key, label }) => [NAMES[key] ?? key, label]))];
}

/** Runs the action of a key press; whether there was one. */
export function press(event) {
  return bound.some(({ key, action }) => key === event.key && action(event) !== false);
}

const areOff = () => kept("keys") === "off";

/** Listens to the keyboard; `opener` is the button that shows the help. */
export function startKeys(opener) {
  const dialog = document.createElement("dialog");
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.innerHTML = `<article><h2 id="keys-title">Keyboard shortcuts</h2><dl></dl>
    <form method="dialog" class="actions"><label><input type="checkbox" role="switch"> Use these keys</label><button autofocus>Close</button></form></article>`;
  const used = dialog.querySelector("input");
  used.addEventListener("change", () => keep("keys", used.checked ? "on" : "off"));

  function showHelp() {
    used.checked = !areOff();
    dialog.querySelector("dl").replaceChildren(
      ...labels().flatMap(([key, label]) => {
        const [term, text] = [document.createElement("dt"), document.createElement("dd")];
        term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
        text.textContent = label;
        return [term, text];
      }),
    );
    dialog.showModal();
  }

  document.body.append(dialog);
  opener.hidden = false;
  opener.addEventListener("click", showHelp);
  onKey("?", "Show this help", showHelp);
  document.addEventListener("keydown", (event) => {
    if (!isForPage(event) || areOff() || document.querySelector("dialog[open]")) return;
    if (press(event)) event.preventDefault();
  });
}
