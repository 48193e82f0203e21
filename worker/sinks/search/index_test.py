"""The test message of the search index is a document that is stored and deleted in one request."""

import time
import uuid

from worker.consumers.sink import Unavailable
from worker.sinks.search.bulk_outcomes import outcome
from worker.sinks.search.index_roles import IndexRoles
from worker.sinks.search.search_document import Document, encoded
from worker.sinks.search.search_node import SearchNode


def send_test(node: SearchNode, roles: IndexRoles) -> str:
    """Store and delete a document, if there is an index; returns a sentence about the answer.

    Raises:
        Unavailable: the cluster does not answer, or does not accept the document.

    """
    began = time.monotonic()
    version = node("GET", "/").document.get("version", {})
    about = f"{version.get('distribution', 'elasticsearch')} {version.get('number', '?')}"
    found = roles.found()
    index = found.live or found.next
    if index is None:
        elapsed = (time.monotonic() - began) * 1000
        return (
            f"{node.shown} ({about}) answered in {elapsed:.0f} ms. There is no index yet: a worker "
            "creates it."
        )
    name = f"test:{uuid.uuid4().hex}"
    body = encoded({"product_id": name, "deleted": True, "event_key": ""})
    test = Document(name, "", body)
    place = {"_index": index.target, "_id": test.id}
    lines = [encoded({"create": place}), body, encoded({"delete": place}), b""]
    answer = node("POST", "/_bulk", b"\n".join(lines), lines=True, require_alias="true")
    for item in answer.document.get("items", []):
        if (became := outcome(item)).kind != "written":
            raise Unavailable(f"The test document was not accepted: {became.reason}")
    if answer.status != 200:
        raise Unavailable(f"The test document was not accepted: {answer.reason}")
    elapsed = (time.monotonic() - began) * 1000
    return f"{node.shown} ({about}) stored and deleted a document in {elapsed:.0f} ms"
