"""The pages of imports: a file is chosen, its rows are previewed, written, and taken back."""
