"""The products of the copy: their rows, and lists and searches of them."""
