"""The example of a batch of reversals: on the next day, the deletion of the tea is taken back."""

from collections.abc import Mapping

from app.core.events import event_id
from app.web.contract.examples.example import ETAG, Example, a_product

DELETION = event_id("TEA-1", "2026-11-21T07:00:00.000#" + "9".zfill(40))

REVERSAL_EXAMPLES: Mapping[str, Example] = {
    "reverse_events": Example(
        207,
        body={"events": [DELETION], "note": "it was listed only once"},
        response={
            "items": [
                {
                    "index": 0,
                    "status": 200,
                    "etag": ETAG,
                    "product": a_product(
                        name="Earl Grey, 100 g tin",
                        stock=51,
                        price="7.9",
                        reorder_point=None,
                        tags=[],
                        barcode=None,
                        version=8,
                        updated_at="2026-11-22T08:03:10.612Z",
                        not_reversed=[],
                    ),
                }
            ]
        },
    ),
}
