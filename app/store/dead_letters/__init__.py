"""What a sink refused is kept with the reason until it is redriven or deleted; nothing expires."""
