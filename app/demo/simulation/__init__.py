"""The simulation derives the next change from a seed and a simulated clock; it writes nothing."""
