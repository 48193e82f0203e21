"""How a rule is changed: what is refused, what becomes of its recipients, and how it is stored."""
