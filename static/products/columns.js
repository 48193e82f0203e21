// Which columns are shown is kept in this browser.

const KEY = "stockpulse.products.hidden";

/** The hidden columns as stored; anything else is none. Pure. */
export function hiddenColumns(stored) {
  return (stored ?? "").split(" ").filter((name) => /^[a-z]+$/.test(name));
}

/** Shows the button of `menu`, whose boxes hide the columns of the tables below `root`. */
export function chooseColumns(menu, button, root) {
  const boxes = [...menu.querySelectorAll("input")];
  const read = () => {
    try {
      return hiddenColumns(localStorage.getItem(KEY));
    } catch {
      return []; // the browser stores nothing for this site
    }
  };
  const show = (hidden) => {
    root.dataset.hidden = hidden.join(" ");
  };
  const hidden = read();
  for (const box of boxes) box.checked = !hidden.includes(box.value);
  show(hidden);
  button.hidden = false;
  menu.addEventListener("change", () => {
    const now = boxes.filter((box) => !box.checked).map((box) => box.value);
    show(now);
    try {
      localStorage.setItem(KEY, now.join(" "));
    } catch {
      // then the choice lasts as long as the page
    }
  });
}
