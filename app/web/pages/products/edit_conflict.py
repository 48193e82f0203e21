"""Two edits of one product are merged: a field that only one of them changed needs no choice."""

from dataclasses import dataclass

from app.store.products.model import Product
from app.web.pages.forms import Form, text_of, touched


@dataclass(frozen=True, slots=True)
class Difference:
    """A field before both edits, and as each of them left it."""

    name: str
    base: str
    theirs: str
    yours: str

    @property
    def both(self) -> bool:
        """Whether both changed it, to different values."""
        return self.theirs not in {self.base, self.yours} and self.yours != self.base


def rebased(form: Form, product: Product, price_decimals: int) -> Form:
    """The form based on the current product; edited fields keep what was typed."""
    now = text_of(product, price_decimals)
    mine = {name: form.values.get(name, "") for name in touched(form)}
    kept = {name: form.values.get(name, "") for name in ("reason", "note", "back")}
    values = {**now, **mine, **kept, "etag": product.etag}
    return Form(values, status=412, base=form.was, was=now)


def differences(form: Form) -> list[Difference]:
    """The fields that were edited, of a form that was `rebased`; empty for another form."""
    found = []
    for name, base in form.base.items():
        value, theirs = form.values.get(name, ""), form.was[name]
        one = Difference(name, base, theirs, base if value == theirs else value)
        if (one.theirs, one.yours) != (base, base):
            found.append(one)
    return found
