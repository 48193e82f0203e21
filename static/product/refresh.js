// The page is rendered again by the server, and what differs is put in its place: the reader keeps
// opened details, the scroll position and the focus.

/** The items of a timeline in groups: each change with what belongs to it. */
function groups(list) {
  const found = new Map();
  for (const item of list.children) {
    const id = item.dataset.id ?? item.dataset.of;
    found.set(id, [...(found.get(id) ?? []), item]);
  }
  return found;
}

/** Puts new changes on top of `list`, and removes those that the new page no longer has. */
export function mergeList(list, next) {
  const [known, wanted] = [groups(list), groups(next)];
  const fresh = [...wanted].filter(([id]) => !known.has(id)).flatMap(([, items]) => items);
  for (const item of fresh) item.classList.add("fresh");
  list.prepend(...fresh);
  for (const [id, items] of known) if (!wanted.has(id)) for (const item of items) item.remove();
}

/** Replaces each part by that of the new page, if it differs and is not in use. */
export function replaceParts(now, next, ids) {
  for (const id of ids) {
    const [old, fresh] = [now.getElementById(id), next.getElementById(id)];
    if (!old || !fresh || old.contains(now.activeElement)) continue;
    keepOpen(old, fresh);
    if (old.outerHTML !== fresh.outerHTML) old.replaceWith(fresh);
  }
}

// What the reader has opened stays open, unless there are other details now.
function keepOpen(old, fresh) {
  const [before, after] = [old, fresh].map((part) => [part, ...part.querySelectorAll("details")]);
  if (before.length === after.length) after.forEach((part, place) => (part.open = before[place].open));
}

/** Returns a function that calls `load` soon: at most once at a time, and once per `rest` ms. */
export function createRefresher(load, rest = 1000) {
  let timer = null;
  let running = false;
  let again = false;
  async function run() {
    timer = null;
    running = true;
    again = false;
    try {
      await load();
    } catch {
      // The next change tries again; the connection pill says what is wrong.
    } finally {
      running = false;
      if (again) refresh();
    }
  }
  function refresh() {
    if (running) again = true;
    else timer ??= setTimeout(run, rest);
  }
  return refresh;
}
