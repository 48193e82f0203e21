"""Stockpulse: the web side, the store and the broker; `app.serve` wires them to the worker."""
