"""Where events go; each sink accepts an event or says why not."""
