"""Who may do what: API keys, sign-in links, and the admin trail."""
