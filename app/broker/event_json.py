"""An event is encoded once, as CloudEvents JSON on one line of bounded size.

It imports no web framework, because Lambda functions and sinks encode events too.
"""

from app.core import json_text
from app.core.events import ChangeEvent, cloud_event

# Images larger than this, in bytes of JSON, are left out; clients fetch them by event id.
IMAGES_LIMIT = 16 * 1024


def event_json(event: ChangeEvent, table: str, images_limit: int = IMAGES_LIMIT) -> bytes:
    """The JSON of a change to a product of `table`, without images over the limit (bytes)."""
    whole = json_text.dumps(cloud_event(event, table))
    if len(whole) > images_limit:
        without = json_text.dumps(cloud_event(event, table, with_images=False))
        if len(whole) - len(without) > images_limit:
            return without
    return whole
