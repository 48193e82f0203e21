"""The models of request and response bodies, as the OpenAPI contract shows them."""
