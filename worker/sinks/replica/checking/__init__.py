"""The whole replica is compared with the table and the audit; every difference is a sentence."""
