"""The table is the truth: where the audit says otherwise, an entry is added that says so."""
