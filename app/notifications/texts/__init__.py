"""The texts of messages: a sentence for each notice, and templates that a user can replace."""
