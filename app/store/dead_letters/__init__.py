"""An event that a sink rejected is kept, with the error, until it is redriven or deleted."""
