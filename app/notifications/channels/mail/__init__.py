"""E-mail is sent through the mail server that the settings name."""
