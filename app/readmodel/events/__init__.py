"""The events of the copy: their rows in the order of the timeline, and the index of their words."""
