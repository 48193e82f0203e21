"""What notifications keep: rules, subscriptions that are behind, and what was sent."""
