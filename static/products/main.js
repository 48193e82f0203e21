// The Products page: stock cells follow the stream, and stock changes do not leave the page.

import { quantity } from "../rows/format.js";
import { listen } from "../stream/page_stream.js";
import { takeOver } from "./adjust.js";
import { createCells } from "./cells.js";

const main = document.querySelector("main");
const table = document.querySelector("table.products");
const news = document.getElementById("news");
const summary = document.getElementById("summary");

function reloadNotice(text) {
  const link = Object.assign(document.createElement("a"), { href: location.href, textContent: "Reload" });
  news.replaceChildren(`${text} `, link);
  news.hidden = false;
}

const cells = createCells(table ?? document.createElement("table"), main.dataset.metadata);
if (table !== null) {
  takeOver(table, main.dataset.api, (row, product) => {
    cells.set(row, product);
    summary.textContent = `${row.querySelector("[data-part=name]").textContent}: stock is now ${quantity(product.stock, product.unit)}.`;
  });
}

listen({
  onEvents(events) {
    for (const event of events) {
      cells.apply(event);
      if (event.kind === "inserted" && !cells.has(event.product_id)) {
        reloadNotice("New products were added.");
      }
    }
  },
  onGap: () => reloadNotice("This page missed some changes, so the stock shown may be out of date."),
});
