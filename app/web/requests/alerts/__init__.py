"""What people say about an alert, for the API and the page: until when it is quiet."""
