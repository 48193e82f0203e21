// Messages of rules appear on every page, and over other windows if the person has allowed that.
//
// All tabs of a browser ask together; one of them shows a message, and the others know by what it
// keeps. While no rule sends to this browser, a request in two minutes asks whether one does.

import { keep, kept } from "../shell/keep.js";
import { firstSeen, nowSeen, pause, told, unseen } from "./messages.js";

const ASKED = "inbox-asked";
const SEEN = "inbox-seen";
const OFFERED = "inbox-offered";
const WANTED = "inbox-wanted";
const SETTLES = 15_000; // ms

/** Whether this browser can show messages over other windows: `default` means it has to be asked. */
export function permission() {
  return "Notification" in window ? Notification.permission : "denied";
}

/** Asks for the permission; browsers want that a person has just clicked. */
export async function allow() {
  return (await Notification.requestPermission()) === "granted";
}

/**
 * Begins to ask the server at `base`; `tell(text, link)` shows a message on the page, `offer()` a
 * button that calls `allow`. Returns the function to call when something changed.
 */
export function startMessages(base, tell, offer) {
  const state = { wanted: kept(WANTED) !== "no", failures: 0, own: 0, changed: Date.now() };
  let timer = 0;
  let due = Infinity;

  /** When any tab asked; a clock may have been set back. */
  function since() {
    const asked = Math.max(state.own, Number(kept(ASKED)));
    return asked > Date.now() ? Infinity : Date.now() - asked;
  }

  // A message can come some seconds after the change, so a change is worth two questions.
  function plan() {
    const changed = Date.now() - state.changed < SETTLES;
    const wait = pause({ ...state, changed, since: since() });
    if (Date.now() + wait >= due) return;
    due = Date.now() + wait;
    clearTimeout(timer);
    timer = setTimeout(ask, wait + Math.random() * 1_000);
  }

  function seen(items) {
    const known = kept(SEEN);
    return known === null ? firstSeen(items, Date.now()) : JSON.parse(known);
  }

  function show(message) {
    const address = message.path && base + message.path;
    if (document.hidden && permission() === "granted" && overWindows(message, address)) return;
    const link = address ? { href: address, textContent: "Show" } : undefined;
    tell(message.text ? `${message.title}. ${message.text}` : message.title, link);
  }

  function take({ wanted, items }) {
    state.wanted = wanted;
    keep(WANTED, wanted ? "yes" : "no");
    if (wanted && permission() === "default" && kept(OFFERED) === null && !document.hidden) {
      keep(OFFERED, "yes");
      offer();
    }
    if (document.hidden && permission() !== "granted") return; // until somebody looks
    const known = seen(items);
    const fresh = unseen(items, known);
    keep(SEEN, JSON.stringify(nowSeen(known, fresh)));
    for (const message of told(fresh, "/notifications/inbox")) show(message);
  }

  async function ask() {
    due = Infinity;
    if (pause({ ...state, changed: true, since: since() }) > 5_000) return plan(); // another tab did
    state.own = Date.now();
    keep(ASKED, String(state.own));
    try {
      const answer = await fetch(`${base}/notifications/inbox/news`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      take(await answer.json());
      state.failures = 0;
    } catch {
      state.failures += 1;
    }
    plan();
  }

  function changed() {
    state.changed = Date.now();
    plan();
  }

  addEventListener("visibilitychange", () => document.hidden || changed());
  plan();
  return changed;
}

/** Shows a message over other windows; false where only service workers may, as on phones. */
function overWindows({ id, title, text }, address) {
  try {
    const shown = new Notification(title, { body: text, tag: id });
    shown.addEventListener("click", () => {
      focus();
      if (address) location.assign(address);
      shown.close();
    });
    return true;
  } catch {
    return false;
  }
}
