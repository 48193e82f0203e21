"""Exports hold a whole query's rows as CSV, NDJSON or XLSX, made page by page in flat memory."""
