// The list holds at most 500 entries. Rows that leave it at the end are filled again at its top.

import { describeGroup } from "./groups.js";

export const ROW_LIMIT = 500;
const CALM = 5; // more new entries than this at once are not animated

/** `build(row, element)` makes a row; `search(from, to)` is the address of an Audit search. */
export function createFeed(list, build, search) {
  const elements = new WeakMap(); // entry -> its list item
  const entries = new WeakMap(); // list item -> its entry, unless that has one change for good

  list.addEventListener("click", ({ target }) => {
    const button = target.closest(".expand");
    if (button) toggle(button.closest(".row"), button);
  });

  function single(entry) {
    const last = list.childElementCount >= ROW_LIMIT ? list.lastElementChild : null;
    last?.remove();
    last?.classList.remove("fresh");
    return build(entry.rows[0], last?.matches(".row") && !entries.has(last) ? last : null);
  }

  // Fills the row that is there already: a new one would cost its style and layout again.
  function group(entry, old = null) {
    const inner = old?.querySelector("ol") ?? null;
    inner?.remove();
    const element = build(describeGroup(entry), old);
    element.dataset.count = entry.count;
    if (entry.key.startsWith("order ")) element.querySelector(".name").href = search(entry.rows[0].occurredAt, entry.rows.at(-1).occurredAt);
    if (!element.classList.contains("group")) begin(element);
    if (inner !== null) element.append(changesOf(entry));
    return element;
  }

  function begin(element) {
    element.classList.add("group");
    element.querySelector(".dots")?.remove();
    element.querySelector(".undo")?.remove();
    const button = document.createElement("button");
    button.className = "expand";
    button.textContent = "Show";
    button.setAttribute("aria-expanded", "false");
    element.append(button);
  }

  function toggle(element, button) {
    const inner = element.querySelector("ol");
    button.setAttribute("aria-expanded", String(inner === null));
    button.textContent = inner === null ? "Hide" : "Show";
    if (inner === null) element.append(changesOf(entries.get(element)));
    else inner.remove();
  }

  function changesOf(entry) {
    const items = document.createElement("ol");
    items.className = "inner";
    items.setAttribute("role", "list");
    items.append(...[...entry.rows].reverse().map((row) => build(row)));
    if (entry.count > entry.rows.length) {
      items.append(marker(`${entry.count - entry.rows.length} not shown`, search(null, entry.rows[0].occurredAt)));
    }
    return items;
  }

  function make(entry) {
    if (entry.note) return marker(entry.note, entry.href);
    const element = entry.count > 1 ? group(entry) : single(entry);
    if (entry.key === "") return element;
    elements.set(entry, element);
    entries.set(element, entry);
    return element;
  }

  return {
    /** Puts entries (oldest first) on top; an entry may also be {note, href}. */
    add(added) {
      const made = added.slice(-ROW_LIMIT).map(make);
      if (made.length <= CALM) for (const element of made) element.classList.add("fresh");
      list.prepend(...made.reverse());
      while (list.childElementCount > ROW_LIMIT) list.lastElementChild.remove();
    },

    /** Shows entries again that have more changes now. */
    grow(grown) {
      for (const entry of grown) {
        const element = elements.get(entry);
        if (element?.isConnected) group(entry, element);
      }
    },
  };
}

// A list item that says what is missing at this place, and leads to it.
function marker(text, href) {
  const element = document.createElement("li");
  element.className = "marker";
  element.append(Object.assign(document.createElement("a"), { textContent: text, href }));
  return element;
}
