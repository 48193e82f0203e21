"""Each rule and recipient is a subscription: a place in the timeline, stored only while behind."""
