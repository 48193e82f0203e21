"""How tables are called: client, batches, transactions, paging and table definitions."""
