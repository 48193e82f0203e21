"""The page of one product: how it is, how it was, and a way back; deleted products keep theirs."""
