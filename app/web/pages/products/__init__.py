"""The pages of products: list and forms. Their ids are in the query, not in the path.

Browsers remove `..` from paths, and other programs may use such ids.
"""
