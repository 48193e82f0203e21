"""A change is encoded once, where it is published: CloudEvents JSON on one line, of bounded size.

It imports no web framework: the Lambda host publishes too.
"""

import orjson

from app.core.events import ChangeEvent, cloud_event

# Images larger than this, in bytes of JSON, are left out of the live stream and fetched by id.
IMAGES_LIMIT = 16 * 1024


def document(event: ChangeEvent, table: str, images_limit: int = IMAGES_LIMIT) -> bytes:
    """The JSON of a change to a product of `table`; images over the limit are left out."""
    whole = orjson.dumps(cloud_event(event, table))
    if len(whole) > images_limit:
        without = orjson.dumps(cloud_event(event, table, with_images=False))
        if len(whole) - len(without) > images_limit:
            return without
    return whole
