"""A sink of files takes the events of five minutes at a time, once no more can arrive."""
