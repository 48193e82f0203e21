"""The process reports on itself with log lines and metrics."""
