"""A file of products becomes rows of cells, within bounds; nothing here reads or writes a table."""
