"""Each product is one document of a search index; a write wins only with a greater event key."""
