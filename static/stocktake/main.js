// Scans go to the server one by one; without network they wait in the browser.

import { toast } from "../shell/toast.js";
import { listen } from "../stream/page_stream.js";
import { startCamera } from "./camera.js";
import { keepFocus } from "./focus.js";
import { createKeypad } from "./keypad.js";
import { createMoved } from "./moved.js";
import { followOthers } from "./others.js";
import { readPage, show, showNews } from "./page.js";
import { createQueue, MOST } from "./queue.js";
import { run } from "./run.js";
import { createSender } from "./sending.js";

const PATIENCE = 20_000; // ms for an answer
const UNREACHABLE = "Not sent: the server cannot be reached. Try again.";

const $ = (id) => document.getElementById(id);
const take = () => $("take");
const form = /** @type {HTMLFormElement | null} */ ($("scan"));
const fields = /** @type {any} */ (form?.elements);
const path = take().dataset.path;
const moved = createMoved(take);
const queue = createQueue(localStorage);
const sender = createSender(queue, post, answered, showState);
let focusBox = () => {};
let keypad = { renew() {} };
let closed = ""; // the list that takes no more
let last = ""; // the product of the last line that was added here
let running = false; // a commit, or an undo

const html = { Accept: "text/html" };
const asForm = (given) => new URLSearchParams(Object.entries(given));
const ask = async (url, options = {}) => readPage(await fetch(url, { headers: html, signal: AbortSignal.timeout(PATIENCE), ...options }));

function post({ id, made, ...scan }) {
  const token = fields?.csrf_token?.value;
  return ask(`${path}/scan`, { method: "POST", body: asForm({ ...scan, waited: Math.max(0, Date.now() - made), scan: id, ...(token && { csrf_token: token }) }) });
}

function renew() {
  last = take().querySelector("tr[data-product]")?.dataset.product ?? "";
  follow();
}

function follow() {
  moved.renew();
  keypad.renew();
}

// Others have changed the list. The keypad stays with the line that was added here, and the scan box
// stays even if the list is committed: what is scanned next is refused, and can go to a new list.
function onNews(answer) {
  showNews(answer);
  follow();
}

function lastRow() {
  const own = `tr[data-product="${CSS.escape(last)}"]:has(form[data-amount])`;
  return take().querySelector(own) ?? take().querySelector("tr[data-product]:has(form[data-amount])");
}

function answered(scan, answer) {
  const asks = show(answer);
  if (answer.error !== null && queue.size > 0) keepRefused(scan);
  else if (answer.error !== null && scan.code && fields.code.value === "") fields.code.value = scan.code;
  renew();
  if (!asks && !take().contains(document.activeElement)) focusBox();
  return asks;
}

// The answers to the scans behind it would hide why one was refused.
function keepRefused(scan) {
  const list = $("refused");
  const why = take().querySelector(".notice.bad[role=alert]")?.textContent ?? "";
  const what = [scan.amount, scan.code || scan.product].filter(Boolean).join(" × ");
  list.append(Object.assign(document.createElement("p"), { textContent: `${what}: ${why}` }));
  list.hidden = false;
}

// Queues a scan. It is sent with its age, so that the server can find the stock of that moment.
function add(given) {
  const known = { draft: fields.draft.value, mode: fields.mode.value, list_name: $("list-name")?.value ?? "" };
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (!queue.add({ ...known, made: Date.now(), ...given, id })) {
    toast(`${MOST} scans wait for the network: this one was not taken.`, { bad: true });
    return false;
  }
  sender.send();
  return true;
}

function showState(state) {
  const notice = $("unsent");
  if (notice === null) return;
  const count = queue.size;
  const scans = `${count} ${count === 1 ? "scan" : "scans"}`;
  const texts = {
    offline: `${scans} wait for the network. They are kept in this browser.`,
    closed: `${scans} not added: the list is committed, discarded or full.`,
    stopped: `${scans} not added. Reload the page: you may have to sign in again.`,
  };
  closed = state === "closed" ? queue.first().draft : "";
  notice.hidden = count === 0 || !(state in texts);
  notice.querySelector("[data-part=text]").textContent = texts[state] ?? "";
  notice.querySelector("button").hidden = state !== "closed";
}

