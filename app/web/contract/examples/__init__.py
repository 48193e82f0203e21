"""The examples in the API's contract; the tests send each of them."""
