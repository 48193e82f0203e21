// The Audit page works without this: it adds the facets, the chosen change, and the new changes.

import { startUndo } from "../rows/undo.js";
import { onKey } from "../shell/keys.js";
import { listen } from "../stream/page_stream.js";
import { watchChoice } from "./choice.js";
import { createCounter } from "./fresh.js";

const EVERY = 2_000; // ms between two counts of new changes
const PATIENCE = 10_000;
const $ = (id) => document.getElementById(id);
const wide = matchMedia("(min-width: 64.01rem)");

async function fetched(address, accept = "text/html") {
  const answer = await fetch(address, {
    cache: "no-store",
    headers: { accept },
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer;
}

/** Puts the server's HTML into an element. */
function put(element, html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  element.replaceChildren(...parsed.body.childNodes);
}

const query = $("query");
document.querySelector("[data-example]").addEventListener("click", (event) => {
  event.preventDefault();
  query.value = event.currentTarget.dataset.example;
  query.focus();
});

const facets = $("facets");
if (facets.querySelector("a[href*=facets]") !== null) {
  facets.setAttribute("aria-busy", "true");
  fetched(facets.dataset.source)
    .then(async (answer) => put(facets, await answer.text()))
    .catch(() => {}) // the link to count them stays
    .finally(() => facets.removeAttribute("aria-busy"));
}

const [list, pane] = [$("list"), $("pane")];
const undoForm = () => pane.querySelector("form.undo");

// What was undone is not offered again; the form stays if the pane cannot be fetched.
async function renewPane() {
  const shown = pane.querySelector("article")?.dataset.id;
  const html = await fetched(pane.dataset.source + location.search).then((answer) => answer.text()).catch(() => null);
  if (html === null || pane.querySelector("article")?.dataset.id !== shown) return;
  const hadFocus = pane.contains(document.activeElement);
  put(pane, html);
  startUndo(undoForm(), renewPane);
  if (hadFocus) pane.querySelector("h2 a")?.focus({ preventScroll: true });
}

startUndo(undoForm(), renewPane);
if ($("selection") !== null) {
  onKey("u", "Undo the chosen change", () => {
    if (undoForm() === null) return false;
    undoForm().querySelector("button").click();
  });
}
if (list !== null) {
  // The keyboard's way from the query line into the list, past the filters.
  query.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    (list.querySelector("a.open[aria-current]") ?? list.querySelector("a.open")).focus();
  });
  watchChoice(list, {
    isWide: () => wide.matches,
    load: async (search) => (await fetched(pane.dataset.source + search)).text(),
    show(html) {
      put(pane, html);
      pane.dataset.open = "";
      startUndo(undoForm(), renewPane);
      pane.scrollTop = 0;
    },
    move: (href) => history.replaceState(null, "", href),
    leave: (href) => location.assign(href),
  });
}

const fresh = $("fresh");
if (fresh.dataset.after !== undefined) {
  const given = new URLSearchParams({ q: fresh.dataset.q, total: "capped", limit: "1" });
  if (fresh.dataset.after) given.set("after", fresh.dataset.after); // a list without changes has none
  const address = `${document.documentElement.dataset.stream}?${given}`;
  const arrived = createCounter({
    every: EVERY,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async count() {
      if (document.hidden) return null;
      const page = await (await fetched(address, "application/json")).json();
      return page.total;
    },
    show(text) {
      fresh.textContent = text;
      fresh.hidden = text === "";
    },
  });
  listen({ onEvents: (events) => events.length > 0 && arrived() });
}
