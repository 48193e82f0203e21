"""The routes of exports that are built in the background."""
