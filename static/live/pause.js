// A button and Alt+P pause and resume; so does Space (static/shell/keys.js).

/** `onChange(paused)` is called after each toggle. */
export function createPauseControl(button, onChange) {
  const text = button.querySelector("[data-part=text]");
  let paused = false;

  function toggle() {
    paused = !paused;
    button.dataset.paused = String(paused);
    text.textContent = paused ? "Resume" : "Pause";
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
}
