// A message at the bottom that leaves by itself. With `undo`, a button calls it and says how it went.

const SHOWN = 12_000; // ms

/** Shows a text; `undo()` returns a promise. */
export function toast(text, { undo } = {}) {
  const holder = document.getElementById("toasts") ?? addHolder();
  const element = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  if (undo) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Undo" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      element.textContent = await undo().then(() => "Undone.", (error) => error.message);
    });
    element.append(" ", button);
  }
  holder.replaceChildren(element);
  setTimeout(() => element.remove(), SHOWN);
}

function addHolder() {
  const holder = Object.assign(document.createElement("div"), { id: "toasts" });
  holder.setAttribute("role", "status");
  return document.body.appendChild(holder);
}
