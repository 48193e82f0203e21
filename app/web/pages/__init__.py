"""HTML pages, rendered on the server; every form works without JavaScript."""
