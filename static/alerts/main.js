// The Alerts page: it follows the stream, and what people do about an alert does not leave it.

import { createHold } from "../live/hold.js";
import { createRefresher } from "../product/refresh.js";
import { forgetDone, withoutDone } from "../products/done.js";
import { localiseTimes, createTimes } from "../shell/times.js";
import { toast } from "../shell/toast.js";
import { listen } from "../stream/page_stream.js";
import { mergeRows, waitingText } from "./rows.js";
import { openSheet } from "./sheets.js";

const REST = 3_000; // ms: an alert opens a moment after its change
const LATER = 12_000; // ms until a second look: changes of several servers settle in 10 s
const OTHERS = 60_000; // ms: what other people do about alerts is not in the stream
const UNREACHABLE = "Not sent: the server cannot be reached. Try again.";

const $ = (id) => document.getElementById(id);
const [list, news, times] = [$("alerts"), $("news"), createTimes()];
const words = new Map(); // what was done here about a product, until the rows move again
let opening = false; // a sheet
let latest = null; // the newest list, while the shown one keeps its rows
const hold = createHold(list, $("tabs"), () => hold.held || latest === null || queueMicrotask(() => latest && show(latest)));

function show(page) {
  latest = page;
  const waiting = mergeRows(list, page.getElementById("alerts").cloneNode(true), hold.held, words);
  if (!hold.held) {
    latest = null;
    words.clear();
  }
  news.textContent = waitingText(waiting);
  const [tabs, next] = [$("tabs"), page.getElementById("tabs")];
  if (tabs.innerHTML !== next.innerHTML && !tabs.contains(document.activeElement)) tabs.replaceChildren(...next.cloneNode(true).childNodes);
  localiseTimes(list, times);
}

const post = (action, fields) =>
  fetch(action, {
    method: "POST",
    headers: { Accept: "text/html" },
    body: new URLSearchParams([...fields].map(([name, value]) => [name, String(value)])),
  });
const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

const refresh = createRefresher(async () => {
  if (document.hidden) return;
  const answer = await fetch(withoutDone(location.href), { headers: { Accept: "text/html" }, cache: "no-store" });
  const page = await parsed(answer);
  if (answer.ok && page.getElementById("alerts")) show(page);
}, REST);

/** Sends a form; resolves to the sheet with its errors, or to null once it is done or was explained. */
async function send(form, submitter) {
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  const product = new URL(action, location.href).searchParams.get("id");
  let page;
  try {
    page = await parsed(await post(action, new FormData(form, submitter)));
  } catch {
    toast(UNREACHABLE, { bad: true });
    return form.matches(".sheet") ? form : null;
  }
  const sheet = page.querySelector("form.sheet");
  if (sheet !== null) return sheet;
  const done = page.getElementById("done");
  if (done === null) {
    explain(page);
    return null;
  }
  words.set(product, submitter?.dataset.done ?? form.dataset.done ?? "open again");
  show(page);
  say(done);
  return null;
}

/** Shows what a form did as a toast. */
function say(done) {
  const undo = done.querySelector("form");
  toast(done.querySelector("[data-part=text]").textContent.trim(), undo ? { undo: () => takeBack(undo) } : {});
}

async function takeBack(form) {
  const answer = await post(form.getAttribute("action"), new FormData(form));
  if (!answer.ok) throw new Error("Not undone. Reload the page to see the alert as it is.");
  const { searchParams } = new URL(answer.url);
  const isUndone = searchParams.get("done") !== "changed";
  if (isUndone) words.set(searchParams.get("saved"), "open again");
  show(await parsed(answer));
  if (!isUndone) throw new Error("Not undone: something else was done about it since.");
}

// The answer is the page of an error, or of signing in.
function explain(page) {
  const said = page.querySelector("main h1, main h2");
  if (said === null) location.reload();
  else toast([said, said.nextElementSibling].map((one) => one?.textContent.trim() ?? "").join(". "), { bad: true });
}

list.addEventListener("submit", (event) => {
  event.preventDefault();
  const { target: form, submitter } = event;
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  submitter?.closest("[popover]")?.hidePopover();
  send(form, submitter).then((sheet) => sheet && location.reload()).finally(() => (form.ariaBusy = null));
});
list.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-sheet]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.closest("[popover]")?.hidePopover();
  if (opening) return; // a double click is one sheet
  opening = true;
  openSheet(link.href, send)
    .catch(() => toast("Not opened: the server cannot be reached. Try again.", { bad: true }))
    .finally(() => (opening = false));
});

$("tabs").querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" }); // on a phone it may be out of sight
const print = $("print");
if (print !== null) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

const done = $("done");
if (done !== null) {
  done.remove();
  say(done);
  forgetDone();
}

let again = 0;
listen({
  onEvents(events) {
    if (events.length === 0) return;
    refresh();
    clearTimeout(again);
    again = setTimeout(refresh, LATER);
  },
  onGap: refresh,
});
setInterval(refresh, OTHERS);
addEventListener("visibilitychange", refresh);
