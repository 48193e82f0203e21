// The server renders the list; its answers replace the parts of the page that they change.

import { createTimes, localiseTimes } from "../shell/times.js";

const times = createTimes();

/** A response as `{status, url, isPage, error, page}`; `page` is its document. */
export async function readPage(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const take = page.getElementById("take");
  return {
    status: response.status,
    url: response.url,
    page,
    isPage: take !== null,
    error: take?.dataset.error ?? null,
  };
}

/** Puts the list of an answer in the place of the shown one; whether it asks a question. */
export function show({ page, url, error }) {
  const active = document.activeElement;
  const fresh = document.adoptNode(page.getElementById("take"));
  localiseTimes(fresh, times);
  document.getElementById("take").replaceWith(fresh);
  const name = page.getElementById("name");
  const old = document.getElementById("name");
  if (name !== null && old !== null && !old.contains(active) && !isRenaming(old)) old.replaceWith(document.adoptNode(name));
  const draft = document.querySelector("#scan [name=draft]");
  if (draft !== null && fresh.dataset.draft !== "") draft.value = fresh.dataset.draft;
  if (error === null) history.replaceState(null, "", url);
  if (active.id !== "" && !active.isConnected) takeOver(active, document.getElementById(active.id));
  const asks = "ask" in fresh.dataset;
  if (asks) fresh.querySelector("#ask :is(button, input:not([type=hidden]))").focus();
  return asks;
}

/** Shows what others have made of the list; an error that somebody may still read stays. */
export function showNews(answer) {
  const old = document.getElementById("take");
  const error = answer.error === null ? old.querySelector(":scope > .notice.bad") : null;
  const fresh = answer.page.getElementById("take");
  if (error !== null && "error" in old.dataset) {
    error.removeAttribute("role"); // it was read out when it came
    fresh.dataset.error = old.dataset.error;
    fresh.prepend(document.adoptNode(error));
  }
  show({ ...answer, url: location.href });
}

/** Whether somebody has typed another name for a list, and not saved it. */
function isRenaming(form) {
  const input = form.querySelector("input[name=list_name]");
  return form.querySelector("[name=draft]") !== null && input !== null && input.value !== input.defaultValue;
}

/** The field that somebody is in keeps the focus, and what is being typed. */
function takeOver(old, fresh) {
  if (fresh === null) return;
  if (old.value !== old.defaultValue && old.value !== old.dataset.sent) fresh.value = old.value;
  fresh.focus({ preventScroll: true });
  fresh.setSelectionRange?.(old.selectionStart, old.selectionEnd);
}
