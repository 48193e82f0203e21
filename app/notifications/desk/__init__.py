"""What people do with a rule besides changing it: preview it, try it, send a message again."""
