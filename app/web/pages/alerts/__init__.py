"""The Alerts pages: what needs attention, what people do about it, and the list to reorder from."""
