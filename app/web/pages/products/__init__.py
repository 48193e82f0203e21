"""The pages of products: list, forms and history. Their ids are in the query, not in the path.

Browsers remove `..` from paths, and other programs may use such ids.
"""
