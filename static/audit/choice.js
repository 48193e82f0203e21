// A chosen change is shown beside the list; arrow keys move the choice.
//
// Its address is that of the link in its row, so a reload shows the same. A narrow screen has no
// room beside the list: there the link leads to the change as a page of its own.

/** The link `step` places after `link`, or the same at an end of the list. Pure. */
export function neighbour(links, link, step) {
  const place = links.indexOf(link) + step;
  return links[Math.min(Math.max(place, 0), links.length - 1)];
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const REST = 80; // ms; a key that is held down fetches nothing in between

/**
 * Makes the links `a.open` of `list` choose. `load(query)` resolves to the change's HTML, of which
 * `show(html)` puts into the pane; `move(href)` changes the address, and `leave(href)` leaves the page.
 */
export function watchChoice(list, { load, show, move, leave, isWide }) {
  let latest = null;

  async function choose(link) {
    if (latest === link) return;
    latest = link;
    for (const one of list.querySelectorAll("a.open[aria-current]")) one.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    await new Promise((resolve) => setTimeout(resolve, REST));
    if (latest !== link) return;
    try {
      const html = await load(new URL(link.href).search);
      if (latest !== link) return;
      show(html);
      move(link.href);
    } catch {
      if (latest === link) leave(link.href);
    }
  }

  list.addEventListener("click", (event) => {
    const link = event.target.closest("a.open");
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link === null || !plain || !isWide()) return;
    event.preventDefault();
    choose(link);
  });
  list.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const row = event.target.closest(".row");
    if (step === undefined || row === null || !isWide()) return;
    event.preventDefault();
    const links = [...list.querySelectorAll("a.open")];
    const next = neighbour(links, row.querySelector("a.open"), step);
    next.focus();
    choose(next);
  });
}
