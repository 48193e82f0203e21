// Alerts that opened while nobody looked are counted in the title and the icon, and told on return.
//
// Only changes open alerts, so a quiet shop costs no request. In a busy one, all tabs of a browser
// together ask about once a minute.

import { keep, kept } from "./keep.js";

const EVERY = 60_000;
const DELAY = 5_000; // an alert opens a moment after its change
const LIMIT = 20;

const STATES = { low: "is low", out: "is out of stock", negative: "is below zero" };

/** The open alerts that are newer than `seen`, a time as the API writes it. Pure. */
export function newer(alerts, seen) {
  return alerts.filter((alert) => alert.since > seen);
}

/** New alerts as a sentence: `Kettle is low: 2 left.` Pure. */
export function told(alerts) {
  const name = (alert) => alert.product_name || alert.product_id;
  if (alerts.length === 1) {
    const [one] = alerts;
    const left = one.kind === "low" && one.stock !== null ? `: ${one.stock} left` : "";
    return `${name(one)} ${STATES[one.kind]}${left}.`;
  }
  const names = alerts.slice(0, 3).map(name).join(", ");
  return `${counted(alerts.length)} new alerts: ${names}${alerts.length > 3 ? " and more" : ""}.`;
}

/** The number of alerts as far as it is known. Pure. */
export function counted(number) {
  return number >= LIMIT ? `${LIMIT}+` : String(number);
}

/** A picture of the number, as an address. Pure. */
export function numberedIcon(number) {
  const text = number > 9 ? "9+" : number;
  return `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#b3201d"/><text x="16" y="24" font-family="sans-serif" font-size="22" font-weight="700" text-anchor="middle" fill="#fff">${text}</text></svg>`,
  )}`;
}

/** Returns the function to call when something changed. `tell(text)` shows a message. */
export function startAlertNews(address, tell) {
  const icon = /** @type {HTMLLinkElement} */ (document.getElementById("icon"));
  const plain = { title: document.title, icon: icon.href };
  let news = [];
  let timer = null;
  let own = 0; // when this tab asked, if the browser keeps nothing

  /** Milliseconds until it is time to ask again; a clock may have been set back. */
  function left() {
    const asked = Math.max(own, Number(kept("alerts-asked")));
    return asked > Date.now() ? 0 : Math.max(0, asked + EVERY - Date.now());
  }

  function show() {
    document.title = news.length > 0 ? `(${counted(news.length)}) ${plain.title}` : plain.title;
    icon.href = news.length > 0 ? numberedIcon(news.length) : plain.icon;
  }

  function look() {
    if (document.hidden || news.length === 0) return;
    tell(told(news));
    keep("alerts-seen", news[0].since);
    news = [];
    show();
  }

  function take(alerts) {
    const seen = kept("alerts-seen");
    if (seen === null) keep("alerts-seen", alerts[0]?.since ?? new Date().toISOString()); // the first visit: none is news
    news = seen === null ? [] : newer(alerts, seen);
    show();
    look();
  }

  async function ask() {
    timer = null;
    if (left() > 0) return; // another tab did, and told all
    own = Date.now();
    keep("alerts-asked", String(own));
    try {
      const answer = await fetch(`${address}?limit=${LIMIT}`);
      if (answer.ok) keep("alerts", JSON.stringify((await answer.json()).items));
      take(JSON.parse(kept("alerts") ?? "[]"));
    } catch {
      // the next change asks again
    }
  }

  addEventListener("visibilitychange", look);
  addEventListener("storage", (event) => {
    if (["stockpulse-alerts", "stockpulse-alerts-seen"].includes(event.key)) take(JSON.parse(kept("alerts") ?? "[]"));
  });
  return function changed() {
    timer ??= setTimeout(ask, Math.max(DELAY, left()) + Math.random() * 1_000);
  };
}
