// A message at the bottom that leaves by itself, but not while somebody points at it or is in it.

const SHOWN = 3; // at most; an older one leaves
const TIME = 6_000;
const TIME_TO_UNDO = 12_000;

/**
 * Shows `text`. With `undo`, a button calls it once, and the toast says how that went: an error's
 * message is shown. The toast is also the target of the key `u`.
 * @param {string} text
 * @param {{undo?: () => Promise<unknown>, bad?: boolean, link?: {href: string, textContent: string} | undefined, act?: {word: string, press: () => unknown}}} [more]
 *   `bad`: it is about an error; `link`: where there is more; `act`: a button that closes the toast
 */
export function toast(text, { undo, bad = false, link, act } = {}) {
  const holder = document.getElementById("toasts");
  const element = document.createElement("p");
  element.className = bad ? "toast bad" : "toast";
  const words = element.appendChild(Object.assign(document.createElement("span"), { textContent: text }));
  let timer = 0;

  function close() {
    clearTimeout(timer);
    const hadFocus = element.contains(document.activeElement);
    element.remove();
    if (hadFocus) document.getElementById("content").focus({ preventScroll: true });
  }

  function wait(time) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (element.matches(":hover, :focus-within") || document.hidden) wait(1_000);
      else close();
    }, time);
  }

  async function takeBack(button) {
    button.disabled = true;
    try {
      await undo();
      words.textContent = "Undone.";
    } catch (error) {
      words.textContent = error.message;
      element.classList.add("bad");
    }
    element.contains(document.activeElement) && element.querySelector(".close").focus();
    button.remove();
    wait(TIME);
  }

  if (link) element.appendChild(Object.assign(document.createElement("a"), link));
  if (act) {
    const button = element.appendChild(Object.assign(document.createElement("button"), { type: "button", textContent: act.word }));
    button.addEventListener("click", () => {
      act.press();
      close();
    });
  }
  if (undo) {
    const button = element.appendChild(Object.assign(document.createElement("button"), { type: "button", textContent: "Undo", className: "undo" }));
    button.addEventListener("click", () => takeBack(button));
  }
  const dismiss = element.appendChild(Object.assign(document.createElement("button"), { type: "button", textContent: "×", className: "close" }));
  dismiss.setAttribute("aria-label", "Dismiss");
  dismiss.addEventListener("click", close);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  holder.append(element);
  while (holder.childElementCount > SHOWN) holder.firstElementChild.remove();
  wait(undo || act ? TIME_TO_UNDO : TIME);
}

/** Presses the newest Undo; false if there is none. */
export function undoLatest() {
  const button = [...document.querySelectorAll("#toasts .undo")].at(-1);
  if (!button || button.disabled) return false;
  button.click();
  return true;
}
