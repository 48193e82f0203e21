"""A product's routes: reads, writes that require its ETag, and changes of its stock."""
