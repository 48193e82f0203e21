"""A list query as SQL with bound values, so that no text of a user is ever syntax. Pure."""

from collections.abc import Collection
from typing import Any, NamedTuple

from app.readmodel.products.product_query import Place, ProductQuery, limits, part_of, words_of
from app.readmodel.products.product_row import folded, spaced, storable
from app.readmodel.schema import NO_NUMBER, WITH_ITEMS

_TAGGED = "SELECT number FROM product_tags WHERE tag = ?"
_IN_TEXTS = """EXISTS (
    SELECT 1 FROM product_items WHERE product_items.number = products.number
    AND (instr(words, ?) OR instr(codes, ?))
)"""


class Selectivity(NamedTuple):
    """What so few products have that a list starts from these, and what nearly all have."""

    few_words: Collection[str] = ()
    few_tag: bool = False
    few_low: bool = False
    most_words: Collection[str] = ()

    @property
    def has_few(self) -> bool:
        """Whether a list starts from a few products, which have to be sorted then."""
        return bool(self.few_words) or self.few_tag or self.few_low


def condition(query: ProductQuery, selectivity: Selectivity) -> tuple[str, list[Any]]:
    """The query's WHERE condition and its values.

    `+` hides an index from SQLite: that of the order, so that it starts from the few products, or
    else those of words and tags, so that it goes through the products in order. Of words that
    nearly all products have, it tests the texts: a page fills before all of them could be found.
    """
    clauses, values = ["+deleted = ?" if selectivity.has_few else "deleted = ?"], [query.deleted]

    def add(clause: str, *given: Any) -> None:
        clauses.append(clause)
        values.extend(given)

    if query.category is not None:
        add(f"{'+' if selectivity.has_few else ''}category = ?", storable(query.category))
    if query.tag is not None:
        sign = "" if selectivity.few_tag else "+"
        add(f"{sign}number IN ({_TAGGED})", storable(query.tag))
    if query.low:
        add("low")
    if query.out:
        add("stock <= 0 AND stock > ?", NO_NUMBER)
    for column, (least, most) in query.ranges.items():
        add(f"{column} BETWEEN ? AND ?", *limits(least, most))
    for word in words_of(query.q):
        if word in selectivity.most_words:
            add(_IN_TEXTS, spaced(word), part_of(word) or "\n\n")
            continue
        lookups, given = _lookups(word)
        sign = "" if word in selectivity.few_words else "+"
        add(f"{sign}number IN ({' UNION ALL '.join(lookups)})", *given)
    return " AND ".join(clauses), values


def page(
    query: ProductQuery, limit: int, after: Place | None, selectivity: Selectivity
) -> tuple[str, list[Any]]:
    """The statement for up to `limit` rows: sort key, id and number of each."""
    where, values = condition(query, selectivity)
    sign, order = "+" if selectivity.has_few else "", "DESC" if query.descending else "ASC"
    column, row_id = f"{sign}{query.column}", f"{sign}id"
    if after is not None:
        where += f" AND ({column}, {row_id}) {'<' if query.descending else '>'} (?, ?)"
        values += after
    statement = (
        f"SELECT {column}, id, number FROM products WHERE {where} "  # noqa: S608 - bound values
        f"ORDER BY {column} {order}, {row_id} {order} LIMIT ?"
    )
    return statement, [*values, limit]


def count(query: ProductQuery, most: int | None, selectivity: Selectivity) -> tuple[str, list[Any]]:
    """The statement that counts the query's products, up to `most` if given."""
    selectivity = selectivity._replace(most_words=())  # a total needs all that have them
    where, values = condition(query, selectivity)
    statement = f"SELECT 1 FROM products WHERE {where}"  # noqa: S608 - bound values
    if most is not None:
        statement, values = f"{statement} LIMIT ?", [*values, most]
    return f"SELECT count(*) FROM ({statement})", values  # noqa: S608 - bound values


def of_barcode(code: str, most: int) -> tuple[str, list[Any]]:
    """The statement for the items of products with a barcode; it is the last line of `codes`."""
    line = "\n" + folded(code)
    if part := part_of(line[1:]):
        where = "number IN (SELECT rowid FROM product_parts WHERE product_parts MATCH ?)"
    else:  # the index finds nothing so short
        where, part = "instr(codes, ?)", line
    given = _quoted(part) if part != line else part
    statement = f"SELECT item FROM {WITH_ITEMS} WHERE {where} AND NOT deleted "  # noqa: S608
    return statement + "AND substr(codes, -?) = ? ORDER BY id LIMIT ?", [
        given,
        len(line),
        line,
        most,
    ]


def count_low(query: ProductQuery, most: int) -> tuple[str, list[Any]]:
    """The statement that counts the low products, up to `most`."""
    statement = "SELECT count(*) FROM (SELECT 1 FROM products WHERE low AND deleted = ? LIMIT ?)"
    return statement, [query.deleted, most]


def count_with_tag(tag: str, most: int) -> tuple[str, list[Any]]:
    """The statement that counts the products with a tag, up to `most`."""
    return f"SELECT count(*) FROM ({_TAGGED} LIMIT ?)", [storable(tag), most]  # noqa: S608 - constants


def count_with_word(word: str, most: int) -> tuple[str, list[Any]]:
    """The statement that counts the products with a word, roughly: up to `most` of each index."""
    lookups, given = _lookups(word)
    counts = [f"(SELECT count(*) FROM ({lookup} LIMIT {most:d}))" for lookup in lookups]  # noqa: S608
    return f"SELECT {' + '.join(counts)}", given


def _lookups(word: str) -> tuple[list[str], list[Any]]:
    """The lookups of a word in the full-text indexes, and their values."""
    lookups = ["SELECT rowid FROM product_words WHERE product_words MATCH ?"]
    given = [f"{_quoted(word)} *"]
    if part := part_of(word):
        lookups.append("SELECT rowid FROM product_parts WHERE product_parts MATCH ?")
        given.append(_quoted(part))
    return lookups, given


def _quoted(word: str) -> str:
    """The word as a string of FTS5's query syntax."""
    return '"' + word.replace('"', '""') + '"'
