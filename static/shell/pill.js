// The pill shows the page's condition; while it is stale, a sentence above the page says so, too.

import { staleText } from "./condition.js";

/**
 * Returns a function that shows a view of `createCondition`. The pill is a live region, so its
 * text changes only with the state; the detail beside it is not announced.
 */
export function createPill(pill, retry, banner) {
  const [text, detail] = ["text", "detail"].map((name) => pill.querySelector(`[data-part=${name}]`));
  return function show(view, now) {
    pill.dataset.state = view.state;
    put(text, view.text);
    put(detail, view.detail ?? "");
    pill.title = view.title ?? "";
    retry.hidden = !view.retry;
    document.documentElement.toggleAttribute("data-stale", Boolean(view.stale));
    banner.hidden = !view.stale;
    if (view.stale) put(banner, staleText(view.stale, now));
  };
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
