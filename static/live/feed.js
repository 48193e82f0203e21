// The list holds 500 rows at most (a note among them rides free), and is touched once per flush.

export const ROW_LIMIT = 500;
const CALM = 12; // more new rows than this at once are not each worth an animation

/** A function that puts items (`describe`'s results or `{note}`; oldest first) on top of `list`. */
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

// Says in the list that something is not shown in this place.
function marker(text) {
  const element = document.createElement("li");
  element.className = "marker";
  element.textContent = text;
  return element;
}
