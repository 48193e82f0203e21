"""The Admin page: keys and sign-in links are made and revoked, and the trail shows who did that."""
