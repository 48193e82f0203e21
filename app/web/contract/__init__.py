"""What the API promises, for programs: OpenAPI for requests, AsyncAPI for the stream."""
