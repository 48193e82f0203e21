// A button and Alt+P pause and resume; the button shows how many changes are waiting.
//
// A single letter would conflict with screen readers and voice input (WCAG 2.1.4).

/** `onChange(paused)` is called after each toggle. Returns a function that shows the count. */
export function createPauseControl(button, onChange) {
  const text = button.querySelector("[data-part=text]");
  let paused = false;
  let shown = null;

  function show(count) {
    const next = !paused ? "Pause" : count === 0 ? "Resume" : `Resume \u00b7 ${count} new`;
    if (next !== shown) text.textContent = shown = next;
  }

  function toggle() {
    paused = !paused;
    button.dataset.paused = String(paused);
    onChange(paused);
  }

  button.addEventListener("click", toggle);
  addEventListener("keydown", (event) => {
    // Check the key's position, too: with Alt, some keyboard layouts produce another character.
    if (event.altKey && !event.repeat && (event.code === "KeyP" || event.key === "p")) {
      event.preventDefault();
      toggle();
    }
  });
  button.hidden = false;
  show(0);
  return show;
}
