"""All layers share one loop thread, one backoff, one retry and one stall detector."""
