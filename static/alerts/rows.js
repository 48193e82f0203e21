// A newer list is put into the page cell by cell. While somebody reads the list, points at it or has
// the focus in it, rows keep their places: one that is gone says so, and new ones wait.

const rowsIn = (root) => new Map([...root.querySelectorAll("tbody tr[data-product]")].map((row) => [keyOf(row), row]));
const keyOf = (row) => `${row.dataset.product}\n${row.dataset.single ?? ""}`;

/** What a newer list changes: which rows stay, are gone, and are new, by their keys. Pure. */
export function difference(shown, wanted) {
  const [now, next] = [new Set(shown), new Set(wanted)];
  return {
    gone: shown.filter((key) => !next.has(key)),
    fresh: wanted.filter((key) => !now.has(key)),
  };
}

/** How many products wait to be shown: `2 more alerts` or empty. Pure. */
export function waitingText(count) {
  return count === 0 ? "" : `${count} more alert${count === 1 ? "" : "s"}`;
}

// A popover that is open is in use, and so is what has the focus.
function isInUse(cell) {
  return cell.contains(cell.ownerDocument.activeElement) || cell.querySelector(":popover-open") !== null;
}

// The focus is moved to the row's link before its element goes: lost, it would be at the page's top.
function focusLeaves(row, cell) {
  const hadFocus = cell.contains(document.activeElement);
  if (hadFocus) row.querySelector("a.name").focus({ preventScroll: true });
  return hadFocus;
}

/** Puts the cells of a row that differ in their places; those in use wait, unless `all`. */
function patchRow(row, next, all = false) {
  const [old, fresh] = [[...row.cells], [...next.cells]];
  if (old.length !== fresh.length) return;
  row.classList.remove("gone");
  old.forEach((cell, place) => {
    if (cell.dataset.level !== fresh[place].dataset.level) cell.dataset.level = fresh[place].dataset.level ?? "";
    if (cell.innerHTML === fresh[place].innerHTML || (isInUse(cell) && !all)) return;
    const hadFocus = focusLeaves(row, cell);
    cell.replaceChildren(...fresh[place].childNodes);
    if (hadFocus) [...cell.querySelectorAll("button")].at(-1)?.focus();
  });
}

/** Says in a row what became of it, and takes its actions away; it keeps its place. */
function retire(row, word) {
  if (row.classList.contains("gone")) return;
  row.classList.add("gone");
  const acts = row.querySelector(".acts");
  if (acts !== null) {
    focusLeaves(row, acts);
    acts.replaceChildren();
  }
  const cell = row.querySelector(".state") ?? row.querySelector("th");
  cell.append(" ", Object.assign(document.createElement("small"), { textContent: word, className: "became" }));
}

/**
 * Puts the rows of `next` into `root`, which holds the page's list; returns how many wait.
 * `held`: rows keep their places. `words`: what became of rows that are gone, by product.
 */
export function mergeRows(root, next, held, words = new Map()) {
  const [now, wanted] = [rowsIn(root), rowsIn(next)];
  const { gone, fresh } = difference([...now.keys()], [...wanted.keys()]);
  for (const [key, row] of now) {
    const product = row.dataset.product;
    if (!wanted.has(key)) held || isInUse(row) ? retire(row, words.get(product) ?? "not in this list any more") : row.remove();
    else patchRow(row, wanted.get(key), words.has(product));
  }
  if (held) return fresh.length;
  const body = root.querySelector("tbody");
  if (body === null || wanted.size === 0) {
    root.replaceChildren(...next.childNodes); // a list begins or ends
    return 0;
  }
  const [pages, nextPages] = [root, next].map((one) => one.querySelector(".pages"));
  if (pages.innerHTML !== nextPages.innerHTML) pages.replaceChildren(...nextPages.childNodes);
  // Only rows that are not where they belong move: a move ends what is open in them.
  let place = body.firstElementChild;
  for (const [key, wantedRow] of wanted) {
    while (place?.classList.contains("gone")) place = place.nextElementSibling;
    const row = now.get(key) ?? wantedRow;
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
  return 0;
}
