"""The whole of a list, as a response that is made while it is sent, or as an order for a file."""
