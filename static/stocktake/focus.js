// The scan box has the focus whenever nothing else needs it, so that a scanner's keys arrive there.

const TYPING = "input, textarea, select, [contenteditable]";

/** Whether a key is one that a scanner types, and would otherwise be lost. Pure. */
export function isForScanBox(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return false;
  if ([...event.key].length !== 1 || event.target.closest?.(TYPING)) return false;
  return !(event.key === " " && event.target.closest?.("a[href], button, summary"));
}

/** Keeps the focus in `box`. Returns the function that puts it there. */
export function keepFocus(box) {
  const isTouch = matchMedia("(pointer: coarse)").matches;

  function focus() {
    if (document.querySelector("dialog[open]") === null) box.focus({ preventScroll: true });
  }

  function ifLost() {
    if (document.activeElement === document.body && getSelection().isCollapsed) focus();
  }

  // Before the page's own keys: the first character of a code must not be one of these.
  document.addEventListener("keydown", (event) => {
    if (!isForScanBox(event) || document.querySelector("dialog[open]") !== null) return;
    event.stopPropagation();
    focus();
  }, { capture: true });
  document.addEventListener("click", () => setTimeout(ifLost));
  addEventListener("focus", ifLost);
  if (isTouch) {
    // A focus that nobody asked for must not open the phone's keyboard; a touch of the box does.
    box.inputMode = "none";
    box.addEventListener("pointerdown", () => {
      box.inputMode = "text";
    });
    box.addEventListener("blur", () => {
      box.inputMode = "none";
    });
  }
  focus();
  return focus;
}
