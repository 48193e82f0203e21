// Rows are clones of the server's <template>, filled by textContent only, so that data from
// other programs is never parsed as HTML.

const FIELDS = ["mark", "label", "name", "shownId", "change", "level", "who", "reason", "reference", "note"];
const REVERSES = "takes back a change";

/**
 * Returns `build(row, element)`, which fills a new row, or one that is shown no more, from the
 * result of `describe`. It keeps no references to a row's parts: 500 rows have 7,000.
 */
export function createRowBuilder(template, historyUrl, eventUrl, times) {
  const pattern = template.content.firstElementChild;

  return function build(row, old = null) {
    const element = old ?? pattern.cloneNode(true);
    const parts = {};
    for (const part of element.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
    set(element, "data-id", row.id);
    set(element, "data-kind", row.kind);
    set(element, "data-level", row.level);
    for (const field of FIELDS) write(parts[field], row[field]);
    set(parts.change, "title", row.change.length > 20 ? row.change : "");
    parts.who.classList.toggle("outside", row.outside);
    set(parts.name, "href", `${historyUrl}?id=${encodeURIComponent(row.productId)}`);
    write(parts.reverses, row.reverses ? REVERSES : "");
    if (row.reverses) set(parts.reverses, "href", `${eventUrl}/${encodeURIComponent(row.reverses)}`);
    if (parts.dots) set(parts.dots, "href", `${eventUrl}/${encodeURIComponent(row.id)}`);
    if (parts.undo) {
      parts.undo.value = row.id;
      parts.undo.hidden = !row.undoable;
    }
    set(parts.time, "datetime", row.occurredAt);
    times.show(parts.time);
    return element;
  };
}

// Whatever is written again costs style and layout, even if it is the same.
function write(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

function set(part, name, value) {
  if (part.getAttribute(name) !== value) part.setAttribute(name, value);
}
