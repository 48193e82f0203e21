"""How any table is called: the client, batches, transactions, paging, table definitions."""
