// The Admin page works without this: it copies secrets, and sends a form once.

const copied = document.getElementById("copied");

async function copy(button) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.copy));
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    copied.textContent = `${field.labels[0].textContent} copied.`;
  } catch {
    // Browsers let only pages on HTTPS or this machine write to the clipboard.
    copied.textContent = "This browser does not let the page copy: press Ctrl+C (or ⌘C), it is selected.";
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

// A second click would make the key again, be refused, and its page would replace the key's.
document.getElementById("make")?.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.ariaBusy === "true") event.preventDefault();
  form.ariaBusy = "true";
});
addEventListener("pageshow", () => {
  const form = document.getElementById("make");
  if (form) form.ariaBusy = null;
});
