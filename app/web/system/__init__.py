"""Is it working? What the parts and the tables tell, said for people and for machines."""
