"""The shapes of rules and their deliveries, for the API and the pages' forms."""
