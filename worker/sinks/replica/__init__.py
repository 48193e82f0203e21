"""A relational database has the products and their events; a greater event key always wins."""
