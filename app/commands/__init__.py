"""Each file is one command of the command line: its arguments, and what it does."""
