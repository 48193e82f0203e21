// The list holds at most 500 entries. Rows that leave it at the end are filled again at its top.

import { describeGroup } from "./groups.js";

export const ROW_LIMIT = 500;
const CALM = 5; // more new entries than this at once are not animated

/** `build(row, element)` makes a row; `search(from, to)` is the address of an Audit search. */
export function createFeed(list, build, search) {
  const elements = new WeakMap(); // entry -> its list item

  function single(entry) {
    const last = list.childElementCount >= ROW_LIMIT ? list.lastElementChild : null;
    last?.remove();
    last?.classList.remove("fresh");
    return build(entry.items[0].row, last?.matches(".row:not(.group)") ? last : null);
  }

  function group(entry) {
    const element = build(describeGroup(entry));
    const oldest = entry.items[0].row.occurredAt;
    element.classList.add("group");
    element.dataset.count = entry.count;
    if (entry.key.startsWith("order ")) element.querySelector(".name").href = search(oldest, entry.items.at(-1).row.occurredAt);
    element.querySelector(".dots")?.remove();
    element.querySelector(".undo")?.remove();
    const open = document.createElement("button");
    open.className = "expand";
    open.textContent = "Show";
    open.setAttribute("aria-expanded", "false");
    open.addEventListener("click", () => toggle(entry, element, open));
    element.append(open);
    return element;
  }

  function toggle(entry, element, button) {
    const inner = element.querySelector("ol");
    button.setAttribute("aria-expanded", String(inner === null));
    button.textContent = inner === null ? "Hide" : "Show";
    if (inner !== null) {
      inner.remove();
      return;
    }
    const items = document.createElement("ol");
    items.className = "inner";
    items.setAttribute("role", "list");
    items.append(...[...entry.items].reverse().map(({ row }) => build(row)));
    if (entry.count > entry.items.length) {
      items.append(marker(`${entry.count - entry.items.length} not shown`, search(null, entry.items[0].row.occurredAt)));
    }
    element.append(items);
  }

  const make = (entry) => (entry.note ? marker(entry.note, entry.href) : entry.count > 1 ? group(entry) : single(entry));

  return {
    /** Puts entries (oldest first) on top; an entry may also be {note, href}. */
    add(entries) {
      const made = entries.slice(-ROW_LIMIT).map((entry) => {
        const element = make(entry);
        elements.set(entry, element);
        return element;
      });
      if (made.length <= CALM) for (const element of made) element.classList.add("fresh");
      list.prepend(...made.reverse());
      while (list.childElementCount > ROW_LIMIT) list.lastElementChild.remove();
    },

    /** Shows entries again that have more changes now. */
    grow(entries) {
      for (const entry of entries) {
        const element = elements.get(entry);
        if (!element?.isConnected) continue;
        const next = group(entry);
        element.replaceWith(next);
        elements.set(entry, next);
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
