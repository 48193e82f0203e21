"""The routes of imports, and what they return."""
