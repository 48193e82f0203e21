"""The sinks that ship with Stockpulse. Each sink accepts an event or returns why it cannot."""
