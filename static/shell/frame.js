// What every page has: ages, keys, news of alerts, and messages of rules.

import { allow, startMessages } from "../notifications/watch.js";
import { listen } from "../stream/page_stream.js";
import { startAlertNews } from "./alert_news.js";
import { onKey, startKeys } from "./keys.js";
import { startMoments } from "./moment.js";
import { createTimes, localiseTimes } from "./times.js";
import { toast, undoLatest } from "./toast.js";

const AGES = 5_000;
const { base, zone, readOnly } = document.documentElement.dataset;
const more = document.getElementById("more");

const times = createTimes();
const showAges = () => document.hidden || localiseTimes(document, times);
showAges();
setInterval(showAges, AGES);
addEventListener("visibilitychange", showAges);
startMoments(zone);

// A page without a search or a list that pauses has no key for it.
function bind(key, label, selector, act) {
  if (document.querySelector(selector) === null) return;
  onKey(key, label, () => {
    const element = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
    if (element === undefined) return false;
    act(element);
  });
}

bind("/", "Search", "main [type=search]", (search) => search.focus());
bind(" ", "Pause or resume the list", "#pause", (button) => button.click());
onKey("Enter", "Open the chosen row", (event) => {
  const link = event.target.matches("li, tr") && event.target.querySelector("a[href]");
  if (!link) return false;
  link.click();
});
if (readOnly === undefined) onKey("u", "Undo what was just done", undoLatest);
startKeys(document.getElementById("show-keys"));

// A menu closes as menus do.
addEventListener("click", (event) => {
  if (!more.contains(event.target) || event.target.closest(".menu :is(a, button)")) more.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !more.open) return;
  const inside = more.contains(document.activeElement);
  more.open = false;
  if (inside) more.querySelector("summary").focus();
});

const changed = startAlertNews(`${base}/v1/alerts`, (text) => toast(text, { link: { href: `${base}/alerts`, textContent: "Show" } }));
const message = startMessages(
  base,
  (text, link) => toast(text, { link }),
  () => toast("Show messages while you look at something else, too?", { act: { word: "Allow", press: allow } }),
);
listen({
  onEvents(events) {
    if (events.length === 0) return;
    changed();
    message();
  },
});
