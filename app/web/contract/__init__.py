"""The machine-readable API contract: OpenAPI for requests, AsyncAPI for the live stream."""
