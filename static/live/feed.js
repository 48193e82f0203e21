// The list holds at most 500 rows, plus one for a note, and changes once per flush.

export const ROW_LIMIT = 500;
const CALM = 12; // more new rows than this at once are not animated

/** Returns a function that adds items (from `describe`, or `{note}`; oldest first) to `list`. */
export function createFeed(list, build, filter) {
  return function add(items) {
    const noted = items.some((item) => item.note) || list.querySelector(":scope > .marker");
    const limit = ROW_LIMIT + (noted ? 1 : 0);
    const elements = items
      .slice(-limit)
      .reverse()
      .map((item) => (item.id ? build(item) : marker(item.note)));
    if (elements.length <= CALM) for (const element of elements) element.classList.add("fresh");
    filter.take(elements);
    list.prepend(...elements);
    while (list.childElementCount > limit) list.lastElementChild.remove();
    filter.report();
  };
}

// A list item that says what is missing at this place.
function marker(text) {
  const element = document.createElement("li");
  element.className = "marker";
  element.textContent = text;
  return element;
}
