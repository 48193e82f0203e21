"""What imports ask of the tables: many products at once, what a write would do, known columns."""
