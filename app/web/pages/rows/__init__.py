"""The texts of a change's row: each is made from the event alone. Pure."""
