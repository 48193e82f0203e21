"""Mechanisms that any layer may use; they import nothing from the application but each other."""
