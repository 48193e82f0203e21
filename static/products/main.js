// The Products page: cells follow the stream; searches and stock changes do not leave the page.

import { quantity } from "../rows/format.js";
import { toast } from "../shell/toast.js";
import { listen } from "../stream/page_stream.js";
import { takeOver } from "./adjust.js";
import { createCells } from "./cells.js";
import { chooseColumns } from "./columns.js";
import { sendUndo, showDone } from "./done.js";
import { fetchList, searchAsTyped } from "./search.js";
import { followSelection } from "./selection.js";

const RENEW = 2000; // ms between two looks at what edits have changed in the rows shown

const main = document.querySelector("main");
const news = document.getElementById("news");
let shownAt = Date.parse(main.dataset.now);
let timer = null;

function reloadNotice(text) {
  const link = Object.assign(document.createElement("a"), { href: location.href, textContent: "Reload" });
  news.replaceChildren(`${text} `, link);
  news.hidden = false;
}

const cells = createCells(main, main.dataset.metadata);
const picked = document.querySelector("#bulk [data-part=picked]");
const showPicked = picked ? followSelection(main, picked) : () => {};
chooseColumns(document.getElementById("columns"), document.getElementById("columns-button"), main);
showDone();

takeOver(main, main.dataset.api, (row, product, { mode, quantity: moved, requestId, csrf_token: token }) => {
  if (row) cells.set(row, product);
  const what = `${mode === "take" ? "Took" : "Added"} ${quantity(moved, product.unit)}: ${product.name ?? product.product_id} has ${quantity(product.stock, product.unit)}.`;
  toast(what, { undo: () => sendUndo(main.dataset.undo, { request: requestId, csrf_token: token ?? "" }) });
});

searchAsTyped(
  document.getElementById("find"),
  (address) => {
    cells.renew();
    showPicked();
    shownAt = Date.now();
    news.hidden = true;
    for (const field of document.querySelectorAll("[name=back]")) field.value = address.replace(location.origin, "");
  },
  () => reloadNotice("The list could not be loaded."),
);

// An edit can change any cell, and only the server formats them all.
function renewLater() {
  timer ??= setTimeout(async () => {
    timer = null;
    try {
      cells.patch(await fetchList(location.href));
    } catch {
      reloadNotice("Some products were edited.");
    }
  }, RENEW);
}

listen({
  onEvents(events) {
    for (const event of events) {
      cells.apply(event);
      const isShown = cells.has(event.product_id);
      if (isShown && event.kind === "updated") renewLater();
      if (!isShown && event.kind === "inserted" && Date.parse(event.occurred_at) > shownAt) {
        reloadNotice("New products were added.");
      }
    }
  },
  onGap: () => reloadNotice("This page missed some changes, so the stock shown may be out of date."),
});
