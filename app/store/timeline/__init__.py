"""The feed joined with the audit: events in the order of their arrival."""
