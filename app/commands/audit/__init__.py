"""`stockpulse audit` prints events, oldest first, for people or for programs."""
