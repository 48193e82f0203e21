// A chart is drawn from a table, so both have the same figures and lead to the same places.
//
// A row is a bar or a point. Its `data-short` is the label on the axis, and the link of its heading
// where it leads to. A cell with `data-up` and `data-down` is a part of the bar, whose column's
// heading has its `data-group`; a cell with `data-value` is the height of the point.

/**
 * `{rows: [{short, words, href}], parts: [{group, up, down, hrefs}], values}`; `parts` and `values`
 * have one entry for each row, null where the table has none.
 */
export function readTable(table) {
  const headings = [...table.tHead.rows[0].cells];
  const lines = [...table.tBodies[0].rows];
  const rows = lines.map((line) => ({
    short: line.dataset.short ?? "",
    words: wordsOf(headings, line),
    href: hrefOf(line.cells[0]),
  }));
  const parts = headings.flatMap((heading, column) => {
    if (heading.dataset.group === undefined) return [];
    const cells = lines.map((line) => line.cells[column]);
    return [{
      group: heading.dataset.group,
      up: cells.map((cell) => Number(cell.dataset.up ?? 0)),
      down: cells.map((cell) => Number(cell.dataset.down ?? 0)),
      hrefs: cells.map(hrefOf),
    }];
  });
  const values = lines.map((line) => {
    const cell = [...line.cells].find((one) => one.dataset.value !== undefined);
    return cell === undefined ? null : Number(cell.dataset.value);
  });
  return { rows, parts, values };
}

// `Sat 28 Nov: In 40, Out 3, Sold −3`; cells where nothing is are left out.
function wordsOf(headings, line) {
  const [heading, ...cells] = line.cells;
  const texts = cells.map((cell, at) => [headings[at + 1].textContent.trim(), cell.textContent.trim()]);
  const told = texts.filter(([, text]) => text !== "–" && text !== "0");
  const list = told.map(([name, text]) => `${name} ${text}`).join(", ");
  return `${heading.textContent.trim()}: ${list === "" ? "nothing" : list}`;
}

const hrefOf = (cell) => cell?.querySelector("a")?.href ?? null;
