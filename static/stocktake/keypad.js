// On a phone, large keys set the quantity of the last line without the phone's own keyboard.

const SETTLED = 900; // ms after the last key

/** The text after a key: a digit, "." or "back". Pure. */
export function typed(text, key) {
  if (key === "back") return text.slice(0, -1);
  if (key === "." && (text.includes(".") || text === "")) return text === "" ? "0." : text;
  return text.length < 12 ? (text === "0" && key !== "." ? key : text + key) : text;
}

/** `last()` is the row of the last line, or null; `onAmount(row, amount)` is called once keys rest. */
export function createKeypad(keypad, last, onAmount) {
  const part = (name) => keypad.querySelector(`[data-part=${name}]`);
  let text = "";
  let timer = 0;
  let row = null;

  function show() {
    part("amount").textContent = text === "" ? row.dataset.amount : text;
  }

  function finish() {
    clearTimeout(timer);
    if (text !== "" && !text.endsWith(".")) onAmount(row, text);
    text = "";
  }

  keypad.addEventListener("click", (event) => {
    const key = event.target.closest("button")?.value;
    if (!key || row === null) return;
    text = typed(text, key);
    show();
    clearTimeout(timer);
    timer = setTimeout(finish, SETTLED);
  });

  return {
    /** Keep what was typed for the line before, and show the last line. */
    renew() {
      const next = last();
      if (text !== "" && next?.dataset.product === row?.dataset.product) {
        row = next; // still typing for the same line
        return;
      }
      if (text !== "") finish();
      row = next;
      keypad.hidden = row === null;
      if (row === null) return;
      part("name").textContent = row.dataset.name;
      show();
    },
  };
}
