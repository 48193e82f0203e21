"""Which field a column fills is guessed from its name; what people chose before decides. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from app.web.schemas.outputs import ProductOut

# The fields that a file can fill, with their names for people.
LABELS: Mapping[str, str] = {
    "product_id": "Product ID",
    "name": "Name",
    "stock": "Stock",
    "category": "Category",
    "price": "Price",
    "reorder_point": "Reorder point",
    "tags": "Tags",
    "barcode": "Barcode",
    "no_reorder": "Don’t reorder",
    "unit": "Unit",
}
NUMBERS = ("stock", "price", "reorder_point")

# Names of columns in the files of shops and suppliers, the likeliest first.
_WORDS: dict[str, tuple[str, ...]] = {
    "product_id": (
        "product id", "sku", "id", "item id", "article", "article number", "article no",
        "item number", "item no", "product code", "item code", "code", "part number",
        "artikelnummer", "artikel nr", "artikelnr", "art nr", "artnr", "referencia", "reference",
        "référence", "codice", "código",
    ),
    "name": (
        "name", "product name", "title", "product", "item", "description", "item name", "label",
        "bezeichnung", "artikelbezeichnung", "artikel", "produkt", "produktname", "beschreibung",
        "nom", "désignation", "nombre", "descripción", "nome", "descrizione",
    ),
    "stock": (
        "stock", "quantity", "qty", "on hand", "in stock", "inventory", "available", "count",
        "units", "stock level", "bestand", "lagerbestand", "menge", "anzahl", "cantidad",
        "existencias", "quantité", "giacenza", "quantità",
    ),
    "category": (
        "category", "department", "group", "type", "family", "product type", "kategorie",
        "warengruppe", "gruppe", "catégorie", "categoría", "categoria", "famille",
    ),
    "price": (
        "price", "unit price", "sale price", "retail price", "rrp", "preis", "verkaufspreis", "vk",
        "prix", "precio", "prezzo",
    ),
    "reorder_point": (
        "reorder point", "reorder at", "reorder level", "min stock", "minimum stock", "minimum",
        "min qty", "min", "threshold", "meldebestand", "mindestbestand", "stock minimum",
        "stock mínimo", "scorta minima",
    ),
    "tags": ("tags", "tag", "labels", "keywords", "schlagworte", "etiquetas", "étiquettes"),
    "barcode": (
        "barcode", "ean", "gtin", "upc", "ean13", "ean code", "bar code", "strichcode",
        "code barres", "código de barras", "codice a barre",
    ),
    "no_reorder": (
        "no reorder", "don t reorder", "do not reorder", "discontinued", "auslaufartikel",
        "nicht nachbestellen",
    ),
    "unit": ("unit", "uom", "unit of measure", "einheit", "unité", "unidad", "unità"),
}  # fmt: skip
_FIELD_OF = {word: field for field, words in reversed(_WORDS.items()) for word in reversed(words)}
_SEPARATORS = re.compile(r"[\W_]+")


def plain(name: str) -> str:
    """The name of a column without case, punctuation and a unit in brackets."""
    bare = re.sub(r"[(\[].*?[)\]]", " ", name)
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFKC", bare).casefold()).strip()


def guessed(header: Sequence[str], remembered: Mapping[str, str]) -> list[str | None]:
    """The field of each column; None: it is left out. No field has two columns.

    `remembered`: fields by the plain names of columns that people mapped before; empty for a column
    that they left out.
    """
    names = [plain(name) for name in header]
    found: list[str | None] = [None] * len(names)
    for source in (remembered, _FIELD_OF):
        for place, name in enumerate(names):
            field = source.get(name)
            known = name in remembered and source is not remembered
            if field in LABELS and field not in found and found[place] is None and not known:
                found[place] = field
    return found


def is_export(header: Sequence[str]) -> bool:
    """Whether the table is an export of products, whose cells are written in one exact way."""
    return list(header) == list(ProductOut.model_fields)
