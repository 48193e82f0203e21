"""One mechanism of each kind for all layers: loop thread, backoff, retry, stall detector."""
