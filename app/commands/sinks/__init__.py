"""`stockpulse sinks` lists, controls and checks sinks, even while workers run them."""
