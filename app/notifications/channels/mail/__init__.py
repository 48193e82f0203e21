"""People are told by e-mail, handed to the mail server of the settings."""
