"""The Notifications pages: the rules, what they sent, and the messages of this browser."""
