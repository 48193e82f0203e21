"""Reading the stream rightly: lineage and decoding are pure, the reader does the calls."""
