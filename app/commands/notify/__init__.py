"""`stockpulse notify` lists the rules that tell people, and sends test messages."""
