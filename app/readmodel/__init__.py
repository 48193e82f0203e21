"""A disposable SQLite copy of the products answers lists and searches; DynamoDB stays the truth."""
