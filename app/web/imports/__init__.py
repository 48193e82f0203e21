"""An import shows what a file would change, then writes it as one batch that can be undone."""
