"""A sink is tried with what the runner may do to it: repeats, replays, other orders, crashes."""
