"""The /v1 REST API, one router a file."""
