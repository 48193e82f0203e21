"""`stockpulse import` compares a file with the products and writes it, or takes an import back."""
