"""An engine is well when it answers a real ListTables, not when its port accepts.

DynamoDB Local with an unwritable folder answers HTTP 400 to anything and hangs on every call, so
only a call that reaches the tables tells.
"""

import http.client

from app.store.engine.address import Address

_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "X-Amz-Date": "20260101T000000Z",
    # The engine wants a signature's parts but checks none of them.
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
