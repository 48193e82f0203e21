// While the feed is busy, changes of one product or of one order are one entry. Pure.
//
// An entry stays open for ten seconds: what belongs to it is added in place, so that the list does
// not move. Few new entries are begun at a time; the other changes are counted, not shown.

import { quantity, signed } from "../rows/format.js";

export const NEW_ENTRIES = 5;
const OPEN = 10_000;
const KEPT = 50; // changes of an entry that it can show; the Audit has all
const KEPT_IN_ALL = 1_000; // by all entries; each keeps its newest

const needsAttention = ({ row }) => row.level !== "" || row.outside || isAlone({ row });
const isAlone = ({ row }) => row.kind === "gap" || row.kind === "reconciled";

/** Items are {row, data}: the result of `describe` and the event's data. */
export function createGroups() {
  const open = new Map(); // key -> entry
  const keepers = []; // the entries of the newest changes, oldest first

  function begin(key, now) {
    return { key, began: now, rows: [], count: 0, net: 0, moved: false, unit: "", mixed: false, attention: false };
  }

  function put(entry, item) {
    const { data, row } = item;
    entry.rows.push(row); // without the event's images
    if (entry.rows.length > KEPT) entry.rows.shift();
    keepers.push(entry);
    const oldest = keepers.length > KEPT_IN_ALL ? keepers.shift() : null;
    if (oldest !== null && oldest.rows.length > 1) oldest.rows.shift();
    entry.count += 1;
    entry.attention ||= needsAttention(item);
    if (data.kind === "stock_changed") {
      const unit = data.unit ?? "";
      entry.mixed ||= entry.moved && unit !== entry.unit;
      entry.moved = true;
      entry.unit = unit;
      entry.net = Math.round((entry.net + Number(data.delta)) * 1e6) / 1e6;
    }
  }

  return {
    /** One entry for each item: the feed is calm. */
    singles(items, now) {
      open.clear();
      return items.map((item) => {
        const entry = begin("", now);
        put(entry, item);
        return entry;
      });
    },

    /**
     * Sorts items (oldest first) into entries. Returns those that `grew`, those `begun` (at most
     * `limit`, oldest first), and those `skipped`: {count, rows}, of which it may have only some.
     */
    add(items, now, limit = Infinity) {
      for (const [key, entry] of open) if (now - entry.began > OPEN) open.delete(key);
      const orders = new Map();
      for (const { data } of items) {
        if (data.reference) orders.set(data.reference, (orders.get(data.reference) ?? 0) + 1);
      }
      const grew = new Set();
      const fresh = new Map();
      for (const item of items) {
        const order = `order ${item.data.reference}`;
        const product = `product ${item.data.product_id}`;
        if (isAlone(item)) {
          fresh.set(item, begin("", now));
          put(fresh.get(item), item);
          continue;
        }
        const known = (item.data.reference && open.get(order)) || open.get(product);
        if (known) {
          put(known, item);
          grew.add(known);
          continue;
        }
        const key = orders.get(item.data.reference) > 1 ? order : product;
        if (!fresh.has(key)) fresh.set(key, begin(key, now));
        put(fresh.get(key), item);
      }
      const ranked = [...fresh.values()]
        .map((entry, at) => ({ entry, at }))
        .sort((a, b) => b.entry.attention - a.entry.attention || b.entry.count - a.entry.count || b.at - a.at);
      const begun = ranked.slice(0, limit).sort((a, b) => a.at - b.at).map(({ entry }) => entry);
      for (const entry of begun) if (entry.key) open.set(entry.key, entry);
      const rows = ranked.slice(limit).flatMap(({ entry }) => entry.rows);
      const count = ranked.slice(limit).reduce((sum, { entry }) => sum + entry.count, 0);
      return { grew: [...grew], begun, skipped: { count, rows } };
    },
  };
}

const LEVELS = ["", "low", "out", "negative"];
const worse = (a, b) => (LEVELS.indexOf(b) > LEVELS.indexOf(a) ? b : a);
const same = (values, otherwise) => (new Set(values).size === 1 ? values[0] : otherwise);

function products(rows) {
  const count = new Set(rows.map((row) => row.productId)).size;
  return count === 1 ? rows[0].name : `${count} products`;
}

/** An entry of several changes as a row: `×14, net −22`. */
export function describeGroup({ key, rows, count, net, moved, unit, mixed }) {
  const latest = rows.at(-1);
  const ofOrder = key.startsWith("order ");
  const total = moved && !mixed ? `, net ${quantity(signed(net), unit)}` : "";
  return {
    ...latest,
    kind: same(rows.map((row) => row.kind), "several"),
    mark: same(rows.map((row) => row.mark), "\u2261"),
    label: same(rows.map((row) => row.label), "changed"),
    name: ofOrder ? latest.reference : latest.name,
    shownId: ofOrder ? products(rows) : latest.shownId,
    change: `\u00d7${count}${total}`,
    level: ofOrder ? rows.map((row) => row.level).reduce(worse) : latest.level,
    who: same(rows.map((row) => row.who), "several people"),
    outside: rows.some((row) => row.outside),
    reason: "",
    note: "",
    reference: ofOrder ? "" : same(rows.map((row) => row.reference), ""),
    reverses: "",
    undoable: false,
  };
}
