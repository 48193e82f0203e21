"""The pipeline from the stream to the sinks; knows nothing of the web."""
