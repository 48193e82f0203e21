"""Each request gets an identity and a role, from a key, a session or a trusted proxy."""
