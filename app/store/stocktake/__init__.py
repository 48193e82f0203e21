"""A draft keeps what was booked when each product was counted; a commit adds the difference."""
