"""The tables of the copy. A change of them needs a new `VERSION`: older files are then refilled."""

VERSION = 14

# A missing text sorts as an empty one, a missing number before all others: a page continues after
# (sort key, id), and SQL cannot compare with NULL.
NO_NUMBER = float("-inf")

WITH_ITEMS = "products JOIN product_items USING (number)"

# `event_key` is that of the newest event applied to the product, empty for a scanned item. A
# deleted product keeps its row. `product_items` has what no list is sorted or filtered by, so that
# rows of `products` are narrow: the item, and the texts that `q` searches in the indexes below,
# `words` by their beginnings and `codes` by any part.
#
# An event's `number` is its place in the timeline (`app.readmodel.events.event_table`), `size` the
# units of a stock change, up or down, and `stock` the stock after the event: `NO_NUMBER` if the
# product has none then, NULL if that is not known. `description` refers to a description of what it
# left, and `updated` is when Stockpulse last wrote that (`app.readmodel.past.descriptions`).
# `event_index` has its words and terms
# (`app.readmodel.events.event_terms`) without its texts. `event_hours` has the earliest and the
# latest `occurred_at` of the events that arrived in an hour.
#
# `trends` has the sums that `app.readmodel.trends.contributions` names, in millionths.
# `trend_products` has what lists of products by their sums need, in rows so narrow that reading all
# of them is quick: triggers copy it from `products` as scans and events leave these, so a write of
# this process counts from its event on. `product_days` are the products' sums by day.
TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE products (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    event_key TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    low INTEGER NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    category_key TEXT NOT NULL,
    unit TEXT NOT NULL,
    stock REAL NOT NULL,
    price REAL NOT NULL,
    reorder_point REAL NOT NULL,
    updated_at TEXT NOT NULL,
    tags TEXT NOT NULL
);
CREATE INDEX by_id ON products (deleted, id);
CREATE INDEX by_name ON products (deleted, name, id);
CREATE INDEX by_category ON products (deleted, category_key, id);
CREATE INDEX by_stock ON products (deleted, stock, id);
CREATE INDEX by_price ON products (deleted, price, id);
CREATE INDEX by_reorder_point ON products (deleted, reorder_point, id);
CREATE INDEX by_updated_at ON products (deleted, updated_at, id);
CREATE INDEX of_category ON products (category, deleted, id);
CREATE INDEX low ON products (deleted, id) WHERE low;

CREATE TABLE product_items (
    number INTEGER PRIMARY KEY,
    words TEXT NOT NULL,
    codes TEXT NOT NULL,
    item BLOB NOT NULL
);

CREATE TABLE product_tags (
    tag TEXT, number INTEGER, PRIMARY KEY (tag, number)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE product_words USING fts5 (words, prefix = '1 2 3');
CREATE VIRTUAL TABLE product_parts USING fts5 (codes, tokenize = 'trigram');

CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    product_id TEXT NOT NULL,
    event_key TEXT NOT NULL,
    cursor TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    size REAL,
    stock REAL,
    description INTEGER,
    updated INTEGER,
    event BLOB NOT NULL
);
CREATE INDEX events_of_product ON events (
    product_id, event_key, occurred_at, stock, description, updated
);

CREATE TABLE descriptions (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    category_key TEXT NOT NULL,
    tags TEXT NOT NULL,
    words TEXT NOT NULL,
    codes TEXT NOT NULL,
    price REAL NOT NULL,
    reorder_point REAL NOT NULL,
    low_point REAL NOT NULL
);

CREATE TABLE event_hours (hour INTEGER PRIMARY KEY, earliest INTEGER, latest INTEGER);

CREATE VIRTUAL TABLE event_index USING fts5 (text, content = '', columnsize = 0);

CREATE TABLE trends (
    scope TEXT,
    start INTEGER,
    label TEXT,
    unit TEXT,
    events INTEGER NOT NULL,
    outside INTEGER NOT NULL,
    up REAL NOT NULL,
    down REAL NOT NULL,
    PRIMARY KEY (scope, start, label, unit)
) WITHOUT ROWID;

CREATE TABLE product_days (
    product INTEGER,
    day INTEGER,
    events INTEGER NOT NULL,
    up REAL NOT NULL,
    down REAL NOT NULL,
    sold REAL NOT NULL,
    PRIMARY KEY (product, day)
) WITHOUT ROWID;

CREATE TABLE trend_products (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    deleted INTEGER NOT NULL DEFAULT 1,
    category TEXT NOT NULL DEFAULT '',
    unit TEXT NOT NULL DEFAULT '',
    stock REAL NOT NULL DEFAULT -9e999,
    value REAL NOT NULL DEFAULT 0,
    last_sold INTEGER NOT NULL DEFAULT 0,
    last_inserted INTEGER NOT NULL DEFAULT 0,
    first_day INTEGER NOT NULL DEFAULT 0,
    up_7 REAL NOT NULL DEFAULT 0,
    down_7 REAL NOT NULL DEFAULT 0,
    sold_7 REAL NOT NULL DEFAULT 0,
    up_30 REAL NOT NULL DEFAULT 0,
    down_30 REAL NOT NULL DEFAULT 0,
    sold_30 REAL NOT NULL DEFAULT 0,
    up_90 REAL NOT NULL DEFAULT 0,
    down_90 REAL NOT NULL DEFAULT 0,
    sold_90 REAL NOT NULL DEFAULT 0
);
CREATE INDEX by_last_sold ON trend_products (last_sold, id) WHERE NOT deleted AND stock > 0;

CREATE TRIGGER new_trend_product AFTER INSERT ON products BEGIN
    INSERT INTO trend_products (id, deleted, category, unit, stock, value)
    VALUES (
        new.id, new.deleted, new.category, new.unit, new.stock,
        CASE WHEN new.stock > -9e999 AND new.price > -9e999
            THEN round(new.stock * new.price * 1e6) ELSE 0 END
    )
    ON CONFLICT (id) DO UPDATE SET
        deleted = excluded.deleted, category = excluded.category, unit = excluded.unit,
        stock = excluded.stock, value = excluded.value;
END;
CREATE TRIGGER changed_trend_product AFTER UPDATE OF event_key ON products
WHEN old.event_key <> new.event_key
BEGIN
    UPDATE trend_products SET
        deleted = new.deleted, category = new.category, unit = new.unit, stock = new.stock,
        value = CASE WHEN new.stock > -9e999 AND new.price > -9e999
            THEN round(new.stock * new.price * 1e6) ELSE 0 END
    WHERE id = new.id;
END;
"""
