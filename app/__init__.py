"""Stockpulse: web, store and broker. `app.bootstrap` wires them to the worker."""
