"""An engine is healthy if it answers a real ListTables call; an open port is not enough.

DynamoDB Local with an unwritable folder, for example, accepts connections and answers HTTP 400 to
plain requests, but hangs on every call that reaches its tables.
"""

import http.client

from app.store.engine.address import Address

_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "X-Amz-Date": "20260101T000000Z",
    # The engine requires a signature header, but does not check it.
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


def answers(address: Address, within: float) -> bool:
    """Whether the engine at `address` lists its tables; no step may take longer than `within`."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=within)
    try:
        connection.request("POST", "/", b'{"Limit":1}', _HEADERS)
        response = connection.getresponse()
        return response.status == http.HTTPStatus.OK and b'"TableNames"' in response.read(65_536)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
