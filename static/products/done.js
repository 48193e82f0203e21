// What the last form did becomes a toast, and leaves the address: a reload does not say it again.

import { toast } from "../shell/toast.js";

const ADDED = ["done", "saved", "undo", "count", "of", "same_barcode", "barcode_unknown"];

/** An address without what a saved form added to it. Pure. */
export function withoutDone(href) {
  const address = new URL(href);
  for (const name of ADDED) address.searchParams.delete(name);
  address.hash = "";
  return address.href;
}

/**
 * Takes what a saved form added out of the address. The saved row is brought into view first: the
 * browser itself would go to it only after this, when the address no longer names it.
 */
export function forgetDone() {
  if (location.hash === "#saved") document.getElementById("saved")?.scrollIntoView({ block: "center" });
  history.replaceState(null, "", withoutDone(location.href));
}

/** Shows the notice of the last form as a toast. */
export function showDone() {
  const notice = document.getElementById("done");
  if (notice === null) return;
  const form = notice.querySelector("form");
  notice.remove();
  const undo = () => sendUndo(form.action, new FormData(form));
  toast(notice.querySelector("[data-part=text]").textContent.trim(), form ? { undo } : {});
  forgetDone();
}

/** Takes back what a request did; throws what the server says if it cannot be. */
export async function sendUndo(action, fields) {
  const answer = await fetch(action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
    redirect: "manual", // the answer leads back to this page
  });
  if (answer.type !== "opaqueredirect") throw new Error((await answer.json()).detail);
}
