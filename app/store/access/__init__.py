"""Who may do what: API keys, sign-in links, and the trail of what administrators did."""