async function inline(element, submitter) {
  const sent = new URLSearchParams(/** @type {any} */ (new FormData(element, submitter)));
  const isGet = element.method === "get";
  try {
    const answer = await ask(isGet ? `${element.action}?${sent}` : element.action, isGet ? {} : { method: "POST", body: sent });
    if (!answer.isPage) return location.reload(); // signed out
    const asks = show(answer);
    renew();
    if (!asks) focusBox();
    sender.ask(asks);
  } catch {
    toast(UNREACHABLE, { bad: true });
  }
}

function setAmount(input) {
  const { product, reason } = input.form.elements;
  if (input.value === input.dataset.sent || !input.reportValidity()) return;
  input.dataset.sent = input.value;
  add({ product: product.value, reason: reason.value, amount: input.value, set: "1" });
}

async function runForm(element) {
  const button = element.querySelector("button");
  if (queue.countOf(take().dataset.draft) > 0) return toast("Some scans are not sent yet. Wait until they are, then commit.", { bad: true });
  const undoes = element.action.endsWith("/undo");
  button.ariaBusy = "true";
  button.disabled = true;
  const status = Object.assign(document.createElement("p"), { role: "status" });
  element.append(status);
  running = true;
  try {
    const { written, failed } = await run(element, (text) => {
      status.textContent = text;
    });
    await look();
    toast(`${written} ${written === 1 ? "line" : "lines"} ${undoes ? "undone" : "committed"}.${failed > 0 ? ` ${failed} could not be.` : ""}`, { bad: failed > 0 });
  } catch (error) {
    toast(error.message, { bad: true });
    button.disabled = false;
    button.ariaBusy = null;
    status.remove();
  } finally {
    running = false;
  }
}

// The page as it is now; its top may be another one, so it is loaded as a whole if that differs.
async function look() {
  const draft = take().dataset.draft;
  const answer = await ask(`${path}?draft=${draft}`);
  const isOpen = answer.page.getElementById("scan") !== null;
  if (!answer.isPage || isOpen !== (form !== null)) {
    location.assign(`${path}?draft=${draft}`);
    return;
  }
  show(answer);
  renew();
}

document.addEventListener("submit", (event) => {
  const element = /** @type {HTMLFormElement} */ (event.target);
  const { inline: isInline, find, run: runs, amount } = element.dataset;
  if (amount !== undefined) {
    event.preventDefault();
    setAmount(element.elements.namedItem("amount"));
    focusBox();
  } else if (runs !== undefined) {
    event.preventDefault();
    runForm(element);
  } else if (isInline !== undefined || find !== undefined) {
    event.preventDefault();
    inline(element, event.submitter);
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("form[data-amount] input")) setAmount(event.target);
});
document.addEventListener("click", (event) => {
  const skip = event.target.closest("a[data-skip]");
  if (skip === null) return;
  event.preventDefault();
  ask(skip.href).then((answer) => {
    show(answer);
    focusBox();
    sender.ask(false);
  }, () => toast(UNREACHABLE, { bad: true }));
});

if (form !== null) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { code, amount, reason } = fields;
    if (code.value.trim() === "") return;
    if (add({ code: code.value.trim(), amount: amount.value, reason: reason?.value ?? "" })) code.value = amount.value = "";
    focusBox();
  });
  focusBox = keepFocus(fields.code);
  keypad = createKeypad($("keypad"), lastRow, (row, amount) => {
    add({ product: row.dataset.product, reason: row.querySelector("[name=reason]").value, amount, set: "1" });
  });
  startCamera($("camera"), $("viewfinder"), form.dataset.decoder, (code) => add({ code, amount: "" }));
  $("unsent").querySelector("button").addEventListener("click", () => {
    queue.move(closed, take().dataset.fresh);
    fields.draft.value = take().dataset.fresh;
    sender.send();
  });
  addEventListener("online", () => sender.send());
  sender.ask("ask" in take().dataset);
}
renew();
listen({ onEvents: (events) => moved.apply(events) });
followOthers(take, ask, () => running || queue.size > 0, onNews);
