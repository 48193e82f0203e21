"""Who sends this request, and what may they do: keys, sessions, trusted proxies, roles."""
