// Rows are clones of the server's <template>, filled by textContent only, so that data from
// other programs is never parsed as HTML.

const FIELDS = ["mark", "label", "shownId", "change", "who", "reason", "note", "reference"];

/** Returns a function that builds a row element from the result of `describe`. */
export function createRowBuilder(template, historyUrl, eventUrl, times) {
  const pattern = template.content.firstElementChild;

  return function build(row) {
    const element = pattern.cloneNode(true);
    const parts = {};
    for (const part of element.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;

    element.dataset.id = row.id;
    element.dataset.kind = row.kind;
    element.dataset.direction = row.direction;
    for (const field of FIELDS) parts[field].textContent = row[field];
    parts.who.classList.toggle("outside", row.outside);
    parts.name.textContent = row.name;
    parts.name.href = `${historyUrl}?id=${encodeURIComponent(row.productId)}`;
    if (row.reverses) {
      parts.reverses.textContent = "takes back a change";
      parts.reverses.href = `${eventUrl}/${encodeURIComponent(row.reverses)}`;
    }
    parts.time.dateTime = row.occurredAt;
    times.show(parts.time);
    return element;
  };
}
