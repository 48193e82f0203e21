"""An alert says that a product is low, out of stock or negative; each change of it is stored."""
