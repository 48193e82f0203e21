// How many rows are selected, and one box for all of them.

/** Follows the boxes of `root`; `counter` shows how many are ticked. */
export function followSelection(root, counter) {
  const boxes = () => [...root.querySelectorAll("tbody .pick input")];

  function show() {
    const all = boxes();
    const picked = all.filter((box) => box.checked).length;
    counter.textContent = picked;
    const whole = root.querySelector("#pick-all");
    if (whole === null) return;
    whole.hidden = false;
    whole.checked = picked > 0 && picked === all.length;
    whole.indeterminate = picked > 0 && picked < all.length;
  }

  root.addEventListener("change", (event) => {
    if (event.target.id === "pick-all") {
      for (const box of boxes()) box.checked = event.target.checked;
    }
    show();
  });
  addEventListener("reset", () => setTimeout(show));
  show();
  return show;
}
