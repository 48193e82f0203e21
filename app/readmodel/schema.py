"""The tables of the copy. A change of them needs a new `VERSION`: older files are then refilled."""

VERSION = 3

# A missing text sorts as an empty one, a missing number before all others: a page continues after
# (sort key, id), and SQL cannot compare with NULL.
NO_NUMBER = float("-inf")

# `event_key` is that of the newest event applied to the product, empty for a scanned item. `words`
# and `codes` are the texts that `q` searches: the beginnings of words, and any part. A deleted
# product keeps its row.
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
    stock REAL NOT NULL,
    price REAL NOT NULL,
    reorder_point REAL NOT NULL,
    updated_at TEXT NOT NULL,
    words TEXT NOT NULL,
    codes TEXT NOT NULL,
    tags TEXT NOT NULL,
    item BLOB NOT NULL
);
CREATE INDEX by_id ON products (deleted, id);
CREATE INDEX by_name ON products (deleted, name, id);
CREATE INDEX by_category ON products (deleted, category_key, id);
CREATE INDEX by_stock ON products (deleted, stock, id);
CREATE INDEX by_price ON products (deleted, price, id);
CREATE INDEX by_reorder_point ON products (deleted, reorder_point, id);
CREATE INDEX by_updated_at ON products (deleted, updated_at, id);
CREATE INDEX of_category ON products (category, deleted);
CREATE INDEX low ON products (deleted, id) WHERE low;

CREATE TABLE product_tags (
    tag TEXT, number INTEGER, PRIMARY KEY (tag, number)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE product_words USING fts5 (words, prefix = '1 2 3');
CREATE VIRTUAL TABLE product_parts USING fts5 (codes, tokenize = 'trigram');
"""
